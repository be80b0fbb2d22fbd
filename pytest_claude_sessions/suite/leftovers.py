"""What a manager leaves behind: processes and files, found after each trial and charged to it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from .judgement import Breach, CouldNotRun

PR_SET_CHILD_SUBREAPER = 36
SETTLING_S = 5.0
"""How long what was killed may take to go."""

_WORLD = {"home", "config", "state", "work", "managed-settings.d", "tmp", "claude"}


class Leftovers:
    """Watches over the processes that descend from this one; on Linux also over those that were let go of.

    :param own: gives the process ids of those that the suite itself keeps
    """

    def __init__(self, own: Callable[[], Collection[int]] = tuple) -> None:
        self._own = own
        self._subreaper = False

    @contextlib.contextmanager
    def watched(self, root: Path) -> Iterator[Watch]:
        """Watch one trial; at its end nothing of it runs any more.

        :param root: the trial's world
        """
        self._adopt_orphans()
        watch = Watch(root, _children(), self._own)
        try:
            yield watch
        finally:
            watch.end_processes()

    def _adopt_orphans(self) -> None:
        if self._subreaper or not Path("/proc/self/task").is_dir():
            return
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._subreaper = True


class Watch:
    """What was there before the trial."""

    def __init__(self, root: Path, children: set[int], own: Callable[[], Collection[int]]) -> None:
        self._root, self._children, self._own = root, children, own

    def charge(self, *, orphans_expected: bool) -> None:
        """Breach for what the trial left behind.

        :param orphans_expected: the check itself killed a manager
        """
        running = self._new_processes()
        if running and not orphans_expected:
            shown = ", ".join(f"{pid} ({_command(pid)})" for pid in sorted(running))
            raise Breach("the end of the manager", "no process of its own left running", f"still running: {shown}")
        stray = sorted(set(os.listdir(self._root)) - _WORLD)
        if stray:
            raise Breach(
                "the end of the manager", "no file outside its directories", f"left behind: {', '.join(stray)}"
            )

    def end_processes(self) -> None:
        """End and reap whatever still runs."""
        for pid in self._new_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _new_processes(self) -> set[int]:
        """Children that were not there before; those that have ended are reaped, not counted."""
        running = set()
        for pid in _children() - self._children - set(self._own()):
            if _state(pid) == "Z":
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            else:
                running.add(pid)
        return running


def running_with(variable: str) -> list[str]:
    """The processes with a variable in their environment, once what was killed has had time to go.

    :param variable: `NAME=value`
    :raises CouldNotRun: where the processes of the machine cannot be listed
    """
    deadline = time.monotonic() + SETTLING_S
    while True:
        found = _processes_with(variable.encode())
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


def _processes_with(variable: bytes) -> list[str]:
    if not Path("/proc/self/environ").exists():
        raise CouldNotRun("the processes of the machine cannot be listed: there is no /proc")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable in (process / "environ").read_bytes().split(b"\0"):
                found.append(f"{process.name} {_command(int(process.name))}")
    return found


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in task.read_text().split())
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()[:80]
    return "?"
