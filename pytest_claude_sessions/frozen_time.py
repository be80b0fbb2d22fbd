"""Wall time held still by freezegun, with what freezegun 1.5 does otherwise put right while it lasts.

One freeze serves all clocks of the process, so a move never scans the modules again. What differs from a
plain `freeze_time()`: monotonic clocks run on; `time_ns` is exact; naive local times follow the time zone and
its summer time; bodies of threads see the frozen time; the scan imports nothing; pytest keeps real durations.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


class ClockInUse(RuntimeError):
    """freezegun is active without this clock."""

    def __init__(self) -> None:
        super().__init__(
            "freezegun has frozen the time already (a freeze_time(), or another plug-in's fixture), and "
            "monotonic clocks with it: leave that one out and use this clock alone"
        )


class FrozenTime:
    """The time that the process sees: that of the clock which was frozen last. Callers hold `lock`."""

    lock: ClassVar[threading.RLock] = threading.RLock()
    _instants: ClassVar[dict[object, datetime]] = {}  # by clock, the one that shows is last
    _factory: ClassVar[Any] = None
    _undo: ClassVar[contextlib.ExitStack] = contextlib.ExitStack()

    @classmethod
    def show(cls, clock: object, instant: datetime) -> None:
        """Freeze at the instant of this clock, from now on the one that shows. Raises ClockInUse."""
        if not cls._instants:
            cls._start(instant)
        cls._instants.pop(clock, None)
        cls.move(clock, instant)

    @classmethod
    def move(cls, clock: object, instant: datetime) -> None:
        """Give the clock another instant; the process sees it when this clock is the one that shows."""
        cls._instants[clock] = instant
        cls._factory.move_to(next(reversed(cls._instants.values())))

    @classmethod
    def leave(cls, clock: object) -> None:
        """Take the clock away: the one frozen before it shows again; after the last, real time does."""
        cls._instants.pop(clock)
        if cls._instants:
            cls._factory.move_to(next(reversed(cls._instants.values())))
        else:
            cls._factory = None
            cls._undo.close()

    @classmethod
    def shown(cls) -> datetime | None:
        """The instant that the process sees, None while real time runs."""
        with cls.lock:
            return next(reversed(cls._instants.values())) if cls._instants else None

    @classmethod
    def _start(cls, instant: datetime) -> None:
        from freezegun import api

        if api.freeze_factories:
            raise ClockInUse()
        with contextlib.ExitStack() as undo:
            for holder, name in ((time, "clock"), (sys.modules["uuid"], "_UuidCreate")):
                if not hasattr(holder, name):  # freezegun's stop() would leave them behind as None
                    undo.callback(vars(holder).pop, name, None)
            _swap(undo, api, _exact_functions(api))
            _swap(undo, api.FakeDatetime, _local_methods(api))
            _swap(undo, api.FakeDate, {"today": classmethod(lambda cls: api.FakeDatetime.now().date())})
            # pytest has its own names for the functions in _pytest.timing: left alone, durations stay right.
            freezer = api.freeze_time(instant, ignore=["_pytest.timing"])
            factory = freezer.start()
            undo.callback(_stop, api, freezer, factory)
            # freezegun gives real time also to what runs within five frames of an ignored module, `threading`
            # being one: to the body of a thread. Here the list is for the scan alone.
            api.ignore_lists[-1] = ()
            cls._factory = factory
            cls._undo = undo.pop_all()


def _stop(api: Any, freezer: Any, factory: Any) -> None:
    while api.freeze_factories[-1] is not factory:  # a freeze_time() begun under the clock and never ended
        for stack in (api.freeze_factories, api.ignore_lists, api.tick_flags, api.tz_offsets):
            stack.pop()
    # Modules imported meanwhile are put right by their dictionaries: freezegun would read all that dir()
    # names, and so import what a package loads lazily.
    for name in set(sys.modules) - freezer.modules_at_start:
        for attribute, value in _attributes(sys.modules[name]):
            if id(value) in freezer.reals:
                setattr(sys.modules[name], attribute, freezer.reals[id(value)])
    freezer.modules_at_start = set(sys.modules)
    freezer.stop()


def _exact_functions(api: Any) -> dict[str, Any]:
    """What stands in for freezegun's functions of the same names; `start()` takes them from its module."""

    def since_epoch() -> timedelta:
        elapsed: timedelta = api.get_current_time().replace(tzinfo=UTC) - _EPOCH
        return elapsed

    # freezegun asks for two frames up: these functions have to call _should_use_real_time themselves.
    def fake_time() -> Any:
        return api.real_time() if api._should_use_real_time() else since_epoch() / _SECOND

    def fake_time_ns() -> Any:  # freezegun's goes through a float, and up to 256 ns below
        return api.real_time_ns() if api._should_use_real_time() else since_epoch() // _MICROSECOND * 1000

    def fake_localtime(t: float | None = None) -> Any:  # freezegun's does not know summer time
        return api.real_localtime(fake_time() if t is None else t)

    def fake_gmtime(t: float | None = None) -> Any:
        return api.real_gmtime(fake_time() if t is None else t)

    def datetime_to_fakedatetime(value: datetime) -> Any:  # freezegun's drops the fold of a repeated hour
        clock = (value.hour, value.minute, value.second, value.microsecond)
        return api.FakeDatetime(value.year, value.month, value.day, *clock, value.tzinfo, fold=value.fold)

    return {
        "fake_time": fake_time,
        "fake_time_ns": fake_time_ns,
        "fake_localtime": fake_localtime,
        "fake_gmtime": fake_gmtime,
        "fake_monotonic": api.real_monotonic,
        "fake_monotonic_ns": api.real_monotonic_ns,
        "fake_perf_counter": api.real_perf_counter,
        "fake_perf_counter_ns": api.real_perf_counter_ns,
        "datetime_to_fakedatetime": datetime_to_fakedatetime,
        "_get_module_attributes": _attributes,
        "_get_module_attributes_hash": lambda module: f"{id(module)}-{hash(frozenset(_dictionary(module)))}",
    }


def _local_methods(api: Any) -> dict[str, Any]:
    """Methods of freezegun's datetime class that follow the local time zone; its own know a fixed offset."""
    real: Any = api.real_datetime

    def now(cls: Any, tz: Any = None) -> Any:
        if tz is None:
            return cls.fromtimestamp((api.get_current_time().replace(tzinfo=UTC) - _EPOCH) / _SECOND)
        return api.datetime_to_fakedatetime(tz.fromutc(api.get_current_time().replace(tzinfo=tz)))

    def fromtimestamp(cls: Any, t: float, tz: Any = None) -> Any:
        return api.datetime_to_fakedatetime(real.fromtimestamp(t, tz))

    def astimezone(self: Any, tz: Any = None) -> Any:
        return api.datetime_to_fakedatetime(real.astimezone(self, tz))

    return {
        "now": classmethod(now),
        "fromtimestamp": classmethod(fromtimestamp),
        "timestamp": real.timestamp,
        "astimezone": astimezone,
    }


def _swap(undo: contextlib.ExitStack, holder: Any, replacements: Mapping[str, Any]) -> None:
    for name, replacement in replacements.items():
        undo.callback(setattr, holder, name, vars(holder)[name])
        setattr(holder, name, replacement)


def _dictionary(module: Any) -> dict[str, Any]:
    return getattr(module, "__dict__", None) or {}


def _attributes(module: Any) -> list[tuple[str, Any]]:
    return list(_dictionary(module).items())
