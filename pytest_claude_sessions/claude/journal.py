"""The journal of starts, `<CLAUDE_FAKE_DIR>/journal.jsonl`: one object for each time the program was started.

The object is there from the start on (a killed process leaves it as it was) and is replaced at the end. The file is
replaced as a whole under a lock, so a reader needs none; it may only meet a last line that is still being written.
"""

from __future__ import annotations

import os
import sys
import time

from .exclusive import Exclusive, replace_file
from .json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = "journal.jsonl"
MASK = "***"
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH")


class Journal:
    """This start's object.

    :param directory: CLAUDE_FAKE_DIR; None keeps no journal.
    :param release: version that the program behaves as.
    :param now: epoch seconds of the fake's clock.
    :ivar entry: the object; change it and call `save` or `end`.
    """

    def __init__(self, directory: str | None, *, release: str, now: float) -> None:
        self._directory = directory
        self._number = -1
        self.entry: dict[str, Any] = {
            "argv": sys.argv[1:],
            "cwd": _cwd(),
            "env": masked(os.environ),
            "pid": os.getpid(),
            "ppid": os.getppid(),
            "started_at": time.time(),
            "ended_at": None,
            "now": now,
            "release": release,
            "prompt": None,
            "prompts": [],
            "requested": {"resume": None, "session_id": None, "continue": False, "fork": False},
            "session_id": None,
            "messages": 0,
            "outcome": "running",
            "exit": None,
        }

    def begin(self) -> None:
        """Put the object in the journal."""
        if self._directory is None:
            return
        line = _line(self.entry)
        with Exclusive(self._directory):
            path = os.path.join(self._directory, FILE)
            try:
                with open(path, "rb") as file:
                    self._number = file.read().count(b"\n")
            except FileNotFoundError:
                self._number = 0
            with open(path, "ab") as file:
                file.write(line.encode("utf-8", "surrogateescape"))

    def prompt(self, text: str) -> None:
        """A prompt arrived."""
        if not self.entry["prompts"]:
            self.entry["prompt"] = text
        self.entry["prompts"].append(text)

    def save(self) -> None:
        """Replace the object by what it is now."""
        if self._directory is None or self._number < 0:
            return
        with Exclusive(self._directory):
            path = os.path.join(self._directory, FILE)
            try:
                with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                    lines = file.readlines()
            except FileNotFoundError:
                return  # the test has cleared its directory meanwhile
            if self._number < len(lines) and f'"pid":{self.entry["pid"]},' in lines[self._number]:
                lines[self._number] = _line(self.entry)
                replace_file(path, "".join(lines))

    def end(self, outcome: str, exit_status: int) -> None:
        """The program ends: with which outcome, and with which exit status (128 + n for signal n)."""
        self.entry.update(outcome=outcome, exit=exit_status, ended_at=time.time())
        self.save()


def masked(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the values of everything that sounds like a secret replaced by ***."""
    return {
        name: MASK if any(word in name.upper() for word in _SECRET) else value for name, value in environment.items()
    }


def _line(entry: Mapping[str, Any]) -> str:
    # ASCII alone: file names and prompts may hold bytes that are no UTF-8, as lone surrogates.
    return dumps(entry) + "\n"


def _cwd() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
