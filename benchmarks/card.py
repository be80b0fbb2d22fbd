"""The whole card profile on the reference manager: under `-n 2` against alone; under 20 s on two cores."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from pairs import command, in_turn, save

with tempfile.TemporaryDirectory() as name:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-conformance"]
    argv += ["--claude-manager", "reference", "--claude-profile", "card"]
    ours, theirs = in_turn(command([*argv, "-n", "2"], Path(name)), command(argv, Path(name)), rounds=3)
save("card", ours, theirs, bar=1 / 1.6, two_cores_s=round(statistics.median(ours), 2), two_cores_bar_s=20)
