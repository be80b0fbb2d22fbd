"""Workspaces in a trial: two of them, and whether a dispatch carried on with a conversation."""

from __future__ import annotations

from pytest_claude_sessions.cli import Start
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.trial import Trial

WORKSPACE = "a1b2c3d4-0000-4000-8000-000000000001"
OTHER = "a1b2c3d4-0000-4000-8000-000000000002"


def needs_chosen_ids(trial: Trial) -> None:
    """Leave the check out where the release cannot be told the id of a new conversation."""
    if not trial.chooses_ids:
        trial.not_applicable(f"claude {trial.claude.release.version} has no --session-id")


def last_start(trial: Trial, *, given: str) -> Start:
    """The last start of Claude; none at all is a breach."""
    starts = trial.starts
    trial.judge(bool(starts), given=given, expected="a start of Claude", seen="it was never started")
    return starts[-1]


def carried_on(trial: Trial, result: DispatchResult, *prompts: str, given: str) -> None:
    """Judge that the last start of Claude was answered in a conversation that holds exactly these prompts."""
    trial.succeeded(result, given=given)
    session_id = last_start(trial, given=given).session_id
    held = trial.prompts(session_id)
    trial.judge(
        held == list(prompts) and result.session_id == session_id,
        given=given,
        expected=f"one conversation with the prompts {list(prompts)}, under the id that is returned",
        seen=f"id {result.session_id}; Claude wrote {session_id} with {held}",
    )
