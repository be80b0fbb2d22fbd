"""The stdio door: a long-lived child that speaks JSON-RPC 2.0, one message a line (SPEC 5)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..environment import Environment, as_json
from ..manager import KINDS
from . import Door, Identity, Misconduct, Refusal, Session
from .protocol import METHODS, PROTOCOL, REFUSED, instant_text, to_wire

START_TIMEOUT_S = 30.0
GRACE_S = 5.0
PIPE_GRACE_S = 1.0
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is a breach, not a reason to run out of memory."""


def _now() -> datetime:
    return datetime.now(UTC)


class StdioSession:
    """One driver process.

    :param argv: the command
    :param environment: handed to it by `initialize`
    :param env: the child's own environment variables
    :param cwd: where it is started, None for where this process is
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Environment,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._argv = list(argv)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the driver
        try:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise Misconduct(f"the driver could not be started: {' '.join(self._argv)}: {error}") from error
        self._lock = threading.Lock()
        self._next_id = 0
        self._waiting: dict[int, SimpleQueue[dict[str, Any] | str]] = {}
        self._breach = ""
        self._reader = threading.Thread(target=self._read, daemon=True, name="claude-driver")
        self._reader.start()
        try:
            answer = self._request(
                "initialize", {"protocol": PROTOCOL, "environment": as_json(environment)}, START_TIMEOUT_S
            )
            self.identity = _identity(answer)
        except BaseException:
            self.kill()
            raise

    def call(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        """Send a request and wait for its answer; requests of several threads overlap."""
        answer = self._request(method, arguments, timeout_s)
        try:
            return METHODS[method].answer(answer)
        except Exception as error:
            raise Misconduct(f"{method} answered {answer!r:.200}: {error}") from error

    def close(self) -> None:
        """Ask for the end, and see to it."""
        if self._process.poll() is None and not self._breach:
            with contextlib.suppress(Misconduct, Refusal):
                self._request("shutdown", {}, GRACE_S)
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            raise Misconduct(f"the driver did not end within {GRACE_S:g} s of its shutdown") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, to the driver alone: what it started is left as a crash leaves it."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # A child of the driver may hold the pipe open: the reader then stays, and so does its end of the pipe.
        self._reader.join(PIPE_GRACE_S)
        if not self._reader.is_alive():
            for stream in (self._process.stdin, self._process.stdout, self._stderr):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()

    @property
    def pid(self) -> int:
        """The driver's process id."""
        return self._process.pid

    def _request(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        inbox: SimpleQueue[dict[str, Any] | str] = SimpleQueue()
        with self._lock:
            self._next_id += 1
            number = self._next_id
            self._waiting[number] = inbox
            params = {**to_wire(dict(arguments)), "now": instant_text(_now())}
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            if self._breach:
                raise Misconduct(self._told(self._breach))
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(message).encode() + b"\n")
                self._process.stdin.flush()
            except OSError as error:
                raise Misconduct(self._told(f"the driver is gone: {method} could not be sent ({error})")) from error
        try:
            reply = inbox.get(timeout=timeout_s)
        except Empty:
            raise Misconduct(self._told(f"{method} hung: no answer after {timeout_s:g} s")) from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, str):
            raise Misconduct(self._told(f"{method}: {reply}"))
        if "error" in reply:
            raise _refusal(method, reply["error"])
        return reply.get("result")

    def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            line = self._process.stdout.readline(LONGEST_LINE)
            if not line:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(PIPE_GRACE_S)
                self._fail("the driver ended")
                return
            breach = self._deliver(line)
            if breach:
                self._fail(breach)
                return

    def _deliver(self, line: bytes) -> str:
        """Hand an answer to who waits for it; what is wrong with the line, if anything is."""
        try:
            message = json.loads(line)
        except ValueError:
            return f"stdout held what is no JSON message: {line[:200]!r}"
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return f"stdout held what is no JSON-RPC 2.0 message: {line[:200]!r}"
        if ("result" in message) == ("error" in message):
            return f"an answer holds either `result` or `error`: {line[:200]!r}"
        number = message.get("id")
        inbox = self._waiting.get(number) if isinstance(number, int) else None
        if inbox is None:
            return f"an answer to no request that is open: {line[:200]!r}"
        inbox.put(message)
        return ""

    def _fail(self, breach: str) -> None:
        self._breach = breach
        for inbox in list(self._waiting.values()):
            inbox.put(breach)

    def _told(self, breach: str) -> str:
        status = self._process.poll()
        ended = "" if status is None else f"\nexit status: {status}"
        with contextlib.suppress(ValueError):
            self._stderr.seek(0)
            noise = self._stderr.read()[-2000:].decode("utf-8", "replace").strip()
            return breach + ended + (f"\nstderr:\n{noise}" if noise else "")
        return breach + ended


def _identity(answer: Any) -> Identity:
    if not isinstance(answer, dict) or answer.get("protocol") != PROTOCOL:
        raise Misconduct(f"initialize answered {answer!r:.200}: an object with protocol {PROTOCOL} is expected")
    capabilities = answer.get("capabilities")
    if not isinstance(capabilities, list) or not all(isinstance(name, str) for name in capabilities):
        raise Misconduct(f"initialize gave capabilities {capabilities!r:.80}: a list of names is expected")
    options = answer.get("options")
    return Identity(
        name=str(answer.get("name") or "driver"),
        version=str(answer.get("version") or ""),
        language=str(answer.get("language") or ""),
        capabilities=frozenset(capabilities),
        options=options if isinstance(options, dict) else {},
    )


def _refusal(method: str, error: Any) -> Exception:
    data = error.get("data") if isinstance(error, dict) else None
    kind = data.get("kind") if isinstance(data, dict) else None
    if isinstance(error, dict) and error.get("code") == REFUSED and kind in KINDS:
        return Refusal(str(kind), str(error.get("message", "")))
    if isinstance(error, dict):
        return Misconduct(f"{method} answered the error {error.get('code')!r}: {error.get('message')}")
    return Misconduct(f"{method} answered an error that is no object: {error!r:.400}")


@dataclass(frozen=True, slots=True)
class StdioDoor(Door):
    """Opens managers that are driven over stdin and stdout.

    :param argv: the driver's command
    :param env: gives the child's environment variables, None for this process's own
    """

    argv: tuple[str, ...]
    env: Callable[[], Mapping[str, str]] | None = None
    clock: str = "none"

    @property
    def moves_the_clock(self) -> bool:
        """Only a driver that takes the time from each request sees a moved clock."""
        return self.clock == "injected"

    def open(self, environment: Environment) -> Session:
        """Start the driver."""
        return StdioSession(self.argv, environment, self.env() if self.env else None)

    def open_process(
        self, environment: Environment, variables: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Session:
        """Start another one; elsewhere, the words of its command that name files name the same ones."""
        argv = self.argv if cwd is None else [_absolute(word, number) for number, word in enumerate(self.argv)]
        env = {**(self.env() if self.env else os.environ), **(variables or {})}
        return StdioSession(argv, environment, env, cwd)


def _absolute(word: str, number: int) -> str:
    # The program's own name is looked up on PATH unless it holds a slash.
    path = Path(word)
    return str(path.absolute()) if path.is_file() and (number or "/" in word) else word
