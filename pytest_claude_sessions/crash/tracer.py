"""Runs a command and watches which system calls change its files; kills it, or refuses the call, at one of them.

`python -c ... WATCHED REPORT COMMAND...`: the command has this process's stdin, stdout and stderr. Each change is a
line of the report, `[name, path]`, written before it is made; the last one is the point's own, when it is reached.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

from . import ptrace
from .point import AFTER, BEFORE, Watched
from .syscalls import change_in


class Tracer:
    """Follows one command.

    :param watched: what is watched, and what is to happen
    :param report: descriptor of the file that the changes are told to
    """

    def __init__(self, watched: Watched, report: int) -> None:
        self._watched, self._report = watched, report
        self._followed: set[int] = set()
        self._number = 0
        # What is to happen at the end of the call that a process is in.
        self._due: dict[int, str] = {}

    def run(self, command: list[str]) -> int:
        """Run the command to its end; its status, that of the shell for one that a signal ended."""
        leader = self._start(command)
        status = 0
        while self._followed:
            try:
                pid, ended = os.waitpid(-1, ptrace.WALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(ended):
                self._followed.add(pid)
                with contextlib.suppress(ProcessLookupError):  # killed while it was stopped
                    self._stopped(pid, ended)
                continue
            self._followed.discard(pid)
            self._due.pop(pid, None)
            if pid == leader:
                status = os.waitstatus_to_exitcode(ended)
        return status if status >= 0 else 128 - status

    def _start(self, command: list[str]) -> int:
        waiting, go = os.pipe()
        leader = os.fork()
        if leader == 0:
            os.read(waiting, 1)
            try:
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(127)
        ptrace.seize(leader)
        ptrace.interrupt(leader)
        os.write(go, b"x")
        for descriptor in (waiting, go, 0, 1):
            os.close(descriptor)  # so that the command's end is seen by who reads its output
        self._followed.add(leader)
        return leader

    def _stopped(self, pid: int, status: int) -> None:
        number, event = os.WSTOPSIG(status), status >> 16
        if number == ptrace.SYSCALL_STOP:
            self._at_call(pid)
        elif event == ptrace.EVENT_EXEC and self._is_untraced(pid):
            self._followed.discard(pid)
            ptrace.detach(pid)
        elif event == ptrace.EVENT_STOP and number != signal.SIGTRAP:
            ptrace.listen(pid)
        else:
            ptrace.go_on(pid, 0 if event else number)

    def _at_call(self, pid: int) -> None:
        call = ptrace.entry(pid)
        if call is None:
            self._at_end(pid)
            return
        change = change_in(pid, call, self._watched)
        if change is not None:
            self._number += 1
            os.write(self._report, json.dumps([change.name, change.path]).encode() + b"\n")
            point = self._watched.point
            if point is not None and point.number == self._number:
                if point.kind == BEFORE:
                    self._kill_all()
                    return
                if point.kind != AFTER:
                    ptrace.refuse(pid)
                self._due[pid] = point.kind
        ptrace.go_on(pid)

    def _at_end(self, pid: int) -> None:
        if self._due.pop(pid, None) is not None:
            point = self._watched.point
            assert point is not None
            if point.error is None:
                self._kill_all()
                return
            ptrace.give(pid, -point.error)
        ptrace.go_on(pid)

    def _kill_all(self) -> None:
        """The one that is stopped at its call first: it does not go on to the next one, nor do those beside it."""
        for pid in self._followed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _is_untraced(self, pid: int) -> bool:
        if not self._watched.untraced:
            return False
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                words = stream.read().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self._watched.untraced) in words


def main(arguments: list[str]) -> None:
    """Trace a command; ends with its status."""
    watched, report, *command = arguments
    descriptor = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    sys.exit(Tracer(Watched.from_json(json.loads(watched)), descriptor).run(command))


def command_prefix(watched: Watched, report: str) -> list[str]:
    """The words in front of a command that have it traced."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    start = (
        f"import sys; sys.path.insert(0, {here!r}); from pytest_claude_sessions.crash.tracer import main; "
        "main(sys.argv[1:])"
    )
    return [sys.executable, "-S", "-c", start, json.dumps(watched.as_json()), report]
