"""Checks of the capability `metrics`: the counter of dead resumes, held to what Claude was asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

COUNTER = "claude_session_resume_failures_total"


def count(trial: Trial, manager: ManagerHandle | None = None) -> float:
    """The counter's value; before the first failure it may be absent, which is 0."""
    counters = (manager or trial.manager).metrics()
    value = counters.get(COUNTER, 0)
    trial.judge(
        isinstance(value, (int, float)) and not isinstance(value, bool),
        given="a call of metrics()",
        expected=f"a number for {COUNTER}",
        seen=f"{dict(counters)}",
    )
    return value


def not_found(trial: Trial) -> int:
    """How often Claude answered a resume that it knows no such conversation."""
    return sum(start.outcome == "not_found" for start in trial.starts)


def begun(trial: Trial, key: str = "chat", cwd: Path | None = None) -> str:
    """A conversation of one turn; its id."""
    result = trial.manager.dispatch("first prompt", key=key, cwd=cwd)
    trial.succeeded(result, given="the first dispatch of a key")
    trial.equal(trial.prompts(result.session_id), ["first prompt"], given="the first dispatch of a key; its transcript")
    return str(result.session_id)


def lose(trial: Trial, session_id: str) -> None:
    """Delete a conversation's transcript: from now on its id is dead."""
    transcript = trial.transcript(session_id)
    assert transcript is not None
    transcript.path.unlink()


def judge_rise(trial: Trial, before: float, asked: int, *, given: str) -> None:
    """Judge that the counter rose by the number of resumes that Claude answered so since."""
    rise = not_found(trial) - asked
    trial.equal(count(trial), before + rise, given=f"{given}, {rise} times 'No conversation found'; {COUNTER}")


# ---------------------------------------------------------------------- counted
@check("MET-01")
def a_dead_resume_is_counted(trial: Trial) -> None:
    """The transcript is gone from the disk; each dispatch that Claude answers so counts one, three times over."""
    for number in range(3):
        session_id = begun(trial, f"chat {number}")
        before, asked = count(trial), not_found(trial)
        lose(trial, session_id)
        result = trial.manager.dispatch("second prompt", key=f"chat {number}")
        given = f"a dispatch for a conversation whose transcript was deleted (number {number + 1})"
        trial.judge(
            not result.resumed and trial.prompts(result.session_id) in ([], ["second prompt"]),
            given=given,
            expected="a fresh start, or a refusal",
            seen=f"{result}",
        )
        judge_rise(trial, before, asked, given=given)


@check("MET-01", cases={"on-stderr": "stderr", "in-errors": "errors", "in-both": "both"})
def it_is_counted_wherever_it_is_said(trial: Trial, report: Literal["stderr", "errors", "both"]) -> None:
    """Claude says so though the transcript is there; one is counted in each form that the releases have."""
    if trial.real:
        trial.not_applicable("a real release has one form, and its dead ids are counted by the other checks")
    begun(trial)
    before, asked = count(trial), not_found(trial)
    trial.claude.dead_id(report=report)
    result = trial.manager.dispatch("second prompt", key="chat")
    given = f"a resume that Claude answers as not found ({report})"
    trial.equal(not_found(trial) - asked, 1, given=f"{given}; such answers in the journal")
    trial.equal(result.resumed, False, given=f"{given}; resumed")
    judge_rise(trial, before, asked, given=given)


@check("MET-01")
def it_is_counted_when_the_fresh_start_fails_too(trial: Trial) -> None:
    """The count is of the dead id, whatever becomes of the start that follows it."""
    if trial.real:
        trial.not_applicable("nothing makes a real program fail at a fresh start alone")
    begun(trial)
    before, asked = count(trial), not_found(trial)
    trial.claude.dead_id()
    trial.claude.crash(at="start", times=None, when="fresh")
    given = "a resume that Claude answers as not found, and a fresh start that crashes"
    trial.judge(
        not trial.manager.dispatch("second prompt", key="chat").ok,
        given=given,
        expected="a failed dispatch, or a refusal",
        seen="a dispatch that succeeds",
    )
    trial.equal(not_found(trial) - asked, 1, given=f"{given}; such answers in the journal")
    judge_rise(trial, before, asked, given=given)


@check("MET-01")
def dispatches_at_once_are_all_counted(trial: Trial) -> None:
    """Four dispatches with dead ids at the same time count four."""
    keys = [f"chat {number}" for number in range(4)]
    ids = trial.together(*(partial(begun, trial, key) for key in keys))
    before, asked = count(trial), not_found(trial)
    for session_id in ids:
        lose(trial, session_id)
    trial.together(*(partial(trial.manager.dispatch, "second prompt", key=key) for key in keys))
    judge_rise(trial, before, asked, given="four dispatches at once for conversations that were deleted")


# ---------------------------------------------------------------------- not counted
@dataclass(frozen=True, slots=True)
class Other:
    """Something else than a dead id that befalls a dispatch of the key `chat`.

    :param arrange: before the dispatch; given the conversation's directory
    :param dispatch: instead of a plain one
    :param fails: whether the dispatch is to fail
    :param capability: that it takes
    """

    arrange: Callable[[Trial, Path], object] = lambda trial, cwd: None
    dispatch: Callable[[Trial, Path], DispatchResult] = lambda trial, cwd: trial.manager.dispatch(
        "second prompt", key="chat", cwd=cwd
    )
    fails: bool = False
    capability: str = "resume"


