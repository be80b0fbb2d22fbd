"""Conversations to order: the records of some turns in a release's own form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from ..claude.forms import iso_time
from ..claude.release import Release, parse_version
from ..claude.transcript import Turn as TurnRecords
from .instant import epoch_ms

Ask = str | tuple[str, str | None]
"""A turn to build: a prompt, or a prompt and its reply (None: it was never answered)."""

STEP = dt.timedelta(minutes=1)
"""Between one turn and the next."""

THOUGHT = dt.timedelta(seconds=1)
"""Between a prompt and its reply. With equal time stamps 1.0.0 takes the prompt for the end of the conversation."""


def asked(turns: int | Iterable[Ask]) -> list[tuple[str, str | None]]:
    """The prompts and replies of what a test asked for.

    :param turns: how many ("prompt 1", "reply 1", ...), or a prompt or a pair for each.
    :raises ValueError: for a negative number.
    """
    if isinstance(turns, int):
        if turns < 0:
            raise ValueError(f"turns={turns}: a conversation has no turn (0) or more")
        return [(f"prompt {n}", f"reply {n}") for n in range(1, turns + 1)]
    return [(turn, f"reply {n}") if isinstance(turn, str) else turn for n, turn in enumerate(turns, 1)]


def conversation_records(
    release: Release,
    turns: Sequence[tuple[str, str | None]],
    *,
    session_id: str,
    cwd: str,
    now: dt.datetime,
    parent: str | None = None,
    number: int = 1,
    title: str | None = None,
) -> list[dict[str, Any]]:
    """The records of a conversation, in the order in which a release would have written them.

    The last record of a turn bears the turn's instant: its reply, a second after the prompt, or the prompt that
    nobody answered.

    :param release: whose form.
    :param turns: prompts and replies.
    :param session_id: what the records name.
    :param cwd: what the records name.
    :param now: when the last turn was; each one before it was a minute earlier.
    :param parent: UUID of the record to follow; None for a new conversation.
    :param number: of the first of these turns in the conversation, from 1.
    :param title: written as the release writes one; None for none.
    """
    records: list[dict[str, Any]] = []
    for n, (prompt, reply) in enumerate(turns):
        at = now - (len(turns) - 1 - n) * STEP
        asked_at = _seconds(at if reply is None else at - THOUGHT)
        turn = TurnRecords(
            release,
            session_id=session_id,
            cwd=cwd,
            prompt=prompt,
            now=asked_at,
            parent=parent,
            number=number + n,
        )
        records += turn.prompt_records()
        if reply is None:
            records += turn.late_records()
        else:
            turn.at(_seconds(at))
            records += _answered(turn.answer_records(reply), asked_at)
        parent = turn.leaf
    if title is not None:
        records = _titled(records, release, title, session_id, parent)
    return records


def _answered(records: list[dict[str, Any]], asked_at: float) -> list[dict[str, Any]]:
    """An answer's records; a prompt's own that older releases write only now keep the time of the prompt."""
    for record in records:
        if record["type"] == "assistant":
            break
        if "timestamp" in record:
            record["timestamp"] = iso_time(asked_at)
    return records


def _seconds(moment: dt.datetime) -> float:
    return epoch_ms(moment) / 1000


def _titled(
    records: list[dict[str, Any]], release: Release, title: str, session_id: str, leaf: str | None
) -> list[dict[str, Any]]:
    if parse_version(release.version) >= _CUSTOM_TITLES:
        return [*records, {"type": "custom-title", "customTitle": title, "sessionId": session_id}]
    return [{"type": "summary", "summary": title, "leafUuid": leaf}, *records]


# Before 2.0.77 a title is a summary record at the top of the file (seen in the programs' own code).
_CUSTOM_TITLES = (2, 0, 77)
