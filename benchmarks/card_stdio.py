"""The whole card profile on the reference manager: over stdio against in process, at most 1.5 times."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

from pairs import command, in_turn, save

from pytest_claude_sessions.suite.subject import REFERENCE

with tempfile.TemporaryDirectory() as name:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-conformance"]
    argv += ["--claude-profile", "card", "--claude-manager"]
    driver = shlex.join([sys.executable, "-m", "pytest_claude_sessions.door.host", REFERENCE])
    ours, theirs = in_turn(
        command([*argv, f"cmd:{driver}"], Path(name)), command([*argv, "reference"], Path(name)), rounds=3
    )
save("card_stdio", ours, theirs, bar=1.5)
