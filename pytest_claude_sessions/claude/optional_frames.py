"""Frames that come only when the command line asks for them."""

from __future__ import annotations

from .forms import iso_time, new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .release import Release

    Frame = dict[str, Any]


def replayed(sent: Mapping[str, Any], *, session_id: str, now: float) -> Frame:
    """A user message printed again (--replay-user-messages).

    :param sent: the host's message.
    :param now: epoch seconds.
    """
    return {
        "type": "user",
        "message": sent["message"],
        "session_id": session_id,
        "parent_tool_use_id": None,
        "uuid": sent.get("uuid") or new_uuid(),
        "timestamp": iso_time(now),
        "isReplay": True,
    }


def partial(release: Release, *, session_id: str, text: str, model: str | None = None) -> list[Frame]:
    """The `stream_event` frames of an answer (--include-partial-messages)."""
    message: Frame = {
        "id": "msg_" + new_uuid()[:8],
        "type": "message",
        "role": "assistant",
        "model": model or release.behaviour["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    events: list[Frame] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return [
        {
            "type": "stream_event",
            "event": event,
            "session_id": session_id,
            "parent_tool_use_id": None,
            "uuid": new_uuid(),
        }
        for event in events
    ]


def with_begun(result: Mapping[str, Any], ids: list[str]) -> Frame:
    """A turn's result with the ids of the answers that it began (--include-partial-messages)."""
    made: Frame = {}
    for key, value in result.items():
        made[key] = value
        if key == "uuid":
            made["begun_message_ids"] = ids
    return made
