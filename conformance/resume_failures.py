"""Checks of `resume` when Claude fails: dead ids are given up, everything else keeps its conversation."""

from __future__ import annotations

from typing import Any, Literal

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, kept, lose, started_fresh


@check("RES-05", cases={"requested": "requested", "fresh": "fresh"})
def dead_id_is_not_stored_again(trial: Trial, names: Literal["requested", "fresh"]) -> None:
    """Whichever id the failed attempt's frames name, the surviving conversation's is stored."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume", names=names, report="both", init=True)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given=f"a refused resume whose frames name the {names} id")
    kept(trial, str(result.session_id), given="after that dispatch")
    again = trial.restart().dispatch("third prompt", key=KEY)
    carried_on(trial, again, "second prompt", "third prompt", given="the next dispatch, after a restart")


@check("RES-05")
def dead_id_is_gone_when_the_fresh_start_fails_too(trial: Trial) -> None:
    """An id that Claude refused is not asked for again, also when nothing took its place."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume")
    trial.claude.crash(at="start")
    if not trial.manager.keeps_keys:
        lose(trial, dead)  # the id of a workspace stays its own as long as there is a conversation under it
    failed = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(not failed.ok, given="both starts fail", expected="a failed dispatch", seen=f"{failed}")
    seen = len(trial.starts)
    result = trial.manager.dispatch("third prompt", key=KEY)
    started_fresh(trial, result, "third prompt", dead, given="the dispatch after a refused id and a failed fresh start")
    asked = [start.requested_resume for start in trial.starts[seen:]]
    trial.judge(
        dead not in asked, given="that dispatch", expected=f"{dead} is not asked for", seen=f"asked for {asked}"
    )


@check("RES-06", cases={"dead-and-crash": "crash", "dead-for-ever": "dead_id"})
def at_most_two_starts(trial: Trial, then: str) -> None:
    """However often Claude fails, a dispatch starts it at most twice."""
    begun(trial)
    trial.claude.dead_id(when="resume", times=None)
    if then == "crash":
        trial.claude.crash(at="start", times=None, when="fresh")
    else:
        trial.claude.dead_id(times=None, when=None)
    seen = len(trial.starts)
    result = trial.manager.dispatch("second prompt", key=KEY)
    number = len(trial.starts) - seen
    trial.judge(not result.ok, given="a Claude that fails every time", expected="a failed dispatch", seen=f"{result}")
    trial.judge(
        1 <= number <= 2, given="a Claude that fails every time", expected="one or two starts", seen=f"{number} starts"
    )


def _crash_before(trial: Trial) -> None:
    trial.claude.crash(at="start", stderr="Error: something else")


def _killed(trial: Trial) -> None:
    trial.claude.crash(at="init", signal="KILL")


def _hangs(trial: Trial) -> None:
    trial.claude.hang(at="init")


FAILURES: dict[str, Any] = {
    "authentication": lambda trial: trial.claude.auth_failure(),
    "rate-limit": lambda trial: trial.claude.usage_limit(resets_at=None),
    "overload": lambda trial: trial.claude.overloaded(),
    "crash": _crash_before,
    "kill": _killed,
    "time-out": _hangs,
}


@check("RES-07", cases=FAILURES)
def other_failures_keep_the_id(trial: Trial, fails: Any) -> None:
    """A failure that is no dead id ends the dispatch; the id stays, and no other conversation is begun."""
    session_id = begun(trial)
    fails(trial)
    timeout = 0.5 if fails is _hangs else None
    result = trial.manager.dispatch("second prompt", key=KEY, timeout=timeout)
    trial.claude.clear_script()  # a Claude that was ended before it came so far must not hang the next time
    trial.judge(not result.ok, given="a resume that fails", expected="a failed dispatch", seen=f"{result}")
    kept(trial, session_id, given="a resume that failed, but not for a dead id")
    fresh = [start for start in trial.starts[1:] if start.requested_resume is None]
    trial.equal(len(fresh), 0, given="fresh starts after such a failure")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch, with Claude well again")


@check("RES-08", cases={"stderr": "stderr", "errors": "errors", "both": "both"})
def not_found_is_recognised_wherever_it_stands(trial: Trial, report: Literal["stderr", "errors", "both"]) -> None:
    """On stderr alone, in the result's errors alone, or in both."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume", report=report)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given=f"'No conversation found' reported by {report}")


@check("RES-09")
def answer_with_the_same_words_is_an_answer(trial: Trial) -> None:
    """Assistant text that quotes the refusal is no refusal."""
    session_id = begun(trial)
    words = f"No conversation found with session ID: {session_id}"
    trial.claude.reply(words)
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="an answer that quotes 'No conversation found'")
    kept(trial, session_id, given="an answer that quotes 'No conversation found'")
    trial.equal(trial.prompts(session_id), ["first prompt", "second prompt"], given="the conversation after it")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "second prompt", "third prompt", given="the next dispatch")


NEAR_MISSES = {
    "to-continue": "No conversation found to continue",
    "picker": "No conversations found to resume",
    "short-id": "Session 9087632b was not found.",
    "expired": "session expired",
    "other-id": "No conversation found with session ID: 00000000-0000-4000-8000-000000000000",
    "quoted": 'Error: hook said "No conversation found with session ID" and failed',
}


@check("RES-09", cases=NEAR_MISSES)
def near_misses_are_other_failures(trial: Trial, words: str) -> None:
    """An error that only sounds like it keeps the id and starts nothing fresh."""
    session_id = begun(trial)
    trial.claude.error(stderr=words, errors=[words], exit=1)
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(not result.ok, given=f"an error {words!r}", expected="a failed dispatch", seen=f"{result}")
    kept(trial, session_id, given=f"an error {words!r}")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch")


@check("RES-13", cases={"before-init": "start", "after-init": "init"})
def killed_before_a_turn_leaves_no_dead_id(trial: Trial, at: Literal["start", "init"]) -> None:
    """A first Claude that was killed before it wrote leaves nothing that a later resume fails on."""
    trial.claude.crash(at=at, signal="KILL")
    failed = trial.manager.dispatch("lost prompt", key=KEY)
    trial.judge(
        not failed.ok, given="Claude killed before its first turn", expected="a failed dispatch", seen=f"{failed}"
    )
    result = trial.manager.dispatch("first prompt", key=KEY)
    trial.succeeded(result, given="the dispatch after Claude was killed before its first turn")
    outcomes = [start.outcome for start in trial.starts[1:]]
    trial.equal(outcomes, ["answered"], given="what became of Claude's starts in that dispatch")
    again = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, again, "first prompt", "second prompt", given="the dispatch after that")


@check("RES-17", cases={"exit-0": 0, "exit-1": 1})
def is_error_is_a_failure(trial: Trial, status: int) -> None:
    """A result with is_error set fails the dispatch, though its subtype says success."""
    session_id = begun(trial)
    trial.claude.error(text="API Error: out of order", is_error=True, subtype="success", exit=status, at="turn")
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.judge(
        not result.ok,
        given=f"a result with is_error true, subtype success, exit status {status}",
        expected="a failed dispatch",
        seen=f"{result}",
    )
    kept(trial, session_id, given="after it")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch")
