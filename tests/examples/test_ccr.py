"""The sessions of source 003 in bash: a requirement or two of each capability; .ci/run holds it to all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions import ClaudeCli, ConfigDir

from .conftest import verdicts

CCR = Path(__file__).parents[2] / "examples" / "ccr"
PROGRAMS = ("bash", "jq", "tmux", "zip", "flock", "sha256sum")
REQUIREMENTS = ("HIS-01", "HIS-07", "REC-06", "TMX-02", "EXP-02")
ID = "4bb63347-fb0d-4478-85b2-c7d1a7f248fa"


@pytest.fixture(autouse=True)
def _needed() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or sys.platform != "linux":
        pytest.skip(f"ccr needs GNU tools, and this machine lacks {', '.join(missing) or 'Linux'}")


def test_ccr_keeps_what_it_declares(conformance_of: Callable[..., dict[str, Any]]) -> None:
    options = [word for name in REQUIREMENTS for word in ("--claude-requirement", name)]
    told = conformance_of(CCR, "--rootdir", ".", *options)
    assert told["subject"]["language"] == "bash"
    assert told["subject"]["capabilities"] == ["export", "history", "recovery", "tmux"]
    assert verdicts(told, REQUIREMENTS) == dict.fromkeys(REQUIREMENTS, "passed")


def test_what_a_person_types(claude_cli: ClaudeCli, claude_config_dir: ConfigDir, tmp_path: Path) -> None:
    here = tmp_path / "my project"
    here.mkdir()
    at = datetime(2025, 11, 18, 18, 37, tzinfo=UTC)
    claude_config_dir.add_conversation(cwd=here, turns=["create it"], session_id=ID, now=at, history=True)
    env = {**os.environ, "CCR_STATE": str(tmp_path / "state"), "CCR_CLAUDE": str(claude_cli.path)}

    def typed(line: str) -> str:
        words = ["bash", "-c", f". '{CCR}/ccr.sh'; {line}"]
        return subprocess.run(words, cwd=here, env=env, capture_output=True, text=True, check=True).stdout

    row = f"2025-11-18 18:37 | {ID[:8]} | {here} | create it\n"
    assert typed("ccr-list") == typed("ccr-find CREATE") == typed("ccr-current") == row
    assert typed("ccr-find '.*'") == ""
    assert typed(f"ccr {ID[:8]} 'add a test'").startswith("reply to ")
    assert claude_config_dir.read(ID).prompts == ("create it", "add a test")
    assert typed(f"ccr-export {ID[:8]} out.jsonl") == "out.jsonl\n"
    assert (here / "out.jsonl").read_bytes() == claude_config_dir.read(ID).path.read_bytes()
    assert typed("ccr ffff") == "no session id begins with 'ffff'\n"
