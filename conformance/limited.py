"""Conversations that a usage limit cut off, in the form in which each release leaves them on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_claude_sessions.claude.api_errors import ApiError
from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.claude.transcript import Turn, append, leaf_of
from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.manager import RateLimited
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import take_turn

PROMPT = "the prompt that was cut off"
UNSAID = "unsaid"
"""Stands for the text that the release itself writes."""


def cut_off(
    trial: Trial,
    prompt: str = PROMPT,
    *,
    cwd: Path | None = None,
    turns: int = 1,
    session_id: str | None = None,
    release: str | None = None,
    text: str = UNSAID,
    fields: Mapping[str, Any] | None = None,
    limited_at: datetime | None = None,
    resets_at: datetime | None = None,
    error: str = "usage_limit",
) -> Transcript:
    """Write a conversation whose last prompt was answered with a limit.

    :param turns: how many turns were answered before
    :param release: whose form it has, None for the release at hand
    :param text: what Claude says there, where it is not what that release says
    :param fields: fields of the limit's record that are other than that release's; None leaves one out
    :param limited_at: when the limit was met, two hours ago when None
    :param resets_at: when it ends, None when Claude does not say
    :param error: another failure of the API than the limit
    """
    form = Release.of(release) if release else trial.claude.release
    at = limited_at or datetime.now(UTC) - timedelta(hours=2)
    cwd = cwd or trial.environment.workdir
    made = trial.config.add_conversation(
        cwd=cwd, turns=turns, session_id=session_id, release=form, now=at - timedelta(minutes=5)
    )
    options = {"resets_at": resets_at.timestamp()} if resets_at else {}
    failed = ApiError(error, options, form, at.timestamp())
    turn = Turn(
        form,
        session_id=made.session_id,
        cwd=made.cwd or trial.config.real_cwd(cwd),
        prompt=prompt,
        now=at.timestamp(),
        parent=leaf_of(made.records),
        number=turns + 1,
    )
    values = {"reply": failed.text if text == UNSAID else text, "message_id": trial.new_id(), **failed.values}
    asked = [*turn.prompt_records(), *turn.late_records()]
    limit = turn.record("api_error", values)
    for name, value in (fields or {}).items():
        limit.pop(name, None)
        if value is not None:
            limit[name] = value
    append(str(made.path), [*asked, limit, *turn.after_error()], form.behaviour["file_mode"])
    return Transcript.read(made.path)


def needs_dispatch(trial: Trial) -> None:
    """Leave the check out for a manager that recovers what it never begins."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume: it has no dispatch that could meet a limit")


def limited(trial: Trial) -> list[RateLimited]:
    """What the manager tells, in an order of its own."""
    return sorted(trial.manager.rate_limited_sessions(), key=lambda found: found.session_id)


def told(trial: Trial, *expected: Transcript, given: str) -> None:
    """Judge that exactly these conversations are told as limited."""
    seen = [found.session_id for found in limited(trial)]
    trial.judge(
        seen == sorted(conversation.session_id for conversation in expected),
        given=given,
        expected=f"as limited are told {sorted(c.session_id for c in expected) or 'none'}",
        seen=f"{seen or 'none'}",
    )


def resumed_ids(trial: Trial) -> list[str | None]:
    """What Claude was asked to resume, start by start."""
    return [start.requested_resume for start in trial.starts]


def resume_by_hand(trial: Trial, session_id: str, cwd: Path, prompt: str) -> None:
    """Carry a conversation on without the manager, as a user does at a prompt of the shell."""
    take_turn(trial, prompt, "--resume", session_id, cwd=cwd)
