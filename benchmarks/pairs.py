"""Two ways to do a thing, run in turn: what one costs against the other, whatever else the machine is doing."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def in_turn(ours: Callable[[], None], theirs: Callable[[], None], rounds: int) -> tuple[list[float], list[float]]:
    """Wall times in s of both, one after the other, the first pair thrown away; which goes first alternates."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        order = ((0, ours), (1, theirs)) if number % 2 else ((1, theirs), (0, ours))
        for index, work in order:
            started = time.perf_counter()
            work()
            if number:
                times[index].append(time.perf_counter() - started)
        print(f"\r{number}/{rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return times


def command(argv: Sequence[str], cwd: Path, env: dict[str, str] | None = None) -> Callable[[], None]:
    """Run a program to its end."""

    def run() -> None:
        done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{argv} ended with {done.returncode}: {done.stdout[-2000:]!r} {done.stderr[-2000:]!r}")

    return run


def peak_memory(argv: Sequence[str], cwd: Path, env: dict[str, str] | None = None) -> float:
    """A program's peak resident size in MiB.

    Started by a small process: a child's peak counts what its parent held before the exec.
    """
    starter = (
        "import os, sys\n"
        "pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=["
        "(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])\n"
        "print(os.wait4(pid, 0)[2].ru_maxrss)"
    )
    words = [sys.executable, "-ISc", starter, *argv]
    told = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


def save(name: str, ours: Sequence[float], theirs: Sequence[float], bar: float, **more: Any) -> None:
    """Keep the result of two ways.

    :param bar: what the ratio may be at most
    """
    ratio = statistics.median(ours) / statistics.median(theirs)
    result = {
        "rounds": len(ours),
        "ours_median_s": round(statistics.median(ours), 5),
        "theirs_median_s": round(statistics.median(theirs), 5),
        "ratio": round(ratio, 4),
        "bar": bar,
        "met": ratio <= bar,
        **more,
    }
    keep(name, result)


def keep(name: str, result: dict[str, Any]) -> None:
    """Keep a result beside the command that repeats it, and say it."""
    command = f"python benchmarks/{Path(sys.argv[0]).name}"
    told = {"command": command, "date": date.today().isoformat(), "python": platform.python_version(), **result}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")
    print(f"{name}: {json.dumps(told)}")
