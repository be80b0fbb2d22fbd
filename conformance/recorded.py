"""Conversations that are on the disk already when a trial begins, and how a listing of them is judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.manager import SessionEntry
from pytest_claude_sessions.suite.trial import Trial

NOWHERE = "/no-such-place"
"""Where projects are that need not exist: no part of it is chosen by chance, as a trial's own directory is."""

BEGAN = datetime.now(UTC)
"""From when minutes are counted back: however slow a manager is, the same words mean the same instant."""

NEAR = timedelta(seconds=1)
"""A manager may report whole seconds."""


def numbered(number: int) -> str:
    """A session id that is the same in every run; no two share their first eight characters."""
    return f"{number:08x}-5e55-4000-8000-00000000c0de"


def minutes_ago(minutes: float) -> datetime:
    """An instant before the run began, far enough from its neighbours that no time stamp is a tie."""
    return BEGAN - timedelta(minutes=minutes)


def typed(trial: Trial, session_id: str, prompt: str, *, project: str | Path, ago: float) -> None:
    """A history line alone, as a prompt leaves it whose transcript is gone."""
    trial.config.add_history(prompt, session_id=session_id, cwd=project, now=minutes_ago(ago))


def recorded(
    trial: Trial,
    session_id: str,
    *prompts: str,
    project: str | Path,
    ago: float,
    headless: bool = False,
) -> Transcript:
    """A conversation with its transcript, and its history lines where it is not a headless one.

    :param ago: minutes since its last turn
    """
    return trial.config.add_conversation(
        cwd=project, turns=prompts, session_id=session_id, now=minutes_ago(ago), history=not headless
    )


def ids(entries: Iterable[SessionEntry]) -> list[str | None]:
    """The ids of a listing, in its order."""
    return [entry.session_id for entry in entries]


def listed(trial: Trial, entries: Sequence[SessionEntry], expected: Sequence[str], *, given: str) -> None:
    """Judge that a listing has exactly these ids in this order; a line without an id may be in it as not resumable."""
    seen = [entry.session_id for entry in entries if entry.session_id is not None or entry.resumable]
    trial.equal(seen, list(expected), given=given)


def entry_of(trial: Trial, entries: Sequence[SessionEntry], session_id: str, *, given: str) -> SessionEntry:
    """The one entry of a conversation; none or two are a breach."""
    found = [entry for entry in entries if entry.session_id == session_id]
    trial.judge(len(found) == 1, given=given, expected=f"one entry for {session_id}", seen=f"{ids(entries)}")
    return found[0]


def at_instant(trial: Trial, entry: SessionEntry | None, expected: datetime, *, given: str) -> None:
    """Judge that an entry's time is an instant, and this one."""
    seen = entry.timestamp if entry is not None else None
    trial.judge(
        isinstance(seen, datetime) and seen.tzinfo is not None and abs(seen - expected) < NEAR,
        given=given,
        expected=f"the instant {expected.isoformat()}",
        seen=f"{seen!r}",
    )


def not_begun(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that resume_session is refused as not found, and begins nothing in its place."""
    before = trial.tree(trial.config.projects)
    result = trial.manager.resume_session(session_id, "hello")
    trial.equal((result.ok, result.error), (False, "not_found"), given=given)
    trial.unchanged(before, trial.tree(trial.config.projects), given=given)
    answered = [start.prompt for start in trial.starts if start.outcome == "answered"]
    trial.equal(answered, [], given=f"prompts that Claude answered: {given}")
