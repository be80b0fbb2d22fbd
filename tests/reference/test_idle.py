"""Busy, idle or unknown, from what the hooks left in the home."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.door.inprocess import InProcessDoor
from pytest_claude_sessions.real_program import bundled_program
from pytest_claude_sessions.reference import reference
from pytest_claude_sessions.reference.idle import idle_state
from pytest_claude_sessions.reference.lifecycle import settings
from pytest_claude_sessions.suite.container import with_managed_settings
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.program import find_program
from pytest_claude_sessions.suite.trial import Arrangement, Trial
from pytest_claude_sessions.suite.turn import take_turn


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


@pytest.mark.skipif(bundled_program() is None, reason="no real claude is installed (extra sdk)")
def test_the_real_program_is_busy_while_a_turn_runs_and_idle_after_it(tmp_path: Path) -> None:
    """Held by a hook of the user's at the prompt, which the program runs beside the installed one."""
    program = find_program("real")
    home = tmp_path / "home"
    held, go_on = home / "held", home / "go-on"
    with MessagesApi(guard=False) as api, ExitStack() as places:
        arrangement = Arrangement(
            InProcessDoor(reference, (), "not here"),
            release=program.release,
            real=program.path,
            claude_env={**api.env, **program.env},
        )
        trial = places.enter_context(closing(Trial(arrangement, tmp_path)))
        try:
            with_managed_settings(trial)
        except CouldNotRun as reason:
            pytest.skip(str(reason))
        trial.manager.install_lifecycle_settings(None)
        wait = f"touch '{held}'; until [ -e '{go_on}' ]; do sleep 0.02; done"
        trial.config.write_settings(
            {"hooks": {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": wait}]}]}}
        )
        turn = threading.Thread(target=take_turn, args=(trial,))
        turn.start()
        try:
            deadline = time.monotonic() + 60
            while not (held.exists() and trial.manager.idle_state() == "busy") and time.monotonic() < deadline:
                time.sleep(0.01)
            assert trial.manager.idle_state() == "busy"
        finally:
            go_on.touch()
            turn.join()
        assert trial.manager.idle_state() == "idle"
        assert os.listdir(home / ".claude-module" / "running") == []
