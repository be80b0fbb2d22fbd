"""A request and its answer through the stdio door, against a pipe echo in Python of the same bytes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from benchmarks.pairs import in_turn, inside_peak
from benchmarks.result import Growth, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.door.protocol import METHODS, instant_text, to_wire
from pytest_claude_sessions.door.schema import wrong_with
from pytest_claude_sessions.door.stdio import StdioDoor
from pytest_claude_sessions.environment import make_environment

# The least that a driver can do: it reads a line and writes one. The key comes back as the session id, so that the
# answer grows with the request, and an echo carries the same bytes.
DRIVER = """
import os
buffer = b""
while chunk := os.read(0, 1 << 20):
    buffer += chunk
    while b"\\n" in buffer:
        line, _, buffer = buffer.partition(b"\\n")
        number = line.split(b'"id":', 1)[1].split(b",", 1)[0]
        method = line.split(b'"method":"', 1)[1].split(b'"', 1)[0]
        answer = b"null"
        if method == b"initialize":
            answer = b'{"protocol":1,"name":"least","capabilities":["store"]}'
        elif method == b"get_session":
            answer = b'"' + line.split(b'"key":"', 1)[1].split(b'"', 1)[0] + b'"'
        os.write(1, b'{"jsonrpc":"2.0","id":' + number + b',"result":' + answer + b'}\\n')
        if method == b"shutdown":
            raise SystemExit
"""
ECHO = """
import os
buffer = b""
while chunk := os.read(0, 1 << 20):
    buffer += chunk
    if buffer.endswith(b"\\n"):
        os.write(1, buffer)
        buffer = b""
"""
EACH = 500
"""Requests of one round."""


def measure(scale: Scale, root: Path) -> Row:
    """Both ends alive, in turn."""
    sizes = (100, 1_000, 10_000)
    seconds, mib, at_bar, floors = [], [], [[0.0], [0.0]], {}
    for size in sizes:
        door = StdioDoor((sys.executable, "-ISc", DRIVER))
        session = door.open(make_environment(root / str(size), Path("claude"), {}))
        echo = subprocess.Popen([sys.executable, "-ISc", ECHO], stdin=-1, stdout=-1, bufsize=0)
        key = "k" * size
        message = request(key)
        pair = in_turn(
            lambda session=session, key=key: timed(lambda: session.call("get_session", {"key": key}, 60)),
            lambda echo=echo, message=message: timed(lambda: echoed(echo, message)),
            rounds=scale.rounds(15, 5),
        )
        if size == sizes[0]:
            at_bar, floors = pair, parts(key)
        seconds.append(statistics.median(pair[0]))
        session.close()
        door.close()
        echo.stdin.close()
        echo.wait()
        echo.stdout.close()
        mib.append(inside_peak("stdio", "run", size, root / "run"))
    told = ", ".join(f"{name} {1e6 * took:.1f} µs" for name, took in floors.items())
    return Row(
        "stdio",
        "A request over stdio",
        comparisons=(
            compared(
                "a request and its answer through the stdio door",
                "a pipe echo in Python of the same bytes",
                *at_bar,
                bar=2.0,
                commands=(
                    "session.call('get_session', {'key': ...}, 60)",
                    "os.write(...), os.read(...); python -ISc ECHO",
                ),
            ),
        ),
        growth=(Growth("a request", "bytes of the key", sizes, tuple(seconds), tuple(mib)),),
        notes=(
            f"Of the {1e6 * seconds[0]:.0f} µs of a request: {told}. An echo neither makes nor reads JSON, holds "
            "nothing to a schema and has no time-out; the thread notices what a driver says unasked.",
        ),
    )


def request(key: str) -> bytes:
    """The line of such a request."""
    params = {"key": key, "now": "2026-11-21T12:00:00.000000Z"}
    message = {"jsonrpc": "2.0", "id": 1000, "method": "get_session", "params": params}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def timed(work: Callable[[], object]) -> float:
    """Seconds of one, the median of many."""
    times = []
    for _ in range(EACH):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def echoed(echo: subprocess.Popen[bytes], message: bytes) -> None:
    """Send a line and read it back."""
    os.write(echo.stdin.fileno(), message)
    left = len(message)
    while left:
        left -= len(os.read(echo.stdout.fileno(), left))


def parts(key: str) -> dict[str, float]:
    """What a request needs besides the pipe, in seconds, each alone."""
    from datetime import UTC, datetime

    params = {**to_wire({"key": key}), "now": instant_text(datetime.now(UTC))}
    message = {"jsonrpc": "2.0", "id": 1000, "method": "get_session", "params": params}
    answer = {"jsonrpc": "2.0", "id": 1000, "result": key}
    line = json.dumps(answer)
    return {
        "from the thread that reads to the one that waits": handed_over(),
        "parameters and time": timed(lambda: {**to_wire({"key": key}), "now": instant_text(datetime.now(UTC))}),
        "JSON": timed(lambda: (json.dumps(message, separators=(",", ":")), json.loads(line))),
        "both schemas": timed(
            lambda: (wrong_with(message, "get_session", "request"), wrong_with(answer, "get_session", "answer"))
        ),
        "the answer's type": timed(lambda: METHODS["get_session"].answer(key)),
    }


def handed_over() -> float:
    """Seconds in which a value gets from one thread to another that waits for it, with a time-out."""
    there: SimpleQueue[object] = SimpleQueue()
    back: SimpleQueue[object] = SimpleQueue()

    def answer() -> None:
        while there.get(timeout=60) is not None:
            back.put(1)

    thread = threading.Thread(target=answer)
    thread.start()

    def round_trip() -> None:
        there.put(1)
        back.get(timeout=60)

    took = timed(round_trip)
    there.put(None)
    thread.join()
    return took / 2


def run(size: str, root: str) -> None:
    """For the peak memory: some requests, in a process of its own."""
    door = StdioDoor((sys.executable, "-ISc", DRIVER))
    session = door.open(make_environment(Path(root), Path("claude"), {}))
    for _ in range(EACH):
        session.call("get_session", {"key": "k" * int(size)}, 60)
    session.close()
    door.close()
