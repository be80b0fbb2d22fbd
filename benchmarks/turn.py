"""One turn of the fake `claude`, against one of the real program on a loopback API."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from pairs import command, in_turn, peak_memory, save

from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.environment import make_environment
from pytest_claude_sessions.suite.program import find_program

ARGUMENTS = ["-p", "hello", "--output-format", "stream-json", "--verbose"]

with tempfile.TemporaryDirectory() as name, MessagesApi() as api:
    root = Path(name)
    real = find_program("real")
    fake = ClaudeCli.make(root / "cli")
    ours_world = make_environment(root / "fake", fake.path, fake.env)
    their_world = make_environment(root / "real", real.path, {**api.env, **real.env})
    numbers = itertools.count()
    ours, theirs = in_turn(
        command([str(fake.path), *ARGUMENTS], ours_world.workdir, dict(ours_world.env)),
        command([str(real.path), *ARGUMENTS], their_world.workdir, dict(their_world.env)),
        rounds=20,
    )
    memory = peak_memory([str(fake.path), *ARGUMENTS], ours_world.workdir, dict(ours_world.env))
save("turn", ours, theirs, bar=1 / 12, release=real.release, fake_peak_mib=round(memory, 1), fake_peak_bar_mib=25)
