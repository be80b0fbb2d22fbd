"""An empty pytest run with the plug-in, against the same without it, and beside what others cost."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.environments import environment, with_the_checkout
from benchmarks.pairs import CHECKOUT, command, in_turn, peak_mib
from benchmarks.result import Growth, Limit, Row, compared
from benchmarks.scale import STARTED_WITH, Scale

OTHERS = ("pyfakefs", "hypothesis", "pytest-asyncio", "pytest-httpserver", "claude-agent-cassette")
OFF = ("-p", "no:claude_sessions")
TYPED = "python -m pytest -q -p no:cacheprovider"


def measure(scale: Scale, root: Path) -> Row:
    """Make the environments, and run in each of them."""
    made = {name: environment(scale.environments / name, ["pytest>=9,<10", name]) for name in OTHERS}
    made["bare pytest"] = environment(scale.environments / "bare", ["pytest>=9,<10"])
    made["the six dependencies"] = environment(scale.environments / "dependencies", dependencies())
    ours = with_the_checkout(scale.environments / "ours", ["pytest>=9,<10"])
    env = {name: value for name, value in STARTED_WITH.items() if not name.startswith(("PYTEST", "PYTHON"))}
    env["HOME"] = str(root / "home")
    project = files(root / "1", 1)

    def argv(python: Path, *more: str) -> list[str]:
        return [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]

    on, off = command(argv(ours), project, env), command(argv(ours, *OFF), project, env)
    with_it, without_it = in_turn(on, off, rounds=scale.rounds(30, 3), warm=1)
    names = ["pytest-claude-sessions", *made]
    pythons = [ours, *made.values()]
    times = in_turn(*(command(argv(python), project, env) for python in pythons), rounds=scale.rounds(10, 2), warm=1)
    beside = {name: statistics.median(found) for name, found in zip(names, times, strict=True)}
    bare = times[names.index("bare pytest")]
    extra = {
        name: statistics.median(one - other for one, other in zip(found, bare, strict=True))
        for name, found in zip(names, times, strict=True)
    }
    cheapest = min(OTHERS, key=lambda name: extra[name])
    sizes = scale.sizes(10, 100, 1000)
    grown = []
    for size in sizes:
        directory = files(root / str(size), size)
        pair = in_turn(
            command(argv(ours), directory, env),
            command(argv(ours, *OFF), directory, env),
            rounds=scale.rounds(3, 1),
            warm=0,
        )
        grown.append(tuple(statistics.median(found) for found in pair))
    peaks = [
        (peak_mib(argv(ours), root / str(size), env), peak_mib(argv(ours, *OFF), root / str(size), env))
        for size in sizes
    ]
    return Row(
        "start_up",
        "Start-up of pytest",
        comparisons=(
            compared(
                "an empty run with the plug-in",
                "the same environment without it",
                with_it,
                without_it,
                bar=1.03,
                commands=(TYPED, f"{TYPED} {' '.join(OFF)}"),
            ),
        ),
        limits=(
            Limit("what the plug-in adds to bare pytest", 1000 * extra["pytest-claude-sessions"], "ms"),
            Limit(f"what the smallest of the other plug-ins adds ({cheapest})", 1000 * extra[cheapest], "ms"),
            Limit(
                "other plug-ins that add less",
                sum(extra[name] < extra["pytest-claude-sessions"] for name in OTHERS),
                "plug-ins",
                0,
            ),
        ),
        growth=(
            Growth(
                "a run with the plug-in",
                "test files",
                sizes,
                *zip(*((g[0], p[0]) for g, p in zip(grown, peaks, strict=True)), strict=True),
            ),
            Growth(
                "a run without it",
                "test files",
                sizes,
                *zip(*((g[1], p[1]) for g, p in zip(grown, peaks, strict=True)), strict=True),
            ),
        ),
        beside=beside,
    )


def dependencies() -> list[str]:
    """What the plug-in needs, as pyproject.toml tells."""
    import tomllib

    listed: list[str] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    return ["pytest>=9,<10", *listed]


def files(directory: Path, count: int) -> Path:
    """A project with test files that do nothing."""
    directory.mkdir(exist_ok=True)
    for number in range(count):
        (directory / f"test_{number}.py").write_text("def test_nothing(): pass\n")
    return directory
