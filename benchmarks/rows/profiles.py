"""The card and the full profile on the reference manager: against what the fake's starts and mounts cost by
themselves, and with two workers of pytest-xdist."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.counting import VARIABLE
from benchmarks.pairs import command, in_turn, inside_env, peak_mib
from benchmarks.result import Growth, Limit, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.bind import ReadOnlyBind, mount
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.door.stdio import StdioDoor
from pytest_claude_sessions.environment import make_environment
from pytest_claude_sessions.suite.subject import REFERENCE

SUITE = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-conformance", "--claude-manager", "reference")
TYPED = "python -m pytest --claude-conformance --claude-manager reference"
WHOLE = {f"{name} profile": ["--claude-profile", name] for name in ("card", "full")}
SHORT = {"requirement RES-01 alone": ["--claude-requirement", "RES-01"]}
# One requirement, tried as so many releases behave: the same work again and again.
GROWN = "RES-01"


def measure(scale: Scale, root: Path) -> Row:
    """Whole runs; what is counted in them is then done alone."""
    parts = alone(root / "alone", scale.rounds(40, 3))
    comparisons, notes, limits = [], [], []
    for profile, chosen in (SHORT if scale.short else WHOLE).items():
        counts = root / "counts.json"
        env = {**inside_env(), VARIABLE: str(counts)}
        words = [sys.executable, *SUITE, "-p", "benchmarks.counting", *chosen]
        single, double = in_turn(
            command(words, root, env),
            command([*words, "-n", "2"], root, {**env, VARIABLE: os.devnull}),
            rounds=1,
            warm=0,
        )
        counted = json.loads(counts.read_text())
        inherent = counted["claude"] * parts["claude"] + counted.get("mount", 0) * parts["mount"]
        typed = f"{TYPED} {' '.join(chosen)}"
        comparisons += [
            compared(
                f"the {profile}",
                f"its {counted['claude']} starts of the fake and {counted.get('mount', 0)} mounts by themselves",
                single,
                [inherent],
                bar=1.5,
                commands=(
                    typed,
                    f"{counted['claude']} x claude -p hello, {counted.get('mount', 0)} x mount and umount",
                ),
            ),
            compared(
                f"the {profile} with two workers",
                "alone",
                double,
                single,
                bar=1 / 1.7,
                commands=(f"{typed} -n 2", typed),
            ),
        ]
        notes.append(told(profile, counted, parts, single[0], inherent))
    sizes = scale.sizes(1, 10, 100) if not scale.short else (1, 2, 4)
    grown = []
    for size in sizes:
        words = [sys.executable, *SUITE, "--claude-requirement", GROWN]
        for number in range(size):
            words += ["--claude-release", f"2.1.{200 + number}"]
        [times] = in_turn(command(words, root, inside_env()), rounds=1, warm=0)
        grown.append((times[0], peak_mib(words, root, inside_env())))
    limits += [Limit("a start of the fake by itself", 1000 * parts["claude"], "ms")]
    limits += [Limit("a mount and its end by themselves", 1000 * parts["mount"], "ms")]
    return Row(
        "profiles",
        "The conformance suite",
        comparisons=tuple(comparisons),
        limits=tuple(limits),
        growth=(
            Growth(f"a run of {GROWN}", "releases", sizes, tuple(t for t, _ in grown), tuple(m for _, m in grown)),
        ),
        notes=tuple(notes),
    )


def alone(root: Path, rounds: int) -> dict[str, float]:
    """What a start of the fake, a mount, and a manager in a process of its own cost by themselves, in s."""
    fake = ClaudeCli.make(root / "cli")
    world = make_environment(root / "world", fake.path, fake.env)
    start = command([str(fake.path), "-p", "hello", "--output-format", "json"], world.workdir, dict(world.env))
    door = StdioDoor((sys.executable, "-m", "pytest_claude_sessions.door.host", REFERENCE))
    calls = 0
    call = mount.call

    def counted(name: str, *arguments: object) -> int:
        nonlocal calls
        calls += name == "mount"
        return call(name, *arguments)

    def host() -> None:
        door.open_process(world).close()

    def bound() -> None:
        with tempfile.TemporaryDirectory(dir=root) as name, ReadOnlyBind() as bind:
            bind(name)

    mount.call = counted
    try:
        times = in_turn(start, host, bound, rounds=rounds)
    finally:
        mount.call = call
    started, hosted, mounted = (statistics.median(found) for found in times)
    return {"claude": started, "python": hosted, "mount": mounted * (rounds + 1) / max(calls, 1)}


def told(profile: str, counted: dict[str, int], parts: dict[str, float], took: float, inherent: float) -> str:
    """What a run consists of beside the fake's starts."""
    programs = {name.removeprefix("program "): count for name, count in counted.items() if name.startswith("program ")}
    others = ", ".join(f"{count} of {name}" for name, count in sorted(programs.items(), key=lambda item: -item[1]))
    pythons = sum(count for name, count in programs.items() if name.startswith("python"))
    share = inherent + pythons * parts["python"]
    return (
        f"The {profile} starts other programs too: {others or 'none'}. Managers in processes of their own, "
        f"which checks about other processes, crashes and writers at once need, are {pythons} Pythons of "
        f"{1000 * parts['python']:.0f} ms. With them the parts are {share:.1f} s, and the run of {took:.1f} s is "
        f"{took / share:.2f} times that."
    )
