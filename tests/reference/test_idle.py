"""Busy, idle or unknown, from what the hooks left in the home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.reference.idle import idle_state
from pytest_claude_sessions.reference.lifecycle import settings


def run(event: str, home: Path, pid: int) -> None:
    command = settings(None)["hooks"][event][0]["hooks"][0]["command"]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "CLAUDE_PID": str(pid)}
    subprocess.run(["sh", "-c", command], input=b"{}", env=env, check=True)


def state(home: Path) -> str:
    return idle_state(home, dispatching=False)


@pytest.fixture
def claude() -> subprocess.Popen[bytes]:
    """A process that stands for Claude, at work until its stdin ends."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_unknown_until_the_first_stop(tmp_path: Path) -> None:
    assert state(tmp_path) == "unknown"
    assert idle_state(tmp_path, dispatching=True) == "busy"
    run("StopFailure", tmp_path, os.getpid())
    assert state(tmp_path) == "unknown"
    run("Stop", tmp_path, os.getpid())
    assert state(tmp_path) == "idle"
    assert idle_state(tmp_path, dispatching=True) == "busy"


@pytest.mark.parametrize("end", ["Stop", "StopFailure", "SessionEnd"])
def test_busy_from_the_prompt_to_the_end_of_the_turn(tmp_path: Path, end: str) -> None:
    run("Stop", tmp_path, os.getpid())
    os.utime(tmp_path / ".claude-module" / "last-stop", (0, 0))
    run("UserPromptSubmit", tmp_path, os.getpid())
    assert state(tmp_path) == "busy"
    run(end, tmp_path, os.getpid())
    assert state(tmp_path) == "idle"


def test_a_turn_whose_process_is_gone_is_over(tmp_path: Path, claude: subprocess.Popen[bytes]) -> None:
    run("Stop", tmp_path, os.getpid())
    run("UserPromptSubmit", tmp_path, claude.pid)
    assert state(tmp_path) == "busy"
    claude.kill()
    claude.wait()
    assert state(tmp_path) == "idle"


def test_one_of_several_at_work_is_busy(tmp_path: Path, claude: subprocess.Popen[bytes]) -> None:
    run("UserPromptSubmit", tmp_path, claude.pid)
    run("UserPromptSubmit", tmp_path, os.getpid())
    run("Stop", tmp_path, os.getpid())
    assert state(tmp_path) == "busy"


@pytest.mark.parametrize("told", ["", "1 (claude) S 0", "someone else's start\n", "\ufffd", "1 (a) " + "0 " * 40])
def test_a_note_of_another_process_with_that_number_does_not_count(tmp_path: Path, told: str) -> None:
    run("Stop", tmp_path, os.getpid())
    running = tmp_path / ".claude-module" / "running"
    running.mkdir(exist_ok=True)
    (running / str(os.getpid())).write_text(told)
    (running / "notes.txt").write_text("not a process")
    (running / "99999999").mkdir()
    assert state(tmp_path) == "idle"
