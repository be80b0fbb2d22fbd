"""Checks of `recovery` at every change of a file that a recovery makes (REC-05, with `--claude-crash`)."""

from __future__ import annotations

from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.crash.form import Reply
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .crash_points import CRASH, OLD, each_kind, interrupted
from .limited import PROMPT, cut_off, told


@check("REC-05", cases=each_kind({"a-recovery": None}), only_with=CRASH)
def each_change_interrupted(trial: Trial, case: tuple[str, None, str]) -> None:
    """A recovery is stopped before or after each change, or that change fails: the next one sends nothing twice."""
    name, _, kind = case
    cut = cut_off(trial)
    for after in interrupted(trial, name, kind, ("recover_rate_limited", {}), refused=_told):
        answered = _answers(cut)
        trial.judge(
            answered == 1 or (answered == 0 and OLD in after.may_be),
            given=f"{after.given}; how often the prompt that was cut off was answered",
            expected="once",
            seen=f"{answered} times",
        )
        seen = len(trial.starts)
        results = trial.restart().recover_rate_limited()
        failed = [result for result in results if not result.ok]
        trial.judge(
            not failed, given=f"{after.given}; a recovery after a restart", expected="success", seen=f"{failed}"
        )
        trial.equal(_answers(cut), 1, given=f"{after.given}; how often the prompt was answered after a restart")
        trial.equal(len(trial.starts) - seen, 1 - answered, given=f"{after.given}; starts of Claude after the restart")
        told(trial, given=f"{after.given}; after a restart and another recovery")


def _told(reply: Reply) -> bool:
    return reply.refusal is not None or not all(result.ok for result in reply.value)


def _answers(cut: Transcript) -> int:
    turns = Transcript.read(cut.path).turns
    return sum(turn.prompt == PROMPT and not turn.is_error and turn.reply is not None for turn in turns)
