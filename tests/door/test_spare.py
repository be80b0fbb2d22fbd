"""Drivers started ahead of need stand in only for one that would inherit the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.door.child import Child
from pytest_claude_sessions.door.spare import Spares

WAITS = (sys.executable, "-ISc", "import sys; sys.stdin.read()")
ENDS = (sys.executable, "-ISc", "pass")

pytestmark = pytest.mark.skipif(
    not Path("/proc/thread-self/status").exists(), reason="there is no /proc that tells what a child inherits"
)


@pytest.fixture
def spares() -> Iterator[Spares]:
    made = Spares()
    yield made
    made.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(child: Child) -> None:
    child.end_input()
    assert child.ends_within(60)
    child.kill()


def test_spare_is_taken_once(spares: Spares) -> None:
    assert spares.take(WAITS, {}) is None
    spares.start(WAITS, {})
    (pid,) = spares.pids
    child = spares.take(WAITS, {})
    assert child is not None
    assert child.pid == pid
    assert spares.take(WAITS, {}) is None
    assert spares.pids == frozenset()
    end(child)


@pytest.mark.parametrize("changed", ["command", "variables", "umask", "directory"])
def test_spare_of_other_circumstances_is_ended(
    changed: str, spares: Spares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spares.start(WAITS, {"A": "1"})
    (pid,) = spares.pids
    argv, env, umask = WAITS, {"A": "1"}, os.umask(0o022)
    os.umask(umask)
    if changed == "command":
        argv = (*WAITS, "more")
    elif changed == "variables":
        env = {"A": "2"}
    elif changed == "directory":
        monkeypatch.chdir(tmp_path)
    try:
        if changed == "umask":
            os.umask(umask ^ 0o011)
        assert spares.take(argv, env) is None
    finally:
        os.umask(umask)
    assert not is_running(pid)


def test_spare_that_ended_or_never_started_is_none(spares: Spares) -> None:
    spares.start(ENDS, {})
    (pid,) = spares.pids
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert spares.take(ENDS, {}) is None
    spares.start(("./no-such-driver",), {})
    assert spares.pids == frozenset()


def test_close_leaves_no_process(spares: Spares) -> None:
    spares.start(WAITS, {})
    (pid,) = spares.pids
    spares.close()
    assert not is_running(pid)
