"""Checks of `export` at every change of a file that an export makes (EXP-01, with `--claude-crash`)."""

from __future__ import annotations

import os

from pytest_claude_sessions.claude.release import NEWEST
from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .crash_points import CRASH, NEW, OLD, After, each_kind, interrupted
from .exported import FORMS, all_in, destination_for, exported, made, read_export, subagent
from .recorded import recorded

SESSION = "5e55104e-0000-4000-8000-00000000000c"


@check("EXP-01", cases=each_kind(FORMS), only_with=CRASH)
def each_change_interrupted(trial: Trial, case: tuple[str, str, str]) -> None:
    """An export is stopped before or after each change, or that change fails: whole or not there; the source stays."""
    name, suffix, kind = case
    transcript = recorded(trial, SESSION, "first prompt", project=trial.directory("a project"), ago=10)
    subagent(transcript, agent_id="ab25e55104e000000", release=NEWEST)
    made(trial, SESSION, form=suffix)
    destination = destination_for(trial, suffix)
    request = ("export_session", {"session_id": SESSION, "destination": destination})
    before = trial.tree()
    for after in interrupted(trial, name, kind, request, more=[destination.parent]):
        _judge(trial, transcript, after, destination.name)
        trial.restart()
        again = exported(trial, SESSION, form=suffix)
        all_in(trial, again, transcript, given=f"{after.given}; another export after a restart")
        change = before.diff(trial.tree(), times=False)
        trial.judge(not change, given=f"{after.given}; the source", expected="no change", seen="; ".join(change))


def _judge(trial: Trial, transcript: Transcript, after: After, name: str) -> None:
    destination = trial.directory("exports") / name
    # A directory cannot be made in one step where another one must not be replaced: a kill may leave a part of it.
    if after.may_be == {OLD, NEW} and destination.suffix == "":
        return
    if os.path.lexists(destination):
        expected = NEW in after.may_be
        trial.judge(expected, given=after.given, expected=f"no {name}", seen=f"{name} is there")
        all_in(trial, read_export(trial, destination, given=after.given), transcript, given=after.given)
    else:
        trial.judge(OLD in after.may_be, given=after.given, expected=f"{name} is there", seen="it is not")
