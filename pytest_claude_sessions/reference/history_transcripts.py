"""What a listing needs of the transcripts: which are conversations, where they began, when they ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from .history_prompts import instant_of
from .identity import is_id
from .lines import lines_from_end, record_in, records_from_start

LAST_LINES = 200
"""How many lines from the end the last time stamp is looked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first records of a conversation tell.

    :param cwd: where it was started, None when no record says so; never taken from the directory's name (HIS-09)
    :param prompt: the first one, in full
    """

    cwd: str | None
    prompt: str


def transcript_files(config_dir: Path) -> dict[str, tuple[Path, datetime]]:
    """Every transcript by its id, with the file's time stamp; of two with one id the newer.

    One level below `projects/`, named by a UUID, and a file: no subagent's, none that was set aside (HIS-04).
    """
    found: dict[str, tuple[Path, datetime]] = {}
    for directory in _entries(config_dir / "projects"):
        for entry in _entries(directory.path):
            session_id = entry.name.removesuffix(".jsonl").lower()
            if not entry.name.endswith(".jsonl") or not is_id(session_id):
                continue
            try:
                if not entry.is_file(follow_symlinks=False):
                    continue
                at = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
            except (OSError, ValueError, OverflowError):
                continue
            if session_id not in found or found[session_id][1] < at:
                found[session_id] = (Path(entry.path), at)
    return found


def opening_of(path: Path) -> Opening | None:
    """The beginning of the conversation, None when the file holds none: bookkeeping alone, or a subagent's work."""
    cwd: str | None = None
    prompt: str | None = None
    found = False
    for record in records_from_start(path):
        where = record.get("cwd")
        cwd = where if cwd is None and isinstance(where, str) and where else cwd
        if is_spoken(record):
            found = True
            prompt = prompt_of(record) if prompt is None else prompt
        if cwd is not None and prompt is not None:
            break
    return Opening(cwd, prompt or "") if found else None


def prompts_in(path: Path) -> Iterator[str]:
    """Every prompt of a conversation."""
    return (
        prompt for record in records_from_start(path) if is_spoken(record) and (prompt := prompt_of(record)) is not None
    )


def ended_at(path: Path) -> datetime | None:
    """The time of the last record that bears one."""
    for line in islice(lines_from_end(path), LAST_LINES):
        record = record_in(line)
        at = instant_of(record.get("timestamp")) if record else None
        if at is not None:
            return at
    return None


def is_spoken(record: dict[str, Any]) -> bool:
    """Whether a record is a part of the main conversation."""
    kind = record.get("type")
    return kind in ("user", "assistant") and isinstance(record.get("message"), dict) and not record.get("isSidechain")


def prompt_of(record: dict[str, Any]) -> str | None:
    """The text that a user sent, None for a record that is no prompt."""
    if record.get("type") != "user" or record.get("isMeta") or record.get("isCompactSummary"):
        return None
    content = record["message"].get("content")
    if isinstance(content, str):
        return content
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    if any(block.get("type") == "tool_result" for block in blocks):
        return None
    texts = [text for block in blocks if block.get("type") == "text" and isinstance(text := block.get("text"), str)]
    return "\n".join(texts) if texts else None


def _entries(directory: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []
