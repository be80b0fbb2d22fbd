"""A pytest plug-in, `-p benchmarks.counting`: how often a conformance run started what, and mounted.

The fake's starts are those of the journals, whoever made them; other programs are those that this process started.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "CLAUDE_BENCH_COUNTS"
_counts: Counter[str] = Counter()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    from pytest_claude_sessions.bind import mount
    from pytest_claude_sessions.suite import run

    sys.addaudithook(_audit)
    remove, call = run.remove_tree, mount.call

    def counted_remove(path: Path) -> None:
        for journal in path.glob("*/fake/journal.jsonl"):
            _counts["claude"] += journal.read_bytes().count(b"\n")
        remove(path)

    def counted_call(name: str, *arguments: Any) -> int:
        _counts[name] += name in ("mount", "umount2", "unshare")
        return call(name, *arguments)

    run.remove_tree, mount.call = counted_remove, counted_call


def pytest_sessionfinish() -> None:
    """Tell what was counted."""
    Path(os.environ[VARIABLE]).write_text(json.dumps(+_counts))


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("subprocess.Popen", "os.posix_spawn"):
        name = Path(os.fsdecode(arguments[0])).name
        if name != "claude":
            _counts[f"program {name}"] += 1
    elif event == "os.fork":
        _counts["fork"] += 1
