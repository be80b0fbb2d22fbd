"""Checks of `ttl` through dispatches: what refreshes an age, and what becomes of a conversation that expired."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial


def dispatching(trial: Trial) -> None:
    """These checks are of managers that also start Claude."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume")


def begun(trial: Trial, key: str, cwd: Path | None = None) -> str:
    """A conversation of one turn under a key; its id."""
    dispatching(trial)
    result = trial.manager.dispatch(f"first prompt of {key}", key=key, cwd=cwd)
    given = "the first dispatch of a key"
    trial.succeeded(result, given=given)
    trial.equal(trial.prompts(result.session_id), [f"first prompt of {key}"], given=f"{given}; its transcript")
    return str(result.session_id)


def told_expired(result: DispatchResult) -> list[str]:
    """The warnings that say so."""
    return [warning for warning in result.warnings if warning.startswith("expired:")]


# ---------------------------------------------------------------------- what refreshes
@check("TTL-04", cases={"running-on": False, "restarted": True})
def each_turn_refreshes_the_age(trial: Trial, restarted: bool) -> None:
    """Turns at 0, 20 and 40 h are one conversation, whether the id changes with each or not."""
    clock = trial.clock
    begun(trial, "chat")
    prompts = ["first prompt of chat"]
    for hours in (20, 40, 60):
        clock.advance(hours=20)
        if restarted:
            trial.restart()
        before = trial.manager.get_session("chat")
        prompts.append(f"prompt at {hours} h")
        result = trial.manager.dispatch(prompts[-1], key="chat")
        given = f"turns each 20 h, the latest at {hours} h"
        trial.succeeded(result, given=given)
        trial.equal([start.requested_resume for start in trial.starts][-1], before, given=f"{given}; the id resumed")
        trial.equal(result.resumed, True, given=f"{given}; resumed")
        trial.equal(trial.prompts(result.session_id), prompts, given=f"{given}; the conversation's prompts")


@dataclass(frozen=True, slots=True)
class Failure:
    """A way in which a dispatch fails without its id being dead."""

    arrange: Callable[[Trial, Path], object]
    restore: Callable[[Trial, Path], object] = lambda trial, cwd: None


FAILURES = {
    "directory-gone": Failure(lambda trial, cwd: shutil.rmtree(cwd), lambda trial, cwd: cwd.mkdir()),
    "crash-at-the-start": Failure(lambda trial, cwd: trial.claude.crash(at="start", times=None)),
    "crash-in-the-turn": Failure(lambda trial, cwd: trial.claude.crash(at="turn", times=None)),
    "authentication": Failure(lambda trial, cwd: trial.claude.auth_failure(times=None)),
    "usage-limit": Failure(lambda trial, cwd: trial.claude.usage_limit(resets_at=None, times=None)),
    "server-error": Failure(lambda trial, cwd: trial.claude.server_error(times=None)),
}


@check("TTL-06", cases=FAILURES)
def failures_do_not_refresh(trial: Trial, failure: Failure) -> None:
    """A failed turn at 20 h leaves the id to expire at 24 h; one that succeeds does not."""
    clock = trial.clock
    cwd = trial.directory("chat")
    begun(trial, "chat", cwd)
    good = begun(trial, "other")
    clock.advance(hours=20)
    failure.arrange(trial, cwd)
    failed = trial.manager.dispatch("in vain", key="chat", cwd=cwd)
    trial.judge(not failed.ok, given="a dispatch that cannot succeed", expected="a failed dispatch", seen=f"{failed}")
    trial.claude.clear_script()
    failure.restore(trial, cwd)
    result = trial.manager.dispatch("with success", key="other")
    trial.succeeded(result, given="a dispatch of another key")
    clock.advance(hours=5)
    given = "conversations 25 h old, at 20 h a dispatch of one that failed and one of the other that succeeded"
    trial.equal(trial.manager.get_session("chat"), None, given=f"{given}; the id of the former")
    offered = trial.manager.get_session("other")
    trial.judge(
        offered is not None and trial.prompts(offered) == ["first prompt of other", "with success"],
        given=f"{given}; the id of the latter",
        expected=f"{result.session_id} (first {good}), with both turns",
        seen=f"{offered}, with {trial.prompts(offered)}",
    )


