"""What was typed: the lines of `history.jsonl`, and texts made fit to be shown (HIS-01, HIS-03, HIS-10)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .identity import is_id
from .lines import lines_from_end, record_in

SHOWN = 1000
"""Characters of a prompt that an entry shows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S, _FIRST_MS = 10**9, 10**11
"""2001 in epoch seconds, 1973 in epoch ms: what is between them was meant as seconds, what is less as neither."""

_INVISIBLE = {"Cc", "Cs", "Zl", "Zp"}
_TURNS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Typed:
    """A line of the history: a prompt, not a conversation.

    :param session_id: the conversation's
    :param at: when it was sent
    :param project: the directory that it was typed in, None when the line does not say
    :param prompt: the text, in full
    """

    session_id: str
    at: datetime
    project: str | None
    prompt: str


def typed_lines(path: Path) -> Iterator[Typed]:
    """What can be read of a history, the last line first; a line that is none is passed by."""
    for line in lines_from_end(path):
        record = record_in(line)
        if record is None:
            continue
        session_id, at = record.get("sessionId"), instant_of(record.get("timestamp"))
        if not is_id(session_id) or at is None:
            continue
        project, prompt = record.get("project"), record.get("display")
        yield Typed(
            session_id.lower(),
            at,
            project if isinstance(project, str) and project else None,
            prompt if isinstance(prompt, str) else "",
        )


def instant_of(stamp: Any) -> datetime | None:
    """An instant from epoch ms (or seconds, by their size) or an ISO text, None when it is none of them."""
    try:
        if isinstance(stamp, str) and "-" in stamp:
            at = datetime.fromisoformat(stamp)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if isinstance(stamp, bool) or not isinstance(stamp, (int, float)) or stamp < _FIRST_S:
            return None
        return _EPOCH + timedelta(milliseconds=int(stamp if stamp >= _FIRST_MS else stamp * 1000))
    except (ValueError, OverflowError):
        return None


def readable(text: str, longest: int | None = None) -> str:
    """A text that a terminal shows as it is, and as one row: what would act on it is escaped.

    :param longest: characters after which it is cut, None for as long as it is
    """
    cut = text if longest is None or len(text) <= longest else text[:longest] + "…"
    return "".join(char if _is_harmless(char) else _escaped(char) for char in cut)


def _is_harmless(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE and char not in _TURNS_TEXT


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) > 0xFF else char.encode("unicode_escape").decode()
