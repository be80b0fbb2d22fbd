"""Damaged transcripts in a trial: making them, and judging what became of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pytest_claude_sessions.config_dir import DAMAGES
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.trial import Trial

from .workspaces import WORKSPACE, carried_on

SESSION = "5e55104e-0000-4000-8000-00000000000a"
"""An id that stands for any conversation, for calls of quarantine_invalid."""

WAYS = {"call": "call", "dispatch": "dispatch"}
"""Both ways into the quarantine: the method itself, and a dispatch that finds the damage."""


def written(trial: Trial, session_id: str = SESSION, *, kind: str | None = None) -> Path:
    """A conversation of two turns on the disk, damaged where a kind is given; its transcript."""
    path = trial.config.add_conversation(cwd=trial.environment.workdir, turns=2, session_id=session_id).path
    if kind is not None:
        trial.config.damage(path, kind)
    return path


def begun(trial: Trial, workspace: str = WORKSPACE, prompt: str = "first prompt") -> Path:
    """A conversation that a dispatch of a workspace began, proven on the disk; its transcript."""
    result = trial.manager.dispatch(prompt, workspace_id=workspace)
    carried_on(trial, result, prompt, given="the first dispatch of a workspace")
    transcript = trial.transcript(result.session_id)
    assert transcript is not None
    return transcript.path


def harmed(trial: Trial, path: Path, kind: str = "garbage") -> bytes:
    """Damage a transcript; its bytes since."""
    trial.config.damage(path, kind)
    return path.read_bytes()


def quarantined(trial: Trial, way: str, kind: str = "garbage") -> tuple[Path, bytes]:
    """A damaged transcript that went through the quarantine, one way or the other; its old name and its bytes."""
    if way == "call":
        path = written(trial)
        data = harmed(trial, path, kind)
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    else:
        path = begun(trial)
        data = harmed(trial, path, kind)
        trial.succeeded(dispatch_again(trial), given=f"a dispatch of a workspace whose transcript is {told(kind)}")
    return path, data


def dispatch_again(trial: Trial, prompt: str = "second prompt") -> DispatchResult:
    """A dispatch of the workspace that :func:`begun` began; Claude may be started twice in it."""
    seen = len(trial.starts)
    result = trial.manager.dispatch(prompt, workspace_id=WORKSPACE, timeout=45)
    number = len(trial.starts) - seen
    trial.judge(
        1 <= number <= 2,
        given="a dispatch of a workspace whose transcript was tampered with",
        expected="one or two starts of Claude",
        seen=f"{number} starts, {result}",
    )
    return result


def told(kind: str) -> str:
    """A damage in words."""
    return f"{kind.replace('_', ' ')} ({DAMAGES[kind].description})"


def backups(path: Path) -> list[Path]:
    """What was set aside of a transcript: `<id>.jsonl.bak`, or that with a suffix."""
    return sorted(entry for entry in path.parent.iterdir() if entry.name.startswith(f"{path.name}.bak"))


def kept_aside(trial: Trial, path: Path, *contents: bytes, given: str) -> list[Path]:
    """Judge that each of these contents is in a `.bak` of its own beside the transcript, and give these files."""
    found = {_sha(backup.read_bytes()): backup for backup in backups(path) if backup.is_file()}
    trial.judge(
        all(_sha(content) in found for content in contents),
        given=given,
        expected=f"{path.name}.bak, or that with a suffix, for each of sha256 {[_sha(c)[:12] for c in contents]}",
        seen=f"{ {file.name: sha[:12] for sha, file in found.items()} } among {names_in(path.parent)}",
    )
    return [found[_sha(content)] for content in contents]


def left_alone(trial: Trial, path: Path, data: bytes, *, given: str) -> None:
    """Judge that the transcript has its name and begins with its bytes (a resume appends), and nothing was copied."""
    seen = path.read_bytes() if path.is_file() else None
    trial.judge(
        seen is not None and seen.startswith(data) and not backups(path),
        given=given,
        expected=f"{path.name} is where it was with its bytes, and no .bak",
        seen=f"{'other bytes' if seen is not None else 'it is gone'}, {names_in(path.parent)}",
    )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names_in(directory: Path) -> list[str]:
    """What is in a directory."""
    return sorted(entry.name for entry in directory.iterdir())
