from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from pytest_claude_sessions.claude.starts import Start, overlap


def start(began: float, ended: float | None, pid: int = 2**22 + 1, **more: Any) -> Start:
    entry = {
        "argv": ["-p", "x"],
        "cwd": "/repo",
        "env": {},
        "pid": pid,
        "prompt": "x",
        "prompts": ["x"],
        "requested": {"resume": None, "session_id": None, "continue": False, "fork": False},
        "session_id": None,
        "outcome": "running",
        "exit": None,
        "started_at": began,
        "ended_at": ended,
        "now": began,
        "messages": 0,
        "release": "2.1.112",
        **more,
    }
    return Start.of(entry)


def test_intervals_overlap_or_do_not() -> None:
    assert overlap(start(1, 3), start(2, 4))
    assert overlap(start(2, 4), start(1, 3))
    assert overlap(start(1, 9), start(2, 3))
    assert not overlap(start(1, 2), start(2, 3))
    assert not overlap(start(3, 4), start(1, 2))


def test_one_that_runs_lasts_until_now() -> None:
    running = start(time.time() - 5, None, pid=os.getpid())
    assert running.running
    assert overlap(running, start(time.time() - 2, time.time() - 1))


def test_one_that_was_killed_does_not_last() -> None:
    killed = start(1, None)
    assert not killed.running
    assert not overlap(killed, start(2, 3))


def test_a_zombie_does_not_run() -> None:
    process = subprocess.Popen([sys.executable, "-ISc", ""])
    deadline = time.monotonic() + 50
    while start(1, None, pid=process.pid).running:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.wait()


def test_what_was_asked_for() -> None:
    requested = {"resume": "X", "session_id": "S", "continue": False, "fork": True}
    asked = start(1, 2, requested=requested)
    assert (asked.requested_resume, asked.requested_session_id, asked.resumes) == ("X", "S", True)
    assert start(1, 2, requested={**requested, "resume": None, "continue": True}).resumes
    assert not start(1, 2).resumes
