"""One turn of the fake `claude`, against one of the real program and against a Python that does nothing."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from benchmarks.pairs import Failed, command, in_turn, peak_mib
from benchmarks.result import Growth, Limit, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.environment import make_environment
from pytest_claude_sessions.options import WrongOption
from pytest_claude_sessions.suite.program import find_program

ARGUMENTS = ("-p", "hello", "--output-format", "stream-json", "--verbose")
NOTHING = ("-I", "-S", "-c", "import json")
TYPED = f"claude {' '.join(ARGUMENTS)}"


def measure(scale: Scale, root: Path) -> Row:
    """Start it, in worlds of its own."""
    try:
        real = find_program("real")
    except WrongOption as error:
        raise Failed(str(error)) from error
    fake = ClaudeCli.make(root / "cli")
    world = make_environment(root / "fake", fake.path, fake.env)
    argv, env = [str(fake.path), *ARGUMENTS], dict(world.env)
    with MessagesApi() as api:
        theirs = make_environment(root / "real", real.path, {**api.env, **real.env})
        pair = in_turn(
            command(argv, world.workdir, env),
            command([str(real.path), *ARGUMENTS], theirs.workdir, dict(theirs.env)),
            rounds=scale.rounds(20, 4),
        )
    fake.clear_journal()
    bare = in_turn(
        command(argv, world.workdir, env),
        command([sys.executable, *NOTHING], world.workdir, env),
        rounds=scale.rounds(100, 20),
    )
    fake.clear_journal()
    sizes = scale.sizes(10, 100, 1000)
    config = ConfigDir(world.config_dir, fake.release, home=world.home, cwd=world.workdir)
    seconds, mib = [], []
    for size in sizes:
        resumed = config.add_conversation(turns=size)
        words = [str(fake.path), "--resume", resumed.session_id, *ARGUMENTS]
        [times] = in_turn(command(words, world.workdir, env), rounds=scale.rounds(7))
        seconds.append(statistics.median(times))
        mib.append(peak_mib(words, world.workdir, env))
    return Row(
        "turn",
        "One turn of the fake claude",
        comparisons=(
            compared(
                "a turn of the fake, to one of the real program",
                f"the real program, {real.release}, on a loopback API",
                *pair,
                bar=1 / 15,
                commands=(f"{TYPED}  (claude_cli.path)", f"{TYPED}  (the program of claude-agent-sdk)"),
            ),
            compared(
                "a turn of the fake, to the start of a Python",
                "a Python that only imports json",
                *bare,
                bar=1.8,
                commands=(f"{TYPED}  (claude_cli.path)", 'python -I -S -c "import json"'),
            ),
        ),
        limits=(
            Limit("peak memory of a turn", peak_mib(argv, world.workdir, env), "MiB", 20),
            Limit("peak memory of that Python", peak_mib([sys.executable, *NOTHING], world.workdir, env), "MiB"),
        ),
        growth=(Growth("a turn that resumes a conversation", "turns", sizes, tuple(seconds), tuple(mib)),),
    )
