"""One holder a conversation: between threads, between processes, and after a holder was killed (RES-18, RES-19)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..manager import ManagerError
from .durable import open_private, private_directory, replace_bytes, unwritable

POLL_S = 0.01
ORPHAN_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run Claude on one conversation, as long as it is held."""

    note: Path
    session_id: str | None = None

    def running(self, pid: int, session_id: str | None) -> None:
        """Note the Claude that was started, for a successor should this process be killed."""
        entry = {"pid": pid, "started": started_at(pid), "session_id": session_id}
        replace_bytes(self.note, json.dumps(entry).encode(), through_power_cut=False)

    def ended(self) -> None:
        """Note that it is gone; a note that cannot be taken away names a process that is no more, and harms nobody."""
        with suppress(OSError):
            self.note.unlink()


class Leases:
    """The leases of one state directory; the kernel lets go of a killed holder's by itself."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def hold(self, name: str, timeout_s: float) -> Iterator[Lease]:
        """Wait for the lease of a conversation and hold it.

        :param name: the conversation
        :param timeout_s: seconds to wait for another holder
        :raises ManagerError: `busy` when it is not free in time, `unwritable` when it cannot be taken
        """
        private_directory(self.directory)
        lock = self._path(name, ".lock")
        try:
            descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise unwritable(lock, error) from error
        try:
            deadline = time.monotonic() + timeout_s
            while not _try_lock(descriptor):
                if time.monotonic() >= deadline:
                    raise ManagerError("busy", f"another dispatch of {name!r:.80} is running")
                time.sleep(POLL_S)
            lease = Lease(self._path(name, ".running"))
            _end_orphan(lease.note)
            try:
                yield lease
            finally:
                lease.ended()
        finally:
            os.close(descriptor)

    def is_held(self, name: str) -> bool:
        """Whether someone holds the lease of a conversation now."""
        try:
            descriptor = os.open(self._path(name, ".lock"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def running_ids(self) -> set[str]:
        """The ids that a Claude of this manager's is working on."""
        ids = set()
        for note in self.directory.glob("*.running"):
            entry = _read_note(note)
            if entry and isinstance(entry.get("session_id"), str) and _is_same(entry):
                ids.add(str(entry["session_id"]))
        return ids

    def is_anything_running(self) -> bool:
        """Whether a Claude of this manager's is at work."""
        return any(entry is not None and _is_same(entry) for entry in map(_read_note, self.directory.glob("*.running")))

    def _path(self, name: str, suffix: str) -> Path:
        return self.directory / (hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32] + suffix)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_orphan(note: Path) -> None:
    """End the Claude that a killed holder left running: two on one id would tear the transcript."""
    entry = _read_note(note)
    if entry is None or not _is_same(entry):
        return
    pid = int(str(entry["pid"]))
    deadline = time.monotonic() + ORPHAN_GRACE_S
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, number)
        except (ProcessLookupError, PermissionError):
            return
        while _is_same(entry) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        deadline += ORPHAN_GRACE_S


def _read_note(note: Path) -> dict[str, object] | None:
    try:
        entry = json.loads(note.read_bytes())
        return entry if isinstance(entry, dict) and isinstance(entry.get("pid"), int) else None
    except (OSError, ValueError):
        return None


def _is_same(entry: dict[str, object]) -> bool:
    return entry.get("started") is not None and started_at(int(str(entry["pid"]))) == entry["started"]


def started_at(pid: int) -> str | None:
    """When a process started, so that a reused process id is not taken for it; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends between the opening and the reading
        if Path("/proc/self").exists():
            return None
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None
