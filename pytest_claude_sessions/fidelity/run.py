"""One start of a program: under way, and when it has ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

from .frames_seen import kinds, read_output

LIMIT_S = 90.0
"""A start that has not ended after so many seconds is killed and told as hung."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A start that has ended.

    :param status: exit status, negative for the signal that ended it; None for one that hung and was killed
    :param out: stdout
    :param err: stderr
    """

    status: int | None
    out: str
    err: str

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames on stdout."""
        return read_output(self.out)[0]

    @property
    def kinds(self) -> list[str]:
        """Types and subtypes of the frames."""
        return kinds(self.frames)

    @property
    def ids(self) -> list[str]:
        """The session ids that the frames name, each once."""
        return list(dict.fromkeys(str(f["session_id"]) for f in self.frames if f.get("session_id")))

    @property
    def session_id(self) -> str:
        """The id that the last frame names; empty when none does."""
        return self.ids[-1] if self.ids else ""


class Running:
    """A start that is under way.

    :param process: its process, with pipes
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ended = False
        self._out: list[bytes] = []
        self._err: list[bytes] = []
        self._silent = False  # stdout has come to its end
        self._grown = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            for stream, kept in ((process.stdout, self._out), (process.stderr, self._err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The process id of what was started."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, text: str) -> None:
        """Write a line to its stdin."""
        assert self._process.stdin is not None, "this start has no stdin of its own"
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(text.encode() + b"\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """End its stdin."""
        assert self._process.stdin is not None, "this start has no stdin of its own"
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait_for(self, kind: str, count: int = 1) -> bool:
        """Wait until so many frames of a type (`result`, or `system/init`) have come.

        :return: whether they came before the program ended or the limit passed
        """

        def come() -> bool:
            lines = b"".join(self._out)
            told = kinds(read_output(lines[: lines.rfind(b"\n") + 1].decode("utf-8", "replace"))[0])
            return sum(k == kind or k.startswith(kind + "/") for k in told) >= count

        with self._grown:
            self._grown.wait_for(lambda: come() or self._silent, LIMIT_S)
            return come()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and to its children (the group) when it is SIGKILL."""
        if number == signal.SIGKILL:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)

    def wait(self, limit_s: float = LIMIT_S) -> Ran:
        """Wait for its end."""
        status: int | None
        try:
            status = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        self.end()
        text = [b"".join(kept).decode("utf-8", "replace") for kept in (self._out, self._err)]
        return Ran(status, *text)

    def end(self) -> None:
        """Kill whatever is left of it; nothing happens where it has been waited for."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # children that outlive it hold the pipes
        self._process.wait()
        for reader in self._readers:
            reader.join(10)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def _read(self, stream: Any, kept: list[bytes]) -> None:
        while data := stream.read1(1 << 16):
            with self._grown:
                kept.append(data)
                self._grown.notify_all()
        stream.close()
        with self._grown:
            self._silent = self._silent or kept is self._out
            self._grown.notify_all()
