"""Partial messages: a text as `--include-partial-messages` prints it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..claude.forms import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .composer import Composer
    from .script import Frame


def partial(make: Composer, text: str, pieces: Sequence[str] | None, parent: str | None) -> Iterator[Frame]:
    """The events around the assistant frame, which stands before the block's end, as measured.

    :param pieces: the deltas; None is the words with the space before them.
    """
    status = make.forms["stream_status"]
    if status is not None:
        yield fill(status, {"session_id": make.session_id})
    whole = make.text(text, parent)
    message = {**whole["message"], "content": [], "stop_reason": None, "stop_sequence": None}
    ids = {"message_id": message["id"], "parent": parent}
    start = {"type": "message_start", "message": message}
    yield _event(make, start, ttft_ms=1, thinking_display="updates", **ids)
    yield _event(
        make, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, **ids
    )
    for piece in pieces or re.findall(r"\s*\S+|\s+$", text):
        delta = {"type": "text_delta", "text": piece}
        yield _event(make, {"type": "content_block_delta", "index": 0, "delta": delta}, **ids)
    yield whole
    yield _event(make, {"type": "content_block_stop", "index": 0}, **ids)
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _event(make, {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}}, **ids)
    yield _event(make, {"type": "message_stop"}, **ids)


def _event(make: Composer, event: dict[str, Any], **values: Any) -> Frame:
    return make.filled("stream_event", event=event, **{"ttft_ms": None, "thinking_display": None, **values})
