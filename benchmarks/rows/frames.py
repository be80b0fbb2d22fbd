"""The SDK's `query` through the transport of `claude_stream`, against its parser alone on the same frames."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from benchmarks.pairs import Failed, in_turn, inside_peak
from benchmarks.result import Growth, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.stream import Stream

BAR_AT = 1


def measure(scale: Scale, root: Path) -> Row:
    """In this process, in turn; memory in processes of its own."""
    try:
        from claude_agent_sdk import Transport
    except ImportError as error:
        raise Failed(f"claude-agent-sdk is not installed: {error}") from error
    assert Transport
    sizes = scale.sizes(1_000, 10_000, 100_000)
    seconds, pairs = [], []
    for size in sizes:
        stream = conversation(size)
        frames = stream.frames()
        rounds = scale.rounds(15, 3) if size <= sizes[BAR_AT] else 2
        times = in_turn(
            lambda stream=stream: queried(stream.rewind().transport()),
            lambda frames=frames: parsed(frames),
            lambda frames=frames: queried(least(frames)),
            rounds=rounds,
        )
        seconds.append(statistics.median(times[0]))
        pairs.append(times)
    ours, theirs, floor = pairs[BAR_AT]
    size = sizes[BAR_AT]
    share = statistics.median(one / other for one, other in zip(ours, floor, strict=True))
    least_ratio = statistics.median(one / other for one, other in zip(floor, theirs, strict=True))
    return Row(
        "frames",
        "Frames through the SDK",
        comparisons=(
            compared(
                f"query() through claude_stream's transport, {size:,} frames",
                "the SDK's parser alone on the same frames",
                ours,
                theirs,
                bar=1.5,
                commands=("query(prompt=..., transport=stream.transport())", "parse_message(frame) for each frame"),
            ),
            compared(
                f"query() through claude_stream's transport, {size:,} frames",
                "query() through a transport that only yields a list of frames",
                ours,
                floor,
                bar=None,
                commands=(
                    "query(prompt=..., transport=stream.transport())",
                    "query(prompt=..., transport=a Transport whose read_messages() is a loop over a list)",
                ),
            ),
        ),
        growth=(
            Growth(
                "query() through the transport",
                "frames",
                sizes,
                tuple(seconds),
                tuple(inside_peak("frames", "run", size) for size in sizes),
            ),
        ),
        notes=(
            f"The SDK's own query() costs {least_ratio:.2f} times its parser with a transport that does nothing but "
            "yield the frames of a list, as it hands each message from task to task; with ours it costs "
            f"{share:.2f} times what it costs with that one. What lies beyond the parser is the SDK's.",
        ),
    )


def conversation(size: int) -> Stream:
    """A turn of so many frames."""
    stream = Stream().init()
    for number in range(size - 2):
        stream.text(f"word {number}")
    return stream.result()


def parsed(frames: list[dict[str, Any]]) -> float:
    """Seconds of the parser alone, from frames as the transport gives them."""
    from claude_agent_sdk._internal.message_parser import parse_message

    started = time.perf_counter()
    for frame in frames:
        parse_message(frame)
    return time.perf_counter() - started


def queried(transport: Any) -> float:
    """Seconds of a query, its event loop running already."""
    import anyio
    from claude_agent_sdk import query

    async def ask() -> float:
        started = time.perf_counter()
        async for _ in query(prompt="hello", transport=transport):
            pass
        return time.perf_counter() - started

    return anyio.run(ask)


def least(frames: list[dict[str, Any]]) -> Any:
    """A transport that does the least that one can."""
    import anyio
    from claude_agent_sdk import Transport

    class Least(Transport):
        def __init__(self) -> None:
            self._asked = anyio.Event()
            self._answers: list[dict[str, Any]] = []

        async def connect(self) -> None:
            pass

        def is_ready(self) -> bool:
            return True

        async def write(self, data: str) -> None:
            message = json.loads(data)
            if message["type"] == "control_request":
                response = {"subtype": "success", "request_id": message["request_id"], "response": {}}
                self._answers.append({"type": "control_response", "response": response})
            self._asked.set()

        async def end_input(self) -> None:
            pass

        async def close(self) -> None:
            pass

        async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
            await self._asked.wait()
            for answer in self._answers:
                yield answer
            for frame in frames:
                yield frame

    return Least()


def run(size: str) -> None:
    """For the peak memory: one query, in a process of its own."""
    queried(conversation(int(size)).transport())
