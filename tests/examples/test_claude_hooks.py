"""The session keeper in TypeScript keeps what it declares."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "claude-hooks"
PROGRAMS = ("node", "flock")
OLDEST_NODE = 20


@pytest.fixture
def example() -> Path:
    """Its directory, where it can run."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or not Path("/proc/self/stat").exists():
        pytest.skip(f"the example is for Linux, and this machine lacks {', '.join(missing) or '/proc'}")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.match(r"v(\d+)", version)[1]) < OLDEST_NODE:  # type: ignore[index]  # node prints such a version
        pytest.skip(f"the example needs Node.js {OLDEST_NODE}, and this machine has {version.strip()}")
    if not (EXAMPLE / "dist" / "driver.js").exists() or not (EXAMPLE / "node_modules").is_dir():
        pytest.skip("its packages are not installed: npm ci --prefix examples/claude-hooks")
    return EXAMPLE


def test_it_is_conformant_for_its_own_profile(example: Path, conformance_of: Callable[..., dict[str, Any]]) -> None:
    told = conformance_of(example)
    assert told["outcome"] == "conformant"
    assert told["subject"]["language"] == "typescript"
    assert told["subject"]["capabilities"] == ["binds", "metrics", "resume", "store", "ttl"]


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((EXAMPLE / "package-lock.json").read_text())
    resolved = [name for name, package in lock["packages"].items() if "resolved" in package]
    assert len(lock["packages"]) > 3
    assert resolved == []
