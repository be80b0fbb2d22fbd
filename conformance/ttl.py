"""Checks of the capability `ttl`: an id that rested too long is not offered, any other is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .store_form import read_rows, store_json
from .ttl_clock import DAY_MS, HOUR_MS, stored

SETTING = "max_session_age_ms"


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


@check("TTL-11", cases={"1": 1, "a-million-years": 1_000_000 * 365 * DAY_MS})
def every_number_above_0_is_taken(trial: Trial, value: int) -> None:
    """The least whole limit and a very long one are limits as any other."""
    refusal = trial.refusal_at_start(max_session_age_ms=value)
    trial.equal(refusal, None, given=f"{SETTING} = {value} at the start; the refusal")
