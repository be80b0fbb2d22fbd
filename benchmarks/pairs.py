"""Two or more ways to do a thing, run in turn: what one costs against the other, whatever else the machine is doing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
Work = Callable[[], float | None]
"""Something to be timed; one that gives seconds has timed the part that counts by itself."""

# A child's peak counts what its parent held before the exec: the parent is a process that holds nothing.
_STARTER = (
    "import os, sys\n"
    "pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=["
    "(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])\n"
    "_, status, usage = os.wait4(pid, 0)\n"
    "print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)"
)


class Failed(Exception):
    """A program that was to be timed ended badly; what it said."""


def in_turn(*ways: Work, rounds: int, warm: int = 1) -> list[list[float]]:
    """Wall times in s of each, one after the other, which goes first moving on by one each round.

    :param rounds: how many count
    :param warm: how many before them are thrown away
    """
    times: list[list[float]] = [[] for _ in ways]
    for number in range(-warm, rounds):
        for place in range(len(ways)):
            index = (place + number) % len(ways)
            started = time.perf_counter()
            told = ways[index]()
            took = time.perf_counter() - started if told is None else told
            if number >= 0:
                times[index].append(took)
    return times


def command(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Work:
    """Run a program to its end.

    :raises Failed: when it does not end with 0
    """

    def run() -> None:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{argv} ended with {done.returncode}: {done.stdout[-2000:]!r} {done.stderr[-2000:]!r}")

    return run


def peak_mib(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """A program's peak resident size in MiB."""
    words = [sys.executable, "-ISc", _STARTER, *argv]
    given = dict(env) if env is not None else None
    told = subprocess.run(words, cwd=cwd, env=given, capture_output=True, text=True, check=True)
    status, size = told.stdout.split()
    if int(status):
        raise Failed(f"{argv} ended with {status}: {told.stderr[-2000:]}")
    return int(size) / 1024


def inside(row: str, *words: object, python: str = sys.executable) -> list[str]:
    """The command that does a part of a row in a process of its own, see `inside.py`."""
    return [python, "-m", "benchmarks.inside", row, *map(str, words)]


def inside_env() -> dict[str, str]:
    """The variables that such a process needs."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


def inside_peak(row: str, *words: object) -> float:
    """The peak of a part of a row in a process of its own, in MiB."""
    return peak_mib(inside(row, *words), CHECKOUT, inside_env())
