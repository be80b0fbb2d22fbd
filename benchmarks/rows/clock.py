"""A move of `claude_clock` with many modules loaded, against freezegun; time-machine beside it."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

from benchmarks.environments import with_the_checkout
from benchmarks.pairs import CHECKOUT, in_turn, inside, inside_env
from benchmarks.result import Growth, Row, compared
from benchmarks.scale import Scale

BAR_AT = 1
WAYS = (
    "a move of claude_clock",
    "freeze_time start and stop",
    "time-machine travel",
    "claude_clock freeze and release",
)


def measure(scale: Scale, root: Path) -> Row:
    """In an environment of its own: time-machine brings a pytest plug-in along."""
    python = with_the_checkout(scale.environments / "clock", ["pytest>=9,<10", "freezegun>=1.5", "time-machine"])
    sizes = scale.sizes(100, 1_000, 10_000)
    found, mib = [], []
    for size in sizes:
        argv = inside("clock", "run", size, scale.rounds(21, 5), python=str(python))
        done = subprocess.run(argv, cwd=CHECKOUT, env=inside_env(), capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        found.append(told["times"])
        mib.append(told["mib"])
    at_bar = dict(zip(WAYS, found[BAR_AT], strict=True))
    medians = [[statistics.median(times) for times in size] for size in found]
    return Row(
        "clock",
        "The frozen clock",
        comparisons=(
            compared(
                f"a move of claude_clock, {sizes[BAR_AT]:,} modules",
                "freezegun's freeze_time, start and stop",
                at_bar[WAYS[0]],
                at_bar[WAYS[1]],
                bar=1.0,
                commands=("claude_clock.advance(seconds=1)", "freeze_time('2026-01-01'): start(), stop()"),
            ),
            compared(
                f"a freeze and a release of claude_clock, {sizes[BAR_AT]:,} modules",
                "freezegun's freeze_time, start and stop",
                at_bar[WAYS[3]],
                at_bar[WAYS[1]],
                bar=None,
                commands=("Clock(): freeze(), release()", "freeze_time('2026-01-01'): start(), stop()"),
            ),
        ),
        growth=tuple(
            Growth(way, "modules", sizes, tuple(size[place] for size in medians), tuple(mib))
            for place, way in enumerate(WAYS)
        ),
        beside=at_bar and {way: statistics.median(times) for way, times in at_bar.items()},
        notes=(
            "time-machine replaces the interpreter's own functions, so modules cost it nothing; what a child process "
            "sees it leaves alone.",
        ),
    )


def run(size: str, rounds: str) -> None:
    """In the environment's Python: times of each way and the peak, as JSON."""
    import resource

    import time_machine
    from freezegun import freeze_time

    from pytest_claude_sessions.clock import Clock

    # Modules as programs have them: most names are their own, a few are of `time` and `datetime`.
    for number in range(int(size)):
        module = types.ModuleType(f"loaded_{number}")
        vars(module).update({f"name_{each}": each for each in range(30)}, datetime=dt.datetime, now=time.time)
        sys.modules[module.__name__] = module

    def moved() -> float:
        with Clock() as clock:
            clock.freeze()
            return timed(lambda: clock.advance(seconds=1))

    def frozen() -> None:
        freezer = freeze_time("2026-01-01")
        freezer.start()
        freezer.stop()

    def travelled() -> None:
        traveller = time_machine.travel("2026-01-01", tick=False)
        traveller.start()
        traveller.stop()

    def released() -> None:
        clock = Clock()
        clock.freeze()
        clock.release()

    times = in_turn(moved, frozen, travelled, released, rounds=int(rounds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "mib": peak}))


def timed(work: Callable[[], object], times: int = 100) -> float:
    """Seconds of one, measured over many: a move takes microseconds."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times
