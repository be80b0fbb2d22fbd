"""Set-up and tear-down of `claude_environment`, of which nothing is used, against `tmp_path` alone."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks.pairs import CHECKOUT, Failed, peak_mib
from benchmarks.result import Growth, Row, compared
from benchmarks.scale import Scale

TYPED = "python -m pytest -q --basetemp DIR"
# Both fixtures in turn in one run, as a project has them; each test tells what its set-up and tear-down took.
TIMES = """
import json, time, pytest
times = {"ours": [], "theirs": []}

def timed(item):
    started = time.perf_counter()
    result = yield
    item.took = getattr(item, "took", 0.0) + time.perf_counter() - started
    return result

@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from timed(item))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    result = yield from timed(item)
    times[item.name.split("_")[1]].append(item.took)
    return result

def pytest_sessionfinish():
    with open("times.json", "w") as file:
        json.dump(times, file)
"""


def measure(scale: Scale, root: Path) -> Row:
    """Run tests that do nothing but ask for the one or the other."""
    sizes = scale.sizes(10, 100, 1000)
    seconds, mib, found = [], [], {}
    for size in sizes:
        project = tests(root / str(size), size)
        argv, env = command(project), environment()
        done = subprocess.run(argv, cwd=project, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(done.stdout[-2000:] + done.stderr[-2000:])
        found = json.loads((project / "times.json").read_text())
        seconds.append(sum(found["ours"]))
        mib.append(peak_mib(argv, project, env))
    parts = inherent(root / "parts", scale.rounds(200, 50))
    base = statistics.median(found["theirs"])
    told = ", ".join(f"{name} {1e6 * took:.0f} µs" for name, took in parts.items())
    return Row(
        "fixture",
        "The fixture claude_environment",
        comparisons=(
            compared(
                "set-up and tear-down of claude_environment, nothing used",
                "tmp_path alone",
                found["ours"][5:],
                found["theirs"][5:],
                bar=2.0,
                commands=(
                    f"{TYPED}  (def test_it(claude_environment): pass)",
                    f"{TYPED}  (def test_it(tmp_path): pass)",
                ),
            ),
        ),
        growth=(Growth("set-ups and tear-downs in one run", "tests", sizes, tuple(seconds), tuple(mib)),),
        notes=(
            f"What the fixture promises, done by hand without any of our code, beside tmp_path's {1e6 * base:.0f} µs, "
            f"which it needs as well: {told}; {(base + sum(parts.values())) / base:.2f} times tmp_path together.",
        ),
    )


def tests(directory: Path, size: int) -> Path:
    """A project with so many tests of each kind, one after the other."""
    directory.mkdir()
    (directory / "conftest.py").write_text(TIMES)
    pair = "def test_ours_{0}(claude_environment): pass\ndef test_theirs_{0}(tmp_path): pass\n"
    (directory / "test_both.py").write_text("".join(pair.format(number) for number in range(size)))
    return directory


def command(project: Path) -> list[str]:
    """The run: in a directory of its own, so that pytest does not clear away older ones meanwhile."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_claude_sessions.plugin"]
    return [sys.executable, *words, "--basetemp", str(project / "base")]


def environment() -> dict[str, str]:
    """No other plug-in."""
    return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(CHECKOUT)}


def inherent(root: Path, rounds: int) -> dict[str, float]:
    """The parts of the kernel's work that the fixture promises, in seconds: the median of each."""
    root.mkdir()

    def directories(place: Path) -> None:
        # home, config with projects, work, state, managed settings, temporary files, the program's two
        names = ("home", "config", "config/projects", "work", "state", "managed", "tmp", "cli", "cli/bin", "cli/fake")
        for name in names:
            os.mkdir(f"{place}/{name}", 0o700)

    def program(place: Path) -> None:
        with open(f"{place}/claude", "w") as file:
            file.write("#!/bin/sh\n" * 40)
        os.chmod(f"{place}/claude", 0o755)

    def port(place: Path) -> None:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()

    def thread(place: Path) -> None:
        started = threading.Thread(target=int)
        started.start()
        started.join()

    named = {"ten directories": directories, "the program's file": program, "a port": port, "its thread": thread}
    times: dict[str, list[float]] = {name: [] for name in named}
    for number in range(rounds):
        place = root / str(number)
        place.mkdir()
        for name, work in named.items():
            started = time.perf_counter()
            work(place)
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}
