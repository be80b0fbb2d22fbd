"""Checks of `ttl` with clocks that jump, stamps in other units and time zones that change (TTL-12, TTL-13)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.time_zone import UnknownTimezone

from .store_form import plant, read_rows, store_json

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS


def stored(trial: Trial, *keys: str) -> dict[str, str]:
    """An id for each key, stored now."""
    ids = {key: trial.new_id() for key in keys}
    for key, session_id in ids.items():
        trial.manager.set_session(key, session_id)
    return ids


# ---------------------------------------------------------------------- clocks that jump
CALLS: dict[str, Callable[[ManagerHandle], object]] = {
    "read": lambda manager: manager.get_session("alpha"),
    "sweep": lambda manager: manager.sweep_stale_sessions(),
}
BACK = {"1-h": timedelta(hours=1), "48-h": timedelta(hours=48), "a-year": timedelta(days=365)}


@check("TTL-12", cases={f"{call}-{back}": (CALLS[call], BACK[back]) for call in CALLS for back in BACK})
def a_future_stamp_does_not_last(trial: Trial, case: tuple[Callable[[ManagerHandle], object], timedelta]) -> None:
    """Stored before the clock stepped back, an id is still offered, and no longer 25 h after it was looked at."""
    look, back = case
    clock = trial.clock
    ids = stored(trial, "alpha", "beta")
    clock.advance(-back)
    given = f"an id stored before the clock stepped {back} back"
    look(trial.manager)
    for key, session_id in ids.items():
        trial.equal(trial.manager.get_session(key), session_id, given=given)
    clock.advance(hours=25)
    for key in ids:
        trial.equal(trial.manager.get_session(key), None, given=f"{given}, the manager called, and 25 h later")


@check("TTL-12")
def a_step_back_does_not_sweep(trial: Trial) -> None:
    """A sweep and a start after the clock stepped two days back remove nothing; a stale row they do remove."""
    clock = trial.clock
    clock.advance(hours=-72)
    stored(trial, "stale")
    clock.advance(hours=72)
    ids = stored(trial, "alpha")
    clock.advance(hours=-46)
    given = "an id stored before the clock stepped 46 h back"
    trial.equal(trial.manager.sweep_stale_sessions(), 1, given=f"{given}, one 26 h old, and a sweep")
    trial.equal(trial.manager.get_session("alpha"), ids["alpha"], given=f"{given}, after a sweep")
    trial.equal(trial.restart().get_session("alpha"), ids["alpha"], given=f"{given}, after a restart")


# What stands in a row: its last use as a foreign hand wrote it, made from the epoch milliseconds of now.
FOREIGN_STAMPS: dict[str, Callable[[int], float]] = {
    "a-year-ahead": lambda now: now + 365 * DAY_MS,
    "microseconds": lambda now: now * 1000,
    "nanoseconds": lambda now: now * 1_000_000,
    "seconds": lambda now: now // 1000,
    "seconds-and-fraction": lambda now: now / 1000,
}


@check("TTL-12", cases=FOREIGN_STAMPS)
def a_stamp_in_another_unit_does_not_last(trial: Trial, stamp: Callable[[int], float]) -> None:
    """A row whose stamp is in another unit, or ahead, is offered for a day at most."""
    clock = trial.clock
    now = int(time.time() * 1000)
    good, odd = trial.new_id(), trial.new_id()
    plant(
        trial,
        {"good": {"id": good, "last_used_at": now - HOUR_MS}, "odd": {"id": odd, "last_used_at": stamp(now)}},
    )
    given = f"a row with the time stamp {stamp(now)} (now is {now}), and one of an hour ago"
    trial.equal(trial.manager.get_session("good"), good, given=f"{given}; the latter")
    seen = trial.manager.get_session("odd")
    trial.judge(seen in (odd, None), given=given, expected=f"{odd} or None", seen=repr(seen))
    clock.advance(hours=25)
    trial.equal(trial.manager.get_session("odd"), None, given=f"{given}; the former, 25 h later")


@check("TTL-12")
def stamps_are_epoch_milliseconds(trial: Trial) -> None:
    """What the manager writes is the present in milliseconds since 1970."""
    clock = trial.clock
    path = store_json(trial)
    for moment in (clock.now(), datetime(2001, 9, 9, 1, 46, 41, 500, UTC), datetime(2038, 1, 19, 3, 14, 9, 500, UTC)):
        clock.move_to(moment)
        ids = stored(trial, "alpha")
        given = f"an id stored at {moment.isoformat()}"
        row = read_rows(trial, path, given=given).get("alpha")
        used = row.get("last_used_at") if isinstance(row, dict) else None
        expected = int(moment.timestamp() * 1000)
        trial.judge(
            isinstance(used, (int, float)) and abs(used - expected) <= 1,
            given=given,
            expected=f"last_used_at = {expected}",
            seen=f"{row!r}",
        )
        trial.equal(trial.manager.get_session("alpha"), ids["alpha"], given=given)


# ---------------------------------------------------------------------- time zones
@dataclass(frozen=True, slots=True)
class Change:
    """A clock change: the zone, and an instant whose next 24 h hold it."""

    zone: str
    before: datetime


CHANGES = {
    "autumn-in-europe": Change("Europe/Berlin", datetime(2026, 10, 24, 12, 0, 0, 500, UTC)),
    "spring-in-europe": Change("Europe/Berlin", datetime(2027, 3, 27, 12, 0, 0, 500, UTC)),
    "within-the-repeated-hour": Change("America/New_York", datetime(2026, 11, 1, 5, 30, 0, 500, UTC)),
    "half-an-hour": Change("Australia/Lord_Howe", datetime(2027, 4, 3, 3, 0, 0, 500, UTC)),
    "a-day-left-out": Change("Pacific/Apia", datetime(2011, 12, 30, 5, 0, 0, 500, UTC)),
}


@check("TTL-13", cases=CHANGES)
def clock_changes_do_not_matter(trial: Trial, change: Change) -> None:
    """Across a change of the local clocks the limit is 24 h to the millisecond."""
    clock = trial.clock
    with _zone(trial, change.zone):
        clock.move_to(change.before)
        ids = stored(trial, "read", "read late", "hour")
        given = f"local time of {change.zone}, an id stored at {change.before:%Y-%m-%d %H:%M} UTC"
        _lasts_a_day(trial, ids, given=given)


def _lasts_a_day(trial: Trial, ids: Mapping[str, str], *, given: str) -> None:
    """Judge that what was stored just now is offered for 24 h to the millisecond."""
    trial.clock.advance(hours=1)
    trial.equal(trial.manager.get_session("hour"), ids["hour"], given=f"{given}, an hour later")
    trial.clock.advance(hours=23)
    trial.equal(trial.manager.get_session("read"), ids["read"], given=f"{given}, 24 h later")
    trial.clock.advance(milliseconds=1)
    trial.equal(trial.manager.get_session("read late"), None, given=f"{given}, 24 h and 1 ms later")


MOVES = {
    "eastwards": ("Pacific/Pago_Pago", "Pacific/Kiritimati"),
    "westwards": ("Pacific/Kiritimati", "Pacific/Pago_Pago"),
    "from-utc": ("UTC", "Asia/Kathmandu"),
    "to-utc": ("America/Los_Angeles", "UTC"),
}


@check("TTL-13", cases=MOVES)
def the_time_zone_does_not_matter(trial: Trial, zones: tuple[str, str]) -> None:
    """Stored under one time zone and read under another, an id is as old as it is."""
    with _zone(trial, zones[0]):
        ids = stored(trial, "read", "read late", "hour")
    given = f"an id stored under the time zone {zones[0]} and read under {zones[1]}"
    with _zone(trial, zones[1]):
        _lasts_a_day(trial, ids, given=given)


@contextlib.contextmanager
def _zone(trial: Trial, name: str) -> Iterator[None]:
    """The local time zone of a manager that starts anew in it."""
    try:
        zone = trial.clock.timezone(name)
    except UnknownTimezone as reason:
        raise CouldNotRun(str(reason)) from reason
    with zone:
        trial.restart(trial.environment.with_env(TZ=name))
        yield
        trial.stop()
