"""A request and its answer through the stdio door, without the subject's own work: at most 150 us at the median.

The driver at the other end does the least that a driver can: it reads a line and writes one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from pairs import keep

from pytest_claude_sessions.door.stdio import StdioDoor
from pytest_claude_sessions.environment import make_environment

BAR_US = 150
REQUESTS = 5000
DRIVER = """
import os
answers = {b"initialize": b'{"protocol":1,"name":"least","capabilities":["store"]}'}
buffer = b""
while chunk := os.read(0, 65536):
    buffer += chunk
    while b"\\n" in buffer:
        line, _, buffer = buffer.partition(b"\\n")
        number, method = line.split(b'"id":')[1].split(b",")[0], line.split(b'"method":"')[1].split(b'"')[0]
        os.write(1, b'{"jsonrpc":"2.0","id":%b,"result":%b}\\n' % (number, answers.get(method, b"null")))
        if method == b"shutdown":
            raise SystemExit
"""

with tempfile.TemporaryDirectory() as name:
    door = StdioDoor((sys.executable, "-ISc", DRIVER))
    session = door.open(make_environment(Path(name), Path("claude"), {}))
    times: list[float] = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        session.call("get_session", {"key": "a key of usual length"}, 60)
        times.append(time.perf_counter() - started)
    session.close()
    door.close()
micros = sorted(1e6 * seconds for seconds in times[100:])
median = statistics.median(micros)
keep(
    "stdio",
    {
        "requests": len(micros),
        "median_us": round(median, 1),
        "p90_us": round(micros[len(micros) * 9 // 10], 1),
        "bar_us": BAR_US,
        "met": median <= BAR_US,
    },
)
