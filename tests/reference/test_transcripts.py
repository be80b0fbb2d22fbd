"""What the registry of running Claudes says, and what it cannot mean."""

from __future__ import annotations

import json
import os

import pytest

from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.reference.transcripts import Transcripts

ID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("pid", "runs"),
    # With names of their own: two workers of pytest-xdist must collect the same ones.
    [
        pytest.param(os.getpid(), True, id="mine"),
        pytest.param(0, False, id="zero"),
        pytest.param(-1, False, id="negative"),
        pytest.param(10**30, False, id="impossible"),
        pytest.param(None, False, id="none"),
        pytest.param("x", False, id="text"),
    ],
)
def test_an_entry_counts_when_its_process_lives(claude_config_dir: ConfigDir, pid: object, runs: bool) -> None:
    sessions = claude_config_dir.path / "sessions"
    sessions.mkdir(exist_ok=True)
    (sessions / "1.json").write_text(json.dumps({"sessionId": ID, "pid": pid}))
    assert Transcripts(claude_config_dir.path).is_running(ID) is runs
