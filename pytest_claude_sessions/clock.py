"""The frozen wall clock of a test: `Clock`.

Frozen time is wall time (SPEC 4, fine print): `time.time`, `datetime.now` and what is read off them stand
still, while `time.monotonic`, `time.perf_counter` and all that waits by them (asyncio, threading, subprocess
time-outs) run on. How freezegun is made to do that is in `frozen_time`; it is imported at the first freeze.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType

from .frozen_time import ClockInUse, FrozenTime
from .time_zone import UnknownTimezone, local_zone

__all__ = ["Clock", "ClockInUse", "ClockNotFrozen", "Freeze", "NaiveInstant", "UnknownTimezone"]

Listener = Callable[[datetime | None], object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND_NS = 1_000_000


class NaiveInstant(ValueError):
    """An instant without a time zone was handed over: it would mean another moment on every machine."""

    def __init__(self, instant: datetime) -> None:
        super().__init__(
            f"the clock takes aware datetimes, and {instant.isoformat(' ')} has no time zone: "
            "add tzinfo=datetime.timezone.utc"
        )


class ClockNotFrozen(RuntimeError):
    """The clock was moved before it was frozen."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"{verb} moves a frozen clock, and this one runs on real time: call freeze() first")


class Freeze:
    """One level of freezing, from `Clock.freeze`: leaving it as a context brings back what was before."""

    def __init__(self, clock: Clock, depth: int) -> None:
        self._clock = clock
        self._depth = depth

    def __enter__(self) -> Clock:
        return self._clock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock._drop_to(self._depth)


class Clock:
    """The wall clock of the process: real until it is frozen, moved by hand from then on.

    A clock is also a context that ends with `release`. Clocks nest: the one frozen last shows the time.
    """

    def __init__(self) -> None:
        self._levels: list[datetime] = []  # one for each freeze() that has not ended
        self._listeners: list[Listener] = []
        self._zones = contextlib.ExitStack()

    @property
    def frozen(self) -> bool:
        """Whether this clock stands still."""
        return bool(self._levels)

    def now(self) -> datetime:
        """The instant that the clock shows, aware and in UTC, exact to the microsecond."""
        return self._levels[-1] if self._levels else _instant(time.time_ns())

    def freeze(self, at: datetime | None = None) -> Freeze:
        """Stop the wall clock at an instant; the result may be used as a context.

        at: aware datetime; None takes the present rounded up to a whole millisecond, so that age limits in ms
        are exact and files that are there already are not of the future.
        Raises NaiveInstant, and ClockInUse when freezegun is in use without this clock.
        """
        instant = _instant(_round_up(time.time_ns(), _MILLISECOND_NS)) if at is None else _in_utc(at)
        with FrozenTime.lock:
            FrozenTime.show(self, instant)
            depth = len(self._levels)
            self._levels.append(instant)
        self._tell()
        return Freeze(self, depth)

    def move_to(self, instant: datetime) -> None:
        """Show another instant (aware datetime), earlier ones too. Raises NaiveInstant, ClockNotFrozen."""
        self._move("move_to()", _in_utc(instant))

    def advance(
        self,
        delta: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
    ) -> None:
        """Let time pass: a timedelta and the parts named, added up; a negative sum steps back.

        Raises ClockNotFrozen.
        """
        parts = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
        with FrozenTime.lock:
            self._move("advance()", self.now() + parts + (delta or timedelta()))

    def utime(self, *paths: str | os.PathLike[str]) -> None:
        """Set the times of files to the instant shown: the kernel stamps with real time, frozen or not."""
        nanoseconds = (self.now() - _EPOCH) // _MICROSECOND * 1000
        for path in paths:
            os.utime(path, ns=(nanoseconds, nanoseconds))

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with each new instant and with None at the release; at once when already frozen.

        Returns the function that ends the subscription. A listener's error is raised when all were called.
        """
        self._listeners.append(listener)
        if self._levels:
            listener(self.now())
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def timezone(self, name: str) -> contextlib.ExitStack:
        """Set the local time zone of this process and its later children; may be used as a context.

        name: of the IANA data base, or a POSIX rule. It lasts to the end of the context, or to `release`.
        Raises UnknownTimezone.
        """
        context = contextlib.ExitStack()
        restore = local_zone(name)
        context.callback(restore)
        # Contexts may end in any order; `release` runs these backwards and so ends with what was there first.
        self._zones.callback(restore)
        return context

    def release(self) -> None:
        """Give back real time and the time zone that was. More than once does no harm."""
        try:
            self._drop_to(0)
        finally:
            self._zones.close()

    stop = release

    def __enter__(self) -> Clock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _move(self, verb: str, instant: datetime) -> None:
        with FrozenTime.lock:
            if not self._levels:
                raise ClockNotFrozen(verb)
            FrozenTime.move(self, instant)
            self._levels[-1] = instant
        self._tell()

    def _drop_to(self, depth: int) -> None:
        with FrozenTime.lock:
            if len(self._levels) <= depth:
                return
            del self._levels[depth:]
            if self._levels:
                FrozenTime.move(self, self._levels[-1])
            else:
                FrozenTime.leave(self)
        self._tell()

    def _tell(self) -> None:
        instant = self.now() if self._levels else None
        errors: list[Exception] = []
        for listener in tuple(self._listeners):
            try:
                listener(instant)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]


def _in_utc(instant: datetime) -> datetime:
    if not isinstance(instant, datetime):
        raise TypeError(f"the clock takes aware datetimes, not {type(instant).__name__} ({instant!r})")
    if instant.utcoffset() is None:
        raise NaiveInstant(instant)
    return _EPOCH + (instant - _EPOCH)  # a plain datetime, also when what came is freezegun's


def _instant(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step
