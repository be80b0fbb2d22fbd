"""Checks of the capability `ttl`: an id that rested too long is not offered, any other is (by the store's methods)."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.time_zone import UnknownTimezone

from . import ttl_dispatch
from .store_file import plant, read_rows, store_json

PARTS = (ttl_dispatch,)
"""The module with the checks of TTL-04, TTL-06, TTL-09, TTL-14 and TTL-15."""

SETTING = "max_session_age_ms"
HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
MILLISECOND = timedelta(milliseconds=1)


def stored(trial: Trial, *keys: str) -> dict[str, str]:
    """An id for each key, stored now."""
    ids = {key: trial.new_id() for key in keys}
    for key, session_id in ids.items():
        trial.manager.set_session(key, session_id)
    return ids


# ---------------------------------------------------------------------- stale and fresh
@check("TTL-01", cases={"running-on": False, "another-process": True})
def stale_ids_are_not_offered(trial: Trial, elsewhere: bool) -> None:
    """25 h old, an id is not offered; its row is gone, so it stays away when the clock goes back."""
    clock = trial.clock
    old = stored(trial, "old")
    clock.advance(hours=24.5)
    young = stored(trial, "young")
    clock.advance(hours=0.5)
    reader = trial.process() if elsewhere else trial.manager
    trial.equal(reader.get_session("young"), young["young"], given="an id last used half an hour ago")
    trial.equal(reader.get_session("old"), None, given="an id last used 25 h ago, no age limit being set")
    clock.advance(hours=-24)
    given = f"an id {old['old']} that was stale once, and then the clock 24 h back"
    trial.equal(reader.get_session("old"), None, given=given)
    trial.equal(trial.restart().get_session("old"), None, given=f"{given}, after a restart")


@check("TTL-02", cases={"just-now": 0, "1-h": HOUR_MS, "23-h": 23 * HOUR_MS})
def fresh_ids_are_offered(trial: Trial, age_ms: int) -> None:
    """An id that is not old is offered, by the running manager and by one that starts later."""
    clock = trial.clock
    ids = stored(trial, "alpha", "beta")
    clock.advance(milliseconds=age_ms)
    given = f"an id last used {age_ms / HOUR_MS:g} h ago, no age limit being set"
    trial.equal(trial.manager.get_session("alpha"), ids["alpha"], given=given)
    trial.restart()
    for key, session_id in ids.items():
        trial.equal(trial.manager.get_session(key), session_id, given=f"{given}; {key!r} after a restart")


@check("TTL-03", cases={"default": None, "a-minute": 60_000, "a-week": 7 * DAY_MS, "odd": 1_234_567})
def the_limit_itself_is_fresh(trial: Trial, limit_ms: int | None) -> None:
    """As old as the limit, an id is offered and survives a sweep; a millisecond later neither."""
    clock = trial.clock
    trial.restart(max_session_age_ms=limit_ms)
    ids = stored(trial, "read", "read late", "swept")
    clock.advance(milliseconds=limit_ms or DAY_MS)
    limit = f"the limit of {limit_ms or DAY_MS} ms"
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given=f"rows exactly as old as {limit}, and a sweep")
    trial.equal(trial.manager.get_session("read"), ids["read"], given=f"an id exactly as old as {limit}")
    clock.advance(milliseconds=1)
    trial.equal(trial.manager.get_session("read late"), None, given=f"an id 1 ms older than {limit}")
    trial.manager.sweep_stale_sessions()
    clock.advance(milliseconds=-1)
    given = f"a row swept when it was 1 ms older than {limit}, the clock then 1 ms back"
    trial.equal(trial.manager.get_session("swept"), None, given=given)


@check("TTL-04")
def storing_an_id_again_refreshes_it(trial: Trial) -> None:
    """Stored at 0 h and, unchanged, at 20 h, an id is offered at 40 h; one that was not stored again is not."""
    clock = trial.clock
    ids = stored(trial, "busy", "idle")
    clock.advance(hours=20)
    trial.manager.set_session("busy", ids["busy"])
    clock.advance(hours=20)
    trial.equal(trial.manager.get_session("busy"), ids["busy"], given="an id stored at 0 h and at 20 h, read at 40 h")
    trial.equal(trial.manager.get_session("idle"), None, given="an id stored at 0 h alone, read at 40 h")


LOOKS: dict[str, Callable[[Trial], object]] = {
    "reads": lambda trial: [trial.manager.get_session(key) for key in ("alpha", "beta")],
    "sweeps": lambda trial: trial.manager.sweep_stale_sessions(),
    "restarts": lambda trial: trial.restart(),
    "writes-of-another-key": lambda trial: stored(trial, "gamma"),
}


@check("TTL-05", cases=LOOKS)
def looking_does_not_refresh(trial: Trial, look: Callable[[Trial], object]) -> None:
    """Looked at every few hours, an id is offered until it is 24 h old, and not after that."""
    clock = trial.clock
    ids = stored(trial, "alpha", "beta")
    for _ in range(3):
        clock.advance(hours=8)
        look(trial)
    trial.equal(trial.manager.get_session("alpha"), ids["alpha"], given="an id stored 24 h ago and looked at each 8 h")
    clock.advance(hours=1)
    for key in ids:
        trial.equal(trial.manager.get_session(key), None, given="an id stored 25 h ago and looked at each 8 h")


# ---------------------------------------------------------------------- sweeps
@check("TTL-07")
def a_sweep_removes_the_stale_alone(trial: Trial) -> None:
    """Of three stale rows and two fresh ones a sweep removes three, says three, and has nothing left to do."""
    clock = trial.clock
    old = stored(trial, "old 1", "old 2", "old 3")
    clock.advance(hours=2)
    young = stored(trial, "young 1", "young 2")
    clock.advance(hours=23)
    given = "three ids 25 h old, two 23 h old, and a sweep"
    trial.equal(trial.manager.sweep_stale_sessions(), 3, given=f"{given}; what it returns")
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given=f"{given}; what a second one returns")
    for key, session_id in young.items():
        trial.equal(trial.manager.get_session(key), session_id, given=f"{given}; {key!r}")
    clock.advance(hours=-23)
    trial.restart()
    for key, session_id in young.items():
        trial.equal(trial.manager.get_session(key), session_id, given=f"{given}; {key!r}, the clock back")
    for key in old:
        trial.equal(trial.manager.get_session(key), None, given=f"{given}; {key!r}, the clock back")


@check("TTL-07")
def a_sweep_of_fresh_rows_removes_none(trial: Trial) -> None:
    """Without a stale row a sweep returns 0 and changes nothing; later it finds them all, in another process too."""
    clock = trial.clock
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given="an empty store, and a sweep")
    ids = stored(trial, "alpha", "beta")
    clock.advance(hours=23)
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given="two ids 23 h old, and a sweep")
    for key, session_id in ids.items():
        trial.equal(trial.manager.get_session(key), session_id, given=f"two ids 23 h old, and a sweep; {key!r}")
    other = trial.process()
    clock.advance(hours=2)
    trial.equal(other.sweep_stale_sessions(), 2, given="two ids 25 h old, and a sweep by another process")
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given="a sweep by a process after another one's")


@check("TTL-08", cases={"in-this-process": False, "in-another": True})
def stale_rows_are_swept_at_start(trial: Trial, elsewhere: bool) -> None:
    """What is stale when the manager starts is gone before anyone asks; what is fresh is not."""
    clock = trial.clock
    old = stored(trial, "old", "old too")
    clock.advance(hours=2)
    young = stored(trial, "young")
    clock.advance(hours=23)
    trial.stop()
    manager = trial.process() if elsewhere else trial.restart()
    given = "a start of the manager when two ids are 25 h old and one 23 h"
    trial.equal(manager.get_session("young"), young["young"], given=f"{given}; the younger")
    path = store_json(trial) if "store_json" in manager.options else None
    if path is not None:
        left = sorted(set(read_rows(trial, path, given=given)) & set(old))
        trial.equal(left, [], given=f"{given}; older rows in {path.name}")
    clock.advance(hours=-23)
    for key in old:
        trial.equal(manager.get_session(key), None, given=f"{given}; {key!r}, first asked for with the clock 23 h back")
    trial.equal(manager.get_session("young"), young["young"], given=f"{given}; the younger, the clock 23 h back")


# ---------------------------------------------------------------------- the setting
LIMITS = {"1-s": 1_000, "1-h": HOUR_MS, "72-h": 72 * HOUR_MS, "a-year": 365 * DAY_MS}


@check("TTL-10", cases=LIMITS)
def the_configured_limit_is_applied(trial: Trial, limit_ms: int) -> None:
    """Reading and sweeping go by the limit that is set, above the default and below it."""
    clock = trial.clock
    trial.restart(max_session_age_ms=limit_ms)
    ids = stored(trial, "read", "read late", "swept")
    clock.advance(milliseconds=limit_ms * 0.9)
    given = f"{SETTING} = {limit_ms}"
    trial.equal(trial.manager.get_session("read"), ids["read"], given=f"{given}, and an id of nine tenths of that age")
    trial.equal(trial.manager.sweep_stale_sessions(), 0, given=f"{given}, rows of nine tenths of that age, and a sweep")
    clock.advance(milliseconds=limit_ms * 0.2)
    trial.equal(trial.manager.get_session("read late"), None, given=f"{given}, and an id of eleven tenths of that age")
    trial.manager.sweep_stale_sessions()
    clock.advance(milliseconds=limit_ms * -0.2)
    trial.equal(trial.manager.get_session("swept"), None, given=f"{given}, and a row swept at eleven tenths of it")


@check("TTL-10", cases={"shorter": (HOUR_MS, None), "longer": (72 * HOUR_MS, True)})
def a_new_limit_holds_for_old_rows(trial: Trial, case: tuple[int, bool | None]) -> None:
    """Changed between two starts, the limit holds for what was stored before the change."""
    limit_ms, offered = case
    clock = trial.clock
    ids = stored(trial, "alpha")
    trial.equal(trial.manager.get_session("alpha"), ids["alpha"], given="an id stored just now")
    trial.stop()
    trial.restart(max_session_age_ms=limit_ms)
    clock.advance(hours=2 if offered is None else 48)
    given = f"an id {2 if offered is None else 48} h old, and {SETTING} = {limit_ms} since a restart"
    trial.equal(trial.manager.get_session("alpha"), ids["alpha"] if offered else None, given=given)
    fresh = stored(trial, "alpha")
    trial.equal(trial.manager.get_session("alpha"), fresh["alpha"], given=f"{given}, then a new id for its key")


NO_LIMITS: dict[str, Any] = {
    "0": 0,
    "below-0": -1,
    "a-day-below-0": -DAY_MS,
    "minus-0.0": -0.0,
    "nan": math.nan,
    "infinite": math.inf,
    "minus-infinite": -math.inf,
    "text": "24h",
    "empty-text": "",
    "word": "never",
    "true": True,
    "false": False,
    "list": [DAY_MS],
    "object": {"hours": 24},
}


@check("TTL-11", cases=NO_LIMITS)
def what_is_no_limit_is_refused(trial: Trial, value: Any) -> None:
    """Such a limit keeps the manager from starting, by name; without it, and with a good one, it starts."""
    session_id = stored(trial, "alpha")["alpha"]
    refusal = trial.refusal_at_start(max_session_age_ms=value)
    given = f"{SETTING} = {value!r} at the start"
    expected = f"the refusal invalid_setting with a message that names {SETTING}"
    trial.judge(refusal is not None, given=given, expected=expected, seen="a manager that starts")
    kind, _, message = str(refusal).partition(": ")
    trial.judge(kind == "invalid_setting" and SETTING in message, given=given, expected=expected, seen=str(refusal))
    for limit_ms in (None, HOUR_MS):
        trial.restart(max_session_age_ms=limit_ms)
        given = f"{SETTING} = {limit_ms!r} at a start after that refusal"
        trial.equal(trial.manager.get_session("alpha"), session_id, given=given)


# ---------------------------------------------------------------------- clocks that jump
CALLS: dict[str, Callable[[ManagerHandle], object]] = {
    "read": lambda manager: manager.get_session("alpha"),
    "sweep": lambda manager: manager.sweep_stale_sessions(),
}
BACK = {"1-h": timedelta(hours=1), "48-h": timedelta(hours=48), "a-year": timedelta(days=365)}


@check("TTL-12", cases={f"{call}-{back}": (CALLS[call], BACK[back]) for call in CALLS for back in BACK})
def a_future_stamp_does_not_last(
    trial: Trial, case: tuple[Callable[[ManagerHandle], object], timedelta]
) -> None:
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
        clock.advance(hours=1)
        trial.equal(trial.manager.get_session("hour"), ids["hour"], given=f"{given}, an hour later")
        clock.advance(hours=23)
        trial.equal(trial.manager.get_session("read"), ids["read"], given=f"{given}, 24 h later")
        clock.advance(milliseconds=1)
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
    clock = trial.clock
    with _zone(trial, zones[0]):
        ids = stored(trial, "read", "read late", "hour")
    given = f"an id stored under the time zone {zones[0]} and read under {zones[1]}"
    with _zone(trial, zones[1]):
        clock.advance(hours=1)
        trial.equal(trial.manager.get_session("hour"), ids["hour"], given=f"{given}, an hour later")
        clock.advance(hours=23)
        trial.equal(trial.manager.get_session("read"), ids["read"], given=f"{given}, 24 h later")
        clock.advance(milliseconds=1)
        trial.equal(trial.manager.get_session("read late"), None, given=f"{given}, 24 h and 1 ms later")


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
