"""An empty pytest run with the plug-in, against the same environment with `-p no:claude_sessions`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from pairs import command, in_turn, save

with tempfile.TemporaryDirectory() as name:
    directory = Path(name)
    (directory / "test_nothing.py").write_text("def test_nothing(): pass\n")
    pytest = [sys.executable, "-m", "pytest", "-q"]
    ours, theirs = in_turn(
        command(pytest, directory), command([*pytest, "-p", "no:claude_sessions"], directory), rounds=20
    )
save("start_up", ours, theirs, bar=1.03)
