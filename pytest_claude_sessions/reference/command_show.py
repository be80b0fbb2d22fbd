"""How results are shown: rows for a person, one JSON document for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..manager import DispatchResult, SessionEntry, TmuxSession
from .history_prompts import readable

SHORTEST_ID = 8


def as_json(value: Any) -> str:
    """A result as one JSON document: paths as strings, instants in RFC 3339 and UTC."""
    return json.dumps(_plain(value), indent=1)


def entries(found: Sequence[SessionEntry]) -> str:
    """A row a conversation: when it was used last, its id as far as it tells it from the others, where, and what."""
    if not found:
        return "no conversations"
    length = _telling([entry.session_id or "" for entry in found])
    return "\n".join(_row(entry, length) for entry in found)


def results(done: Sequence[DispatchResult]) -> str:
    """A row a resume."""
    rows = [f"{result.session_id or '-'}  {'resumed' if result.ok else result.error}" for result in done]
    return "\n".join(rows) or "nothing to resume"


def windows(found: Sequence[TmuxSession]) -> str:
    """A row a tmux session."""
    return "\n".join(f"{session.name}: {session.windows} windows" for session in found) or "no tmux sessions"


def one_line(text: object) -> str:
    """A message as a terminal shows it, in one line."""
    return readable(" ".join(str(text).split()))


def _row(entry: SessionEntry, length: int) -> str:
    at = entry.timestamp.astimezone().strftime("%Y-%m-%d %H:%M")
    gone = "" if entry.resumable else "  (cannot be resumed)"
    shown = (entry.session_id or "-")[:length].ljust(length)
    return f"{at}  {shown}  {entry.project}  {entry.display}{gone}"


def _telling(ids: Iterable[str]) -> int:
    """How many characters tell these ids from each other."""
    distinct = {session_id.lower() for session_id in ids if session_id}
    length = SHORTEST_ID
    while len({session_id[:length] for session_id in distinct}) < len(distinct):
        length += 1
    return length


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
