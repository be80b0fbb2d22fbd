"""Conversations to order: the records of some turns in a release's own form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from ..claude.release import Release, parse_version
from ..claude.transcript import Turn as TurnRecords
from .instant import epoch_ms

Ask = str | tuple[str, str | None]
"""A turn to build: a prompt, or a prompt and its reply (None: it was never answered)."""

STEP = dt.timedelta(minutes=1)
"""Between one turn and the next."""


def asked(turns: int | Iterable[Ask]) -> list[tuple[str, str | None]]:
    """The prompts and replies of what a test asked for.

    Args:
        turns: how many ("prompt 1", "reply 1", ...), or a prompt or a pair for each.

    Raises:
        ValueError: for a negative number.
    """
    if isinstance(turns, int):
        if turns < 0:
            raise ValueError(f"turns={turns}: a conversation has no turn (0) or more")
        return [(f"prompt {n}", f"reply {n}") for n in range(1, turns + 1)]
    pairs = [(turn, None) if isinstance(turn, str) else turn for turn in turns]
    return [
        (prompt, f"reply {n}" if isinstance(turn, str) else reply)
        for n, ((prompt, reply), turn) in enumerate(zip(pairs, turns, strict=True), 1)
    ]


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

    Every record of a turn bears that turn's instant, so that the last one is the instant asked for.

    Args:
        release: whose form.
        turns: prompts and replies.
        session_id, cwd: what the records name.
        now: when the last turn was; each one before it was a minute earlier.
        parent: UUID of the record to follow; None for a new conversation.
        number: of the first of these turns in the conversation, from 1.
        title: written as the release writes one; None for none.
    """
    records: list[dict[str, Any]] = []
    first = epoch_ms(now) - (len(turns) - 1) * int(STEP.total_seconds() * 1000)
    for n, (prompt, reply) in enumerate(turns):
        turn = TurnRecords(
            release,
            session_id=session_id,
            cwd=cwd,
            prompt=prompt,
            now=(first + n * int(STEP.total_seconds() * 1000)) / 1000,
            parent=parent,
            number=number + n,
        )
        records += turn.prompt_records()
        if reply is not None:
            records += turn.answer_records(reply)
        parent = turn.leaf
    if title is not None:
        records = _titled(records, release, title, session_id, parent)
    return records


def _titled(
    records: list[dict[str, Any]], release: Release, title: str, session_id: str, leaf: str | None
) -> list[dict[str, Any]]:
    if parse_version(release.version) >= _CUSTOM_TITLES:
        return [*records, {"type": "custom-title", "customTitle": title, "sessionId": session_id}]
    return [{"type": "summary", "summary": title, "leafUuid": leaf}, *records]


# Before 2.0.77 a title is a summary record at the top of the file (seen in the programs' own code).
_CUSTOM_TITLES = (2, 0, 77)
