"""A driver's process: lines in, lines out, what it says on stderr, and its end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import Misconduct

PIPE_GRACE_S = 1.0
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is a breach, not a reason to run out of memory."""

_CHUNK = 1 << 16
_SHOWN = 200


class WriteTimeout(Exception):
    """The child does not read what it is sent."""


class Child:
    """One process of a driver, in a process group of its own.

    :param argv: the command
    :param env: its environment variables, None for this process's own
    :param cwd: where it is started, None for where this process is
    :raises Misconduct: when it cannot be started
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the child
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._stderr.close()
            raise Misconduct(f"the driver could not be started: {' '.join(argv)}: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)
        self._half = b""
        self._reader: threading.Thread | None = None
        self._left_to_reader = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def read_lines(self, deliver: Callable[[bytes], str], ended: Callable[[str], None]) -> None:
        """Read what it writes, in a thread, until its end or the first breach.

        :param deliver: takes a line, and says what is wrong with it
        :param ended: is told the breach, or that it ended
        """
        self._reader = threading.Thread(target=self._read, args=(deliver, ended), daemon=True, name="claude-driver")
        self._reader.start()

    def write(self, data: bytes, timeout_s: float) -> None:
        """Write to its stdin, and wait for it to read when the pipe is full.

        :raises WriteTimeout: when it does not
        :raises OSError: when it is gone
        """
        if self._stdin.closed:
            raise BrokenPipeError("its stdin is closed")
        descriptor, deadline = self._stdin.fileno(), time.monotonic() + timeout_s
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(descriptor, select.POLLOUT)
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    raise WriteTimeout from None

    def told(self, breach: str) -> str:
        """A breach with what else is known: the exit status, half a line, the end of stderr."""
        status = self.status
        ended = "" if status is None else f"\nexit status: {status}"
        half = f"\nhalf a line on stdout, without its end: {self._half[:_SHOWN]!r}" if self._half else ""
        noise = ""
        with contextlib.suppress(ValueError, OSError):
            size = os.fstat(self._stderr.fileno()).st_size
            noise = os.pread(self._stderr.fileno(), 2000, max(0, size - 2000)).decode("utf-8", "replace").strip()
        return breach + ended + half + (f"\nstderr:\n{noise}" if noise else "")

    def end_input(self) -> None:
        """Close its stdin, which ends a driver in order."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end."""
        deadline = time.monotonic() + seconds
        if self._reader is not None:
            # The end of stdout comes with that of the process; Popen.wait(timeout) would poll for it.
            self._reader.join(seconds)
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, to the process alone: what it started is left as a crash leaves it."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._process.wait()
        if self._reader is not None:
            # A child of the driver may hold the pipe open: the reader then stays, and closes it at its end.
            self._left_to_reader = True
            self._reader.join(PIPE_GRACE_S)
        if self._reader is None or not self._reader.is_alive():
            self._close()

    def _close(self) -> None:
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def _read(self, deliver: Callable[[bytes], str], ended: Callable[[str], None]) -> None:
        try:
            self._read_to_the_end(deliver, ended)
        finally:
            if self._left_to_reader:
                self._close()

    def _read_to_the_end(self, deliver: Callable[[bytes], str], ended: Callable[[str], None]) -> None:
        descriptor, waiting = self._stdout.fileno(), bytearray()
        while chunk := os.read(descriptor, _CHUNK):
            searched = len(waiting)
            waiting += chunk
            while (end := waiting.find(b"\n", searched)) >= 0:
                line, searched = bytes(waiting[:end]), 0
                del waiting[: end + 1]
                breach = deliver(line)
                if breach:
                    ended(breach)
                    return
            self._half = bytes(waiting[:_SHOWN])
            if len(waiting) > LONGEST_LINE:
                ended(f"stdout held a line of more than {LONGEST_LINE // 2**20} MiB: {self._half!r}...")
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PIPE_GRACE_S)
        ended("the driver ended")
