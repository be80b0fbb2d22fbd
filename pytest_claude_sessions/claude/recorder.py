"""Runs the real program in the fake's place and keeps the same journal of its starts.

The program that CLAUDE_FAKE_REAL names gets the same arguments, working directory and environment (less the fake's own
variables); what passes through stdin, stdout and stderr is handed on unchanged and looked at on the way.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time

from . import arguments
from .journal import Journal
from .release import NEWEST, Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REAL = "CLAUDE_FAKE_REAL"
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_LIMIT_WORDS = ("You've hit your", "usage limit reached", "Spending cap reached")
_BY_TEXT = (
    ("No conversation found with session ID", "not_found"),
    ("is already in use", "in_use"),
    ("Invalid session ID", "invalid_id"),
    ("requires a valid session ID", "invalid_id"),
    ("currently running as a background agent", "held"),
    ("error: unknown option", "usage"),
    ("error: option", "usage"),
    ("Error: Input must be provided", "usage"),
)


class Recorder:
    """One start of the real program.

    :param real: path of the program.
    :param directory: CLAUDE_FAKE_DIR.
    """

    def __init__(self, real: str, directory: str | None) -> None:
        self._real = real
        release = os.environ.get("CLAUDE_FAKE_RELEASE") or NEWEST
        self.journal = Journal(directory, release=release, now=time.time())
        self._result: dict[str, Any] = {}
        self._told = b""
        self._kept = b""
        self._given = arguments.Arguments()
        # A command line that the fake would refuse is for the real program to refuse.
        with contextlib.suppress(arguments.UsageError):
            self._given = arguments.parse(sys.argv[1:], Release.of(release))
        self._streamed = self._given.text("output-format") == "stream-json"
        self._frames_in = self._given.text("input-format") == "stream-json"

    def run(self) -> int:
        """Run the program; returns its exit status, negative for a signal as `os.waitstatus_to_exitcode` has it."""
        given, entry = self._given, self.journal.entry
        entry["requested"] = {
            "resume": given.text("resume"),
            "session_id": given.text("session-id"),
            "continue": given.has("continue"),
            "fork": given.has("fork-session"),
        }
        if given.operands:
            self.journal.prompt(given.operands[0])
        self.journal.begin()
        ends = None if os.isatty(1) else (os.pipe(), os.pipe(), os.pipe())
        pid = self._start(ends)
        for number in _FORWARDED:
            signal.signal(number, lambda heard, frame: _send(pid, heard))
        if ends is not None:
            self._pass_on(ends)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        entry["session_id"] = self._result.get("session_id") or entry["requested"]["session_id"]
        words = str(self._result.get("result") or self._told.decode("utf-8", "replace")).split()
        entry["messages"] = int(words[2]) if words[:2] == ["reply", "to"] and words[2].isdigit() else 0
        self.journal.end(self._outcome(code), code if code >= 0 else 128 - code)
        return code

    def _start(self, ends: tuple[tuple[int, int], ...] | None) -> int:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDE_FAKE_")}
        parent = os.getpid()
        library = _library()
        pid = os.fork()
        if pid:
            if ends is not None:
                for descriptor in (ends[0][0], ends[1][1], ends[2][1]):
                    os.close(descriptor)
            return pid
        try:
            if library is not None:
                library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(1)  # the recorder went away in between
            if ends is not None:
                os.dup2(ends[0][0], 0)
                os.dup2(ends[1][1], 1)
                os.dup2(ends[2][1], 2)
            os.execve(self._real, [self._real, *sys.argv[1:]], environment)
        except OSError as error:
            os.write(2, f"claude recorder: {self._real}: {error.strerror}\n".encode())
        finally:
            os._exit(127)

    def _pass_on(self, ends: tuple[tuple[int, int], ...]) -> None:
        threading.Thread(target=self._feed, args=(ends[0][1],), daemon=True).start()
        targets = {ends[1][0]: 1, ends[2][0]: 2}
        while targets:
            for fd in select.select(list(targets), [], [])[0]:
                data = os.read(fd, 1 << 16)
                if not data:
                    del targets[fd]
                    continue
                if targets[fd] == 1:
                    self._look_at(data)
                else:
                    self._told += data
                _write(targets[fd], data)
        self._look_at(b"\n")

    def _feed(self, target: int) -> None:
        """Hand stdin on and keep the prompts in it."""
        kept = b""
        try:
            while data := os.read(0, 1 << 16):
                kept += data
                if self._frames_in:
                    *lines, kept = kept.split(b"\n")
                    for line in lines:
                        self._prompt_of(line)
                _write(target, data)
        except OSError:
            pass
        if kept and not self._frames_in:
            self.journal.prompt(kept.decode("utf-8", "replace"))
            self.journal.save()
        os.close(target)

    def _prompt_of(self, line: bytes) -> None:
        try:
            content = json.loads(line)["message"]["content"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(content, list):
            content = "\n".join(block.get("text", "") for block in content)
        self.journal.prompt(content)
        self.journal.save()

    def _look_at(self, data: bytes) -> None:
        *lines, self._kept = (self._kept + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"{"):
                if line.strip():
                    self._told += line + b"\n"
                continue
            try:
                frame = json.loads(line)
            except ValueError:
                continue
            if frame.get("type") == "result" or ("session_id" in frame and not self._result):
                self._result = frame
                self.journal.entry["session_id"] = frame.get("session_id")

    def _outcome(self, code: int) -> str:
        if self._given.has("version") or self._given.has("help"):
            return "version"
        result = self._result
        told = self._told.decode("utf-8", "replace") + " ".join(map(str, result.get("errors") or ()))
        failed = bool(result.get("is_error"))
        if code == 0 and not failed:
            return "answered"
        for words, outcome in _BY_TEXT:
            if words in told:
                return outcome
        text = told + str(result.get("result", ""))
        if result.get("api_error_status") == 429 or any(words in text for words in _LIMIT_WORDS):
            return "limited"
        if failed and result.get("subtype") == "success":
            return "api_error"
        return "interrupted" if code in (-15, -2, -1, 143, 130, 129) else "crashed"


def main() -> None:
    """Run the real program and end as it does."""
    real = os.environ.get(REAL)
    if not real:
        os.write(2, f"claude recorder: {REAL} does not name the real program\n".encode())
        sys.exit(2)
    code = Recorder(real, os.environ.get("CLAUDE_FAKE_DIR") or None).run()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _library() -> Any:
    """The C library where a process can ask to go when its parent goes, else None."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    return ctypes.CDLL(None)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except OSError:
            return
