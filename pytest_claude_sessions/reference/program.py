"""Starting Claude: one turn, one process, ended with its children at the time-out."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..manager import ManagerError
from .answer import Answer

GRACE_S = 1.0
"""How long an ended Claude may take to write what it has (failure mode 31), in seconds."""

# What an enclosing Claude leaves in the environment; handed on, the transcript is not written (RES-24).
ENCLOSING = ("CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PID", "CLAUDE_CODE_SSE_PORT")


class Program:
    """The `claude` program with what every start has in common.

    :param path: the executable
    :param config_dir: handed on as CLAUDE_CONFIG_DIR (RES-23)
    :param env: the whole environment for the child, less the marks of an enclosing Claude
    :param options: the same at the start of a conversation and at each resume (RES-26)
    """

    answer_type = Answer

    def __init__(self, path: Path, config_dir: Path, env: Mapping[str, str], options: Sequence[str]) -> None:
        self.path = path
        self.options = tuple(options)
        self.env = {name: value for name, value in env.items() if name not in ENCLOSING}
        self.env["CLAUDE_CONFIG_DIR"] = str(config_dir)

    def turn(
        self,
        prompt: str,
        *,
        cwd: Path,
        session: Sequence[str],
        timeout_s: float,
        started: Callable[[int], None] = lambda pid: None,
    ) -> Answer:
        """Run one turn and wait for its end.

        :param prompt: goes in by stdin, so that no length and no leading dash matters (RES-21)
        :param cwd: the conversation's directory
        :param session: the options that pick the conversation
        :param timeout_s: seconds until Claude is ended with its children (RES-20)
        :param started: told the process id
        :raises ManagerError: `claude_failed` when the program cannot be started
        """
        argv = [str(self.path), "-p", "--output-format", "stream-json", "--verbose", *self.options, *session]
        # Files, not pipes: a child that outlives Claude and holds the pipe open would keep us waiting.
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdin.write(prompt.encode("utf-8", "replace"))
            stdin.seek(0)
            try:
                process = subprocess.Popen(
                    argv, cwd=cwd, env=self.env, stdin=stdin, stdout=out, stderr=err, start_new_session=True
                )
            except OSError as error:
                raise ManagerError("claude_failed", f"cannot start {self.path}: {error}") from error
            try:
                started(process.pid)
                status = process.wait() if ends_within(process, timeout_s) else None
            finally:
                if process.returncode is None:
                    end_group(process)
            out.seek(0)
            err.seek(0)
            return self.answer_type.of(out.read(), err.read(), status)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group, and the group: first so that it can flush, then for certain."""
    _signal_group(process.pid, signal.SIGTERM)
    ends_within(process, GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for the end of a process; the kernel says when, where `Popen.wait` would look every 50 ms."""
    try:
        fd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or an older kernel
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode is not None
    try:
        waiting = select.poll()
        waiting.register(fd, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))
    finally:
        os.close(fd)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
