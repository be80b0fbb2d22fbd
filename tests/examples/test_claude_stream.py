"""`claude_stream`: the frames of a run, for code that reads them or drives the SDK."""

from __future__ import annotations

import asyncio
import json

import pytest

from pytest_claude_sessions import Stream


def session_id_of(lines: list[str]) -> str | None:
    """Code under test: the id in the frame that ends a run."""
    for frame in map(json.loads, lines):
        if frame["type"] == "result":
            return str(frame["session_id"])
    return None


def test_id_is_taken_from_the_result(claude_stream: Stream) -> None:
    assert session_id_of(claude_stream.turn("hello").lines()) == claude_stream.session_id


def test_sdk_reads_it_as_messages_of_its_own(claude_stream: Stream) -> None:
    sdk = pytest.importorskip("claude_agent_sdk", reason="the SDK is not installed")

    async def answers() -> list[str]:
        messages = sdk.query(prompt="hello", transport=claude_stream.turn("hi there").transport())
        return [message.result async for message in messages if isinstance(message, sdk.ResultMessage)]

    assert asyncio.run(answers()) == ["hi there"]