# ---------------------------------------------------------------------- sweeps beside a running Claude
@check("TTL-09", cases={"by-the-same-manager": False, "by-another-process": True})
def a_sweep_spares_what_is_running(trial: Trial, elsewhere: bool) -> None:
    """A turn that lasts longer than the limit is not swept away; a resting row beside it is."""
    clock = trial.clock
    session_id = begun(trial, "long")
    resting = trial.new_id()
    trial.manager.set_session("resting", resting)
    sweeper = trial.process() if elsewhere else trial.manager
    gate = trial.claude.hold(at="turn")
    running = trial.background(lambda: trial.manager.dispatch("a long turn", key="long"))
    try:
        trial.reached(gate)
        clock.advance(hours=25)
        given = "a turn that has been running for 25 h, a row that rested as long, and a sweep"
        trial.equal(sweeper.sweep_stale_sessions(), 1, given=f"{given}; what it returns")
        clock.advance(hours=-24)
        # The clock back tells a row that was spared from one that the turn's end will write anew.
        given += ", the clock then 24 h back"
        trial.equal(sweeper.get_session("long"), session_id, given=f"{given}; the running one's id")
        trial.equal(sweeper.get_session("resting"), None, given=f"{given}; the resting one's id")
        clock.advance(hours=24)
        # A driver learns the time by a request; this one has heard none since its turn began.
        trial.manager.get_session("resting")
    finally:
        gate.open()
    result = running.result()
    trial.succeeded(result, given="the end of that turn")
    stored = trial.manager.get_session("long")
    trial.judge(
        stored is not None and trial.prompts(stored) == ["first prompt of long", "a long turn"],
        given="the end of a turn of 25 h during which a sweep ran",
        expected="the id stored is that of the conversation with both turns",
        seen=f"{stored}, with {trial.prompts(stored)}",
    )


# ---------------------------------------------------------------------- after the limit
@check("TTL-14", cases={"running-on": False, "restarted": True})
def an_expired_id_never_reaches_claude(trial: Trial, restarted: bool) -> None:
    """25 h after the last turn the dispatch is one fresh start; 1 h after it, it resumes."""
    clock = trial.clock
    old = begun(trial, "chat")
    clock.advance(hours=25)
    if restarted:
        trial.restart()
    transcript = trial.transcript(old)
    before = transcript.path.read_bytes() if transcript else b""
    result = trial.manager.dispatch("a new day", key="chat")
    given = f"a dispatch 25 h after the last turn of conversation {old}"
    trial.succeeded(result, given=given)
    new = trial.starts[1:]
    trial.judge(
        len(new) == 1 and new[0].requested_resume is None and not any(old in word for word in new[0].argv),
        given=given,
        expected="one start of Claude, without --resume and without that id",
        seen=f"{[' '.join(start.argv) for start in new]}",
    )
    trial.judge(
        not result.resumed and result.session_id != old and trial.prompts(result.session_id) == ["a new day"],
        given=given,
        expected="resumed = False, and a conversation with that prompt alone",
        seen=f"resumed = {result.resumed}, {result.session_id} with {trial.prompts(result.session_id)}",
    )
    after = transcript.path.read_bytes() if transcript else b""
    trial.equal(after, before, given=f"{given}; the old transcript's bytes")
    clock.advance(hours=1)
    again = trial.manager.dispatch("an hour later", key="chat")
    given = "a dispatch 1 h after the last turn"
    trial.succeeded(again, given=given)
    asked = [start.requested_resume for start in trial.starts[2:]]
    trial.equal(asked, [result.session_id], given=f"{given}; the ids that Claude was to resume")


@check("TTL-15")
def an_expiry_is_told(trial: Trial) -> None:
    """The dispatch that starts fresh for that reason warns of it, and no other does."""
    clock = trial.clock
    dispatching(trial)
    given = "dispatches of one key at 0 h, 1 h, 26 h and 27 h; that at"
    told = {}
    for hours, since in ((0, 0), (1, 1), (26, 25), (27, 1)):
        clock.advance(hours=since)
        result = trial.manager.dispatch(f"at {hours} h", key="chat")
        trial.succeeded(result, given=f"{given} {hours} h")
        told[f"{hours} h"] = result
    for when, result in told.items():
        expected = "a warning that begins with 'expired:'" if when == "26 h" else "no such warning"
        holds = bool(told_expired(result)) == (when == "26 h")
        trial.judge(holds, given=f"{given} {when}", expected=expected, seen=f"{result.warnings}")
