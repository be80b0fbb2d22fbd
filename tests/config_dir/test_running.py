from __future__ import annotations

import datetime as dt
import json
import os
import stat
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import NEWEST
from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.config_dir.running import process_start

SESSION = "11111111-1111-4111-8111-111111111111"
NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")


def test_the_file_has_the_keys_that_were_observed(config_dir: ConfigDir, noon: dt.datetime) -> None:
    started = noon - dt.timedelta(minutes=3)
    path = config_dir.add_running(os.getpid(), SESSION, "/repo", now=noon, started_at=started, status="busy")
    assert path == config_dir.path / "sessions" / f"{os.getpid()}.json"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    record = json.loads(path.read_text())
    record.pop("procStart", None)
    assert record == {
        "pid": os.getpid(),
        "sessionId": SESSION,
        "cwd": "/repo",
        "startedAt": 1772625420250,
        "version": NEWEST,
        "kind": "interactive",
        "entrypoint": "cli",
        "status": "busy",
        "updatedAt": 1772625600250,
        "statusUpdatedAt": 1772625600250,
    }


@NEEDS_PROC
@pytest.mark.parametrize(
    ("release", "keys"),
    [
        ("1.0.0", "pid sessionId cwd startedAt kind entrypoint"),
        ("2.1.112", "pid sessionId cwd startedAt kind entrypoint"),
        ("2.1.114", "pid sessionId cwd startedAt version kind entrypoint"),
        ("2.1.160", "pid sessionId cwd startedAt procStart version kind entrypoint"),
    ],
)
def test_older_releases_write_less(tmp_path: Path, release: str, keys: str) -> None:
    config_dir = ConfigDir(tmp_path / "claude", release).create()
    path = config_dir.add_running(os.getpid(), SESSION)
    assert " ".join(json.loads(path.read_text())) == keys


@NEEDS_PROC
def test_the_start_of_a_process_tells_it_from_a_later_one_of_that_number() -> None:
    start = process_start(os.getpid())
    assert start is not None
    assert start.isdigit()
    assert int(start) > 0
    assert process_start(2**22 + 1) is None


def test_a_process_that_is_gone_can_be_written_too(config_dir: ConfigDir) -> None:
    record = json.loads(config_dir.add_running(2**22 + 1, SESSION).read_text())
    assert record["pid"] == 2**22 + 1
    assert "procStart" not in record
