"""Checks of `resume` on processes: one Claude at a time, killed managers, Claudes that hang."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pytest_claude_sessions.cli import overlapping
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, kept, stored, transcripts


@check("RES-18", cases={"same-process": False, "two-processes": True})
def one_claude_at_a_time(trial: Trial, processes: bool) -> None:
    """Two dispatches of one key at once never run two Claudes on its conversation, and no prompt is lost."""
    begun(trial)
    if not trial.real:
        trial.claude.slow_start(seconds=0.25, times=None)
    first, second = (trial.process(), trial.process()) if processes else (trial.manager, trial.manager)
    results = trial.together(
        lambda: first.dispatch("left prompt", key=KEY), lambda: second.dispatch("right prompt", key=KEY)
    )
    _answered_one_by_one(trial, results, ["left prompt", "right prompt"], earlier=["first prompt"])


@check("RES-18")
def one_first_turn_at_a_time(trial: Trial) -> None:
    """Two first dispatches of one key at once begin one conversation."""
    manager = trial.manager
    if not trial.real:
        trial.claude.slow_start(seconds=0.25, times=None)
    results = trial.together(
        lambda: manager.dispatch("left prompt", key=KEY), lambda: manager.dispatch("right prompt", key=KEY)
    )
    _answered_one_by_one(trial, results, ["left prompt", "right prompt"], earlier=[])


def _answered_one_by_one(trial: Trial, results: list[DispatchResult], prompts: list[str], earlier: list[str]) -> None:
    given = "two dispatches of one key at once"
    crossed = overlapping(trial.starts[len(earlier) :])
    trial.judge(
        not crossed, given=given, expected="one Claude at a time", seen=f"{len(crossed)} pairs of starts ran together"
    )
    answered = [prompt for prompt, result in zip(prompts, results, strict=True) if result.ok]
    refused = [result.error for result in results if not result.ok]
    trial.judge(
        bool(answered) and set(refused) <= {"busy"},
        given=given,
        expected="both answered, or one refused as busy",
        seen=f"{results}",
    )
    held = trial.prompts(stored(trial))
    trial.judge(
        Counter(held) == Counter(earlier + answered),
        given=given,
        expected=f"the stored conversation holds {earlier + answered}, each once",
        seen=f"it holds {held}; all transcripts: {transcripts(trial)}",
    )


@check("RES-19")
def killed_holder_does_not_lock_the_key(trial: Trial) -> None:
    """A manager killed in the middle of a dispatch leaves the key free for its successor."""
    begun(trial)
    gate = trial.claude.hold(at="turn")
    holder = trial.process()
    trial.background(lambda: holder.dispatch("cut off prompt", key=KEY))
    trial.reached(gate)
    trial.killed(holder)
    gate.open()
    result = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, result, "first prompt", "third prompt", given="a dispatch after the key's holder was killed")
    crossed = overlapping(trial.starts)
    trial.equal(len(crossed), 0, given="pairs of Claude's starts that ran together")


@check("RES-20", cases={"in-the-turn": ("turn", False), "deaf": ("turn", True), "before-it": ("start", False)})
def hanging_claude_is_ended(trial: Trial, how: tuple[Literal["start", "turn"], bool]) -> None:
    """At the time-out Claude is ended with its children, the failure is reported, and the id is kept."""
    session_id = begun(trial)
    trial.claude.hang(at=how[0], child=True, ignore_term=how[1])
    result = trial.manager.dispatch("second prompt", key=KEY, timeout=0.5)
    trial.claude.clear_script()  # a Claude that was ended before it came so far must not hang the next time
    trial.judge(
        not result.ok and result.error == "timeout",
        given="a Claude that hangs, and a time-out of 0.5 s",
        expected="a failed dispatch of the kind timeout",
        seen=f"{result}",
    )
    running = trial.claude_processes()
    trial.judge(
        not running,
        given="the time-out of a Claude with a child",
        expected="both are ended",
        seen=f"running: {running}",
    )
    kept(trial, session_id, given="after the time-out")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given="the next dispatch")
