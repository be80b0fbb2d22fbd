"""Command hooks: each is run through `sh -c` with a JSON object on its stdin."""

from __future__ import annotations

import os
import time

from .json_text import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT_TIMEOUT_S = 60.0
_POLL_S = 0.002


class HookRun:
    """What became of a hook.

    :ivar status: exit status; 128 + n after signal n; None when it was ended because it ran out of time.
    :ivar stdout: what it printed.
    :ivar stderr: what it printed.
    """

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, status: int | None, stdout: str, stderr: str) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def blocks(self) -> str | None:
        """Why the hook wants the turn to go on, None when it does not.

        Exit status 2 says so with its stderr, `{"decision": "block", "reason": ...}` on stdout with the reason.
        """
        if self.status == 2:
            return self.stderr.strip()
        if self.status == 0 and self.stdout.lstrip().startswith("{"):
            try:
                answer = loads(self.stdout)
            except ValueError:
                return None
            if answer.get("decision") == "block":
                return str(answer.get("reason", ""))
        return None


def run(
    command: str, payload: Mapping[str, Any], *, cwd: str, environment: Mapping[str, str], timeout_s: float
) -> HookRun:
    """Run one hook and wait for it.

    :param command: given to `sh -c` as it is.
    :param payload: what the hook reads on stdin.
    :param cwd: where it runs; when that is gone it still runs, wherever the program is.
    :param timeout_s: seconds after which it is killed.
    """
    # Files instead of pipes: a hook that does not read, or prints a lot, then blocks nobody.
    stdin, stdout, stderr = _scratch(), _scratch(), _scratch()
    os.write(stdin, dumps(payload, ensure_ascii=False).encode("utf-8", "replace"))
    os.lseek(stdin, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        _become(command, (stdin, stdout, stderr), cwd, environment)
    status = _wait(pid, timeout_s)
    texts = []
    for fd in (stdout, stderr):
        os.lseek(fd, 0, os.SEEK_SET)
        with open(fd, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    os.close(stdin)
    return HookRun(status, *texts)


def _become(command: str, fds: tuple[int, int, int], cwd: str, environment: Mapping[str, str]) -> None:
    try:
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
        if os.path.isdir(cwd):
            os.chdir(cwd)
        os.execve("/bin/sh", ["sh", "-c", command], dict(environment))
    finally:
        os._exit(127)


def _wait(pid: int, timeout_s: float) -> int | None:
    deadline = time.monotonic() + timeout_s
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            return None
        time.sleep(_POLL_S)


def _scratch() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("hook")
    import tempfile

    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd
