"""An assistant message of the Messages API: content blocks, the JSON form, the server-sent events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from .errors import InvalidInput
from .request import ApiRequest

Block: TypeAlias = Mapping[str, Any]
Content: TypeAlias = str | Sequence[Block]
Event: TypeAlias = tuple[str, dict[str, Any]]

_BLOCK_FIELDS = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "tool_use": ("id", "name", "input"),
}
_CHARACTERS_PER_TOKEN = 4


def blocks(content: Content) -> list[dict[str, Any]]:
    """Content as checked blocks.

    :param content: a text, or blocks of type text, thinking or tool_use.
    :raises InvalidInput: when a block has another type or lacks a field.
    """
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    given: list[Any] | None = list(content) if isinstance(content, Sequence) else None
    if given is None or not all(isinstance(block, Mapping) for block in given):
        raise InvalidInput(f"a reply is a text or a list of content blocks, not {content!r}")
    for block in given:
        fields = _BLOCK_FIELDS.get(str(block.get("type")))
        if fields is None:
            raise InvalidInput(f"a block has type text, thinking or tool_use, not {block.get('type')!r}")
        missing = [name for name in fields if name not in block]
        if missing:
            raise InvalidInput(f"a {block['type']} block needs {', '.join(missing)}")
    return [dict(block) for block in given]


def tokens(text: str) -> int:
    """A made-up token count that grows with the text and is never 0."""
    return max(1, len(text) // _CHARACTERS_PER_TOKEN)


def request_tokens(request: ApiRequest) -> int:
    """The made-up token count of a request, the same for /v1/messages and count_tokens."""
    return tokens(json.dumps(request.messages))


def message(content: Sequence[Block], *, model: str, message_id: str, input_tokens: int) -> dict[str, Any]:
    """The JSON form of a whole message.

    :param content: checked blocks.
    :param model: the model's name, as it was asked for.
    :param message_id: `msg_...`; Claude Code tells messages apart by it.
    :param input_tokens: what the usage says of the request.
    """
    wants_tool = any(block["type"] == "tool_use" for block in content)
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(content),
        "stop_reason": "tool_use" if wants_tool else "end_turn",
        "stop_sequence": None,
        "usage": _usage(input_tokens, tokens(json.dumps(list(content)))),
    }


def _usage(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def events(whole: Mapping[str, Any], pieces: int = 1) -> list[Event]:
    """The events that stream a message, message_start to message_stop.

    :param whole: the message's JSON form.
    :param pieces: into how many deltas a text is split, at most one a character.
    """
    usage = whole["usage"]
    start = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    told: list[Event] = [("message_start", {"type": "message_start", "message": start})]
    for index, block in enumerate(whole["content"]):
        told.extend(_block_events(index, block, pieces))
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    spent = {"output_tokens": usage["output_tokens"]}
    told.append(("message_delta", {"type": "message_delta", "delta": delta, "usage": spent}))
    told.append(("message_stop", {"type": "message_stop"}))
    return told


def _block_events(index: int, block: Block, pieces: int) -> list[Event]:
    if block["type"] == "tool_use":
        empty: dict[str, Any] = {**block, "input": {}}
        given = json.dumps(block["input"], ensure_ascii=False)
        deltas = [{"type": "input_json_delta", "partial_json": given}]
    elif block["type"] == "thinking":
        empty = {**block, "thinking": "", "signature": ""}
        thought = _split(block["thinking"], pieces)
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in thought]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    else:
        empty = {**block, "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in _split(block["text"], pieces)]
    told: list[Event] = [
        ("content_block_start", {"type": "content_block_start", "index": index, "content_block": empty})
    ]
    for delta in deltas:
        told.append(("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}))
    told.append(("content_block_stop", {"type": "content_block_stop", "index": index}))
    return told


def _split(text: str, pieces: int) -> list[str]:
    length = max(1, -(-len(text) // pieces))
    return [text[at : at + length] for at in range(0, len(text), length)] or [text]


def encode(document: Any) -> bytes:
    """JSON in UTF-8, characters as they are; escapes only where UTF-8 cannot carry them (lone surrogates)."""
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def encode_event(event: Event) -> bytes:
    """One server-sent event as it goes over the wire."""
    name, data = event
    return b"event: " + name.encode() + b"\ndata: " + encode(data) + b"\n\n"
