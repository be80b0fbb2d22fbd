from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.api import ApiRequest, InvalidInput
from pytest_claude_sessions.api.message import blocks, encode_event, events, message, request_tokens

TEXT = st.text(st.characters()) | st.text(alphabet='a\r\n\u2028\u2029\x85\x00é☃𝕏\ud800"\\', max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
BLOCK = (
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXT})
    | st.fixed_dictionaries({"type": st.just("thinking"), "thinking": TEXT, "signature": TEXT})
    | st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": TEXT, "name": TEXT, "input": st.dictionaries(TEXT, JSON, max_size=3)}
    )
)


def read(body: bytes) -> list[tuple[str, Any]]:
    """Server-sent events by the rule of the standard: lines end in CR, LF or CRLF, a blank line ends an event."""
    lines = body.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told: list[tuple[str, Any]] = []
    name, data = "", list[str]()
    for line in lines:
        field, _, value = line.partition(": ")
        if line == "":
            if data:
                told.append((name, json.loads("\n".join(data))))
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        else:
            raise AssertionError(f"no server-sent event line: {line!r}")
    return told


def put_together(told: list[tuple[str, Any]]) -> dict[str, Any]:
    """The message that a client makes of a stream."""
    whole: dict[str, Any] = {}
    open_block: dict[str, Any] | None = None
    for name, data in told:
        assert data["type"] == name
        if name == "message_start":
            assert not whole
            whole = dict(data["message"])
        elif name == "content_block_start":
            assert open_block is None
            assert data["index"] == len(whole["content"])
            open_block = {**data["content_block"], "partial": ""}
        elif name == "content_block_delta":
            assert open_block is not None
            delta = dict(data["delta"])
            kind = delta.pop("type")
            if kind == "input_json_delta":
                open_block["partial"] += delta["partial_json"]
            else:
                (field,) = delta
                assert kind == f"{field}_delta"
                open_block[field] += delta[field]
        elif name == "content_block_stop":
            assert open_block is not None
            partial = open_block.pop("partial")
            whole["content"].append({**open_block, "input": json.loads(partial)} if partial else open_block)
            open_block = None
        elif name == "message_delta":
            whole.update(data["delta"])
            whole["usage"] = {**whole["usage"], **data["usage"]}
    assert open_block is None
    assert told[-1][0] == "message_stop"
    return whole


@given(content=TEXT | st.lists(BLOCK, max_size=4), pieces=st.integers(1, 5))
def test_a_stream_puts_together_the_message_whatever_the_text(content: Any, pieces: int) -> None:
    whole = message(blocks(content), model="m", message_id="msg_1", input_tokens=3)
    body = b"".join(encode_event(event) for event in events(whole, pieces))
    assert put_together(read(body)) == whole


@given(text=TEXT, pieces=st.integers(1, 6))
def test_a_text_comes_in_no_more_pieces_than_asked_for(text: str, pieces: int) -> None:
    whole = message(blocks(text), model="m", message_id="msg_1", input_tokens=3)
    deltas = [data for name, data in events(whole, pieces) if name == "content_block_delta"]
    assert 1 <= len(deltas) <= pieces
    assert len(deltas) == pieces or len(text) % pieces or len(text) < pieces


def test_characters_go_over_the_wire_as_they_are() -> None:
    whole = message(blocks("é☃𝕏"), model="m", message_id="msg_1", input_tokens=3)
    assert "é☃𝕏".encode() in b"".join(encode_event(event) for event in events(whole))


def test_the_events_are_those_of_the_api(events_of: Callable[[bytes], list[tuple[str, Any]]]) -> None:
    whole = message(blocks("hi"), model="m", message_id="msg_1", input_tokens=3)
    told = events_of(b"".join(encode_event(event) for event in events(whole)))
    assert [name for name, _ in told] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_the_stop_reason_follows_the_content() -> None:
    tool = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
    assert message(blocks("hi"), model="m", message_id="i", input_tokens=1)["stop_reason"] == "end_turn"
    assert message(blocks([tool]), model="m", message_id="i", input_tokens=1)["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (7, "a reply is a text or a list of content blocks, not 7"),
        (["text"], "a reply is a text or a list of content blocks"),
        ({"type": "text", "text": "no list"}, "a reply is a text or a list of content blocks"),
        ([{"type": "image"}], "text, thinking or tool_use, not 'image'"),
        ([{"type": "tool_use", "name": "Bash"}], "a tool_use block needs id, input"),
    ],
)
def test_what_is_no_content_is_refused_in_one_line(content: Any, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        blocks(content)
    assert "\n" not in str(caught.value)


@given(st.lists(TEXT, max_size=3))
def test_a_longer_conversation_never_counts_fewer_tokens(texts: list[str]) -> None:
    def count(sent: list[str]) -> int:
        return request_tokens(ApiRequest("POST", "/v1/messages", body={"messages": sent}))

    assert 1 <= count(texts) <= count([*texts, "more words"])
