"""The SDK, for the tests that need it, and one way to run it over a transport."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_claude_sessions.stream import Stream
from pytest_claude_sessions.stream.sdk import Sdk, load


@dataclass
class Run:
    """What came of one `query` or one client.

    :ivar messages: what the SDK gave, typed.
    :ivar error: what it raised.
    :ivar transport: the one used.
    :ivar stderr: what the callback got.
    """

    transport: Any
    messages: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stderr: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [type(message).__name__ for message in self.messages]

    @property
    def results(self) -> list[str | None]:
        return [message.result for message in self.messages if type(message).__name__ == "ResultMessage"]


@pytest.fixture(scope="session")
def sdk_module() -> Any:
    return pytest.importorskip("claude_agent_sdk", reason="claude-agent-sdk is not installed")


@pytest.fixture
def sdk(sdk_module: Any) -> Sdk:
    return load("the tests")


@pytest.fixture
def query(sdk_module: Any, sdk: Sdk) -> Callable[..., Run]:
    """`query(prompt=..., transport=...)` to its end, with a text or a list of texts as the prompt."""

    def run(stream: Stream, prompt: str | list[str] = "hello", *, options: Any = None, **given: Any) -> Run:
        complaints: list[str] = []
        if isinstance(prompt, str):
            given = {"prompt": prompt, **given}
        done = Run(stream.transport(stderr=complaints.append, **given), stderr=complaints)

        async def ask() -> None:
            asked = prompt if isinstance(prompt, str) else user_messages(prompt)
            async for message in sdk_module.query(prompt=asked, options=options, transport=done.transport):
                done.messages.append(message)

        with old_sdk_leaves_its_streams(sdk):
            try:
                asyncio.run(ask())
            except Exception as error:
                done.error = error
        return done

    return run


@pytest.fixture
def client(sdk_module: Any, sdk: Sdk) -> Callable[..., Run]:
    """`ClaudeSDKClient(transport=...)` with a test's own conversation, skipped where the client takes no transport."""
    if not sdk.client_takes_transport:
        pytest.skip(f"ClaudeSDKClient of claude-agent-sdk {sdk.version} takes no transport")

    def run(stream: Stream, talk: Callable[[Any, Run], Any], *, options: Any = None, **given: Any) -> Run:
        complaints: list[str] = []
        done = Run(stream.transport(stderr=complaints.append, **given), stderr=complaints)

        async def converse() -> None:
            async with sdk_module.ClaudeSDKClient(options, transport=done.transport) as client:
                await talk(client, done)

        with old_sdk_leaves_its_streams(sdk):
            try:
                asyncio.run(converse())
            except Exception as error:
                done.error = error
        return done

    return run


@contextmanager
def old_sdk_leaves_its_streams(sdk: Sdk) -> Iterator[None]:
    """The first versions never close their memory streams, which is a ResourceWarning of theirs, not of ours."""
    with warnings.catch_warnings():
        if not sdk.skips_noise:
            warnings.simplefilter("ignore", ResourceWarning)
        yield
        if not sdk.skips_noise:
            gc.collect()


async def user_messages(prompts: list[str]) -> AsyncIterator[dict[str, Any]]:
    for prompt in prompts:
        yield {
            "type": "user",
            "message": {"role": "user", "content": prompt},
            "parent_tool_use_id": None,
            "session_id": "",
        }


async def respond(client: Any, done: Run, prompt: str) -> None:
    """One prompt and the messages up to its result."""
    await client.query(prompt)
    async for message in client.receive_response():
        done.messages.append(message)
