"""Leases: one holder between threads and processes, and none that a killed holder keeps."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.lease import Leases, started_at

HOLDER = """
import sys, pathlib, subprocess
from pytest_claude_sessions.reference.lease import Leases, started_at
with Leases(pathlib.Path(sys.argv[1])).hold("chat", 5) as lease:
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    lease.running(child.pid, "some-id")
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_second_holder_waits_and_is_told(tmp_path: Path) -> None:
    leases = Leases(tmp_path / "leases")
    with leases.hold("chat", 5):
        assert leases.is_held("chat")
        assert not leases.is_held("other")
        with pytest.raises(ManagerError) as refused, leases.hold("chat", 0.05):
            pass
        assert refused.value.kind == "busy"
        with leases.hold("other", 0.05):
            pass
    assert not leases.is_held("chat")


def test_threads_take_turns(tmp_path: Path) -> None:
    leases, inside, most = Leases(tmp_path), [0], [0]

    def work() -> None:
        with leases.hold("chat", 30):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_killed_holders_claude_is_ended_and_the_lease_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    leases = Leases(tmp_path)
    assert leases.is_held("chat")
    assert leases.running_ids() == {"some-id"}
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert holder.stdin is not None
    holder.stdin.close()
    with leases.hold("chat", 5):
        assert _state(child) in (None, "Z")
    assert leases.running_ids() == set()


def test_note_of_a_reused_process_id_ends_nobody(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    with leases.hold("chat", 1) as lease:
        note = lease.note
    note.write_text(f'{{"pid": {os.getpid()}, "started": "long ago", "session_id": "some-id"}}')
    assert leases.running_ids() == set()
    with leases.hold("chat", 1):
        pass


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def test_a_note_that_cannot_be_taken_away_does_not_fail_the_holder(tmp_path: Path) -> None:
    leases = Leases(tmp_path / "leases")
    with leases.hold("chat", 5) as lease:
        lease.note.mkdir()  # which unlink() refuses, as it does on a disk that turned read-only
    assert lease.note.is_dir()
    assert not leases.is_held("chat")
    assert not leases.is_anything_running()


def test_process_that_ends_while_it_is_looked_at_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("there is no /proc")
    assert started_at(os.getpid()) is not None

    def read_text(path: Path, *how: str) -> str:
        raise ProcessLookupError(3, "No such process", str(path))

    monkeypatch.setattr(Path, "read_text", read_text)
    assert started_at(os.getpid()) is None
