"""What was said in a conversation: the turns among its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """A prompt and what was answered.

    :ivar prompt: the text that the user sent.
    :ivar reply: the text of the answer; None when there is none.
    :ivar user_uuid: UUID of the prompt's record; None when it bears none.
    :ivar timestamp: when the prompt was recorded (UTC); None when it is missing or no time.
    :ivar is_error: the answer is the record of a failed request, such as a usage limit (`isApiErrorMessage`).
    """

    prompt: str
    reply: str | None
    user_uuid: str | None
    timestamp: datetime | None
    is_error: bool = False


def turns_in(records: Iterable[Record]) -> Iterator[Turn]:
    """The turns among the records, see `Transcript.turns`."""
    seen: set[str] = set()
    prompt: Record | None = None
    answers: list[Record] = []
    for record in records:
        uuid = record.get("uuid")
        if isinstance(uuid, str):
            if uuid in seen:
                continue
            seen.add(uuid)
        if _is_prompt(record):
            if prompt is not None:
                yield _turn(prompt, answers)
            prompt, answers = record, []
        elif prompt is not None and _is_spoken(record, "assistant"):
            answers.append(record)
    if prompt is not None:
        yield _turn(prompt, answers)


def _turn(prompt: Record, answers: list[Record]) -> Turn:
    uuid = prompt.get("uuid")
    return Turn(
        prompt=text_of(prompt["message"].get("content")),
        reply="\n".join(filter(None, [text_of(record["message"].get("content")) for record in answers]))
        if answers
        else None,
        user_uuid=uuid if isinstance(uuid, str) else None,
        timestamp=time_of(prompt.get("timestamp")),
        is_error=any(record.get("isApiErrorMessage") is True for record in answers),
    )


def _is_spoken(record: Record, record_type: str) -> bool:
    return (
        record.get("type") == record_type and isinstance(record.get("message"), dict) and not record.get("isSidechain")
    )


def _is_prompt(record: Record) -> bool:
    if not _is_spoken(record, "user") or record.get("isMeta") or record.get("isCompactSummary"):
        return False
    content = record["message"].get("content")
    if isinstance(content, list):
        return not any(isinstance(block, dict) and block.get("type") == "tool_result" for block in content)
    return isinstance(content, str)


def time_of(value: object) -> datetime | None:
    """A record's time stamp as an instant (UTC): an ISO text, or epoch milliseconds; None when it is neither."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def text_of(content: object) -> str:
    """The text of a message's content: the content itself, or that of its text blocks, one a line."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    blocks = [block for block in content if isinstance(block, dict) and block.get("type") == "text"]
    return "\n".join(text for block in blocks if isinstance(text := block.get("text"), str))
