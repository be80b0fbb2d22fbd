"""`sessions-index.json`: a project's index of its conversations, which some releases kept and which goes stale.

The form is the one in the program of 2.0.77; 2.1.30 dropped the index (HIS-04, failure mode 123).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from .instant import epoch_ms
from .transcript import Transcript

NAME: Final = "sessions-index.json"
_LONG_AGO: Final = datetime(2025, 1, 1, tzinfo=UTC)


def write_index(directory: Path, cwd: str, conversations: Iterable[Transcript | str]) -> Path:
    """Write a project's index anew.

    :param directory: the project directory; made when it is not there.
    :param cwd: the project's working directory.
    :param conversations: what it names: a transcript truly, an id as a conversation that need not exist.
    """
    entries = [_entry(directory, cwd, conversation) for conversation in conversations]
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / NAME
    path.write_text(json.dumps({"version": 1, "entries": entries}, indent=2), encoding="utf-8")
    return path


def _entry(directory: Path, cwd: str, conversation: Transcript | str) -> dict[str, Any]:
    if isinstance(conversation, str):
        path, prompt, count = directory / f"{conversation}.jsonl", "a prompt", 2
        started = ended = _LONG_AGO
    else:
        path, count = conversation.path, 2 * len(conversation.turns)
        prompt = conversation.prompts[0] if conversation.prompts else "No prompt"
        started, ended = conversation.started_at or _LONG_AGO, conversation.ended_at or _LONG_AGO
    return {
        "sessionId": path.name.removesuffix(".jsonl"),
        "fullPath": str(path),
        "fileMtime": epoch_ms(ended),
        "firstPrompt": prompt,
        "messageCount": count,
        "created": _iso(started),
        "modified": _iso(ended),
        "gitBranch": "",
        "projectPath": cwd,
        "isSidechain": False,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