def _near_miss(trial: Trial, cwd: Path) -> None:
    words = "No conversation found. The session ID in the log was 7"
    trial.claude.error(stderr=words, errors=[words], exit=1, times=None)


OTHERS: Mapping[str, Other] = {
    "resume-that-succeeds": Other(),
    "fresh-start": Other(dispatch=lambda trial, cwd: trial.manager.dispatch("hello", key="another", cwd=cwd)),
    "fresh-workspace": Other(
        dispatch=lambda trial, cwd: trial.manager.dispatch("hello", workspace_id="w-1", cwd=cwd), capability="identity"
    ),
    "expiry": Other(lambda trial, cwd: trial.clock.advance(hours=25), capability="ttl"),
    "directory-gone": Other(lambda trial, cwd: shutil.rmtree(cwd), fails=True),
    "words-in-the-answer": Other(
        lambda trial, cwd: trial.claude.reply(f"No conversation found with session ID: {trial.new_id()}")
    ),
    "near-miss": Other(_near_miss, fails=True),
    "crash": Other(lambda trial, cwd: trial.claude.crash(at="turn", times=None), fails=True),
    "killed": Other(lambda trial, cwd: trial.claude.crash(at="start", signal="KILL", times=None), fails=True),
    "authentication": Other(lambda trial, cwd: trial.claude.auth_failure(times=None), fails=True),
    "usage-limit": Other(lambda trial, cwd: trial.claude.usage_limit(resets_at=None, times=None), fails=True),
    "overload": Other(lambda trial, cwd: trial.claude.overloaded(times=None), fails=True),
    "server-error": Other(lambda trial, cwd: trial.claude.server_error(times=None), fails=True),
    "background-agent": Other(lambda trial, cwd: trial.claude.background_agent(times=None), fails=True),
    "time-out": Other(
        lambda trial, cwd: trial.claude.hang(at="turn", times=None),
        lambda trial, cwd: trial.manager.dispatch("second prompt", key="chat", cwd=cwd, timeout=0.5),
        fails=True,
    ),
}


@check("MET-02", cases=OTHERS)
def nothing_else_is_counted(trial: Trial, other: Other) -> None:
    """Whatever else befalls a dispatch leaves the counter alone; a dead id right after it counts."""
    if other.capability not in trial.capabilities:
        trial.not_applicable(f"the manager does not declare {other.capability}")
    cwd = trial.directory("chat")
    begun(trial, cwd=cwd)
    session_id = begun(trial, "dead")
    before, asked = count(trial), not_found(trial)
    other.arrange(trial, cwd)
    result = other.dispatch(trial, cwd)
    name = next(name for name, case in OTHERS.items() if case is other)
    expected = "a dispatch that fails" if other.fails else "a dispatch that succeeds"
    trial.judge(result.ok != other.fails, given=f"{name}, and a dispatch", expected=expected, seen=f"{result}")
    trial.equal(not_found(trial) - asked, 0, given=f"{name}, and a dispatch; answers 'No conversation found'")
    trial.equal(count(trial), before, given=f"{name}, and a dispatch; {COUNTER}")
    trial.claude.clear_script()
    trial.manager.set_session("dead", session_id)
    lose(trial, session_id)
    trial.manager.dispatch("second prompt", key="dead")
    judge_rise(trial, before, asked, given=f"{name}, and then a dispatch for a conversation that was deleted")


# ---------------------------------------------------------------------- never less
@check("MET-03")
def the_counter_never_falls(trial: Trial) -> None:
    """Through reads, sweeps, days, failures and successes the counter goes up or stays."""
    manager = trial.manager
    clock = trial.clock if "ttl" in trial.capabilities else None
    last = count(trial)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("a dead id", partial(_dead, trial, "one")),
        ("reading the counter", manager.metrics),
        ("a dispatch that succeeds", partial(manager.dispatch, "third prompt", key="one")),
        ("storing an id", partial(manager.set_session, "two", trial.new_id())),
        ("reading an id", partial(manager.get_session, "two")),
        ("another dead id", partial(_dead, trial, "three")),
        ("a dispatch in a directory that is gone", partial(_in_vain, trial)),
    ]
    if clock is not None:
        steps += [("25 h", partial(clock.advance, hours=25)), ("a sweep", manager.sweep_stale_sessions)]
    steps += [("one more manager's start", trial.another), ("a dead id at last", partial(_dead, trial, "four"))]
    told = []
    for name, step in steps:
        step()
        told.append(name)
        now = count(trial, manager)
        given = f"{COUNTER} at {last}, then {name} (after {', '.join(told[:-1]) or 'nothing'})"
        trial.judge(now >= last, given=given, expected=f"at least {last}", seen=f"{now}")
        last = now
    trial.equal(last, not_found(trial), given=f"{', '.join(told)}; {COUNTER} and the answers 'No conversation found'")


def _dead(trial: Trial, key: str) -> None:
    session_id = begun(trial, key)
    if trial.real:
        lose(trial, session_id)
    else:
        # Also a manager that looks at the disk first asks for this one.
        trial.claude.dead_id()
    trial.manager.dispatch("second prompt", key=key)


def _in_vain(trial: Trial) -> None:
    cwd = trial.directory("gone")
    trial.manager.dispatch("first prompt", key="gone", cwd=cwd)
    shutil.rmtree(cwd)
    trial.manager.dispatch("second prompt", key="gone", cwd=cwd)
