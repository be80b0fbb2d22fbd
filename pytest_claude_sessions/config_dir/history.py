"""`history.jsonl`: what a person typed at the prompt, one line a prompt (facts `history`; HIS-01 to HIS-11)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..claude.transcript import dump
from .instant import epoch_ms
from .transcript import Skipped, Transcript
from .turns import time_of

FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A line of the history: a prompt, not a session.

    :ivar display: the prompt as it was shown.
    :ivar timestamp: when it was sent (UTC); written as epoch milliseconds.
    :ivar project: the working directory; None leaves the key out, as lines of old releases do.
    :ivar session_id: the conversation; None leaves the key out, as lines of old releases do.
    :ivar pasted_contents: what was pasted into the prompt.
    """

    display: str
    timestamp: datetime | None
    project: str | None = None
    session_id: str | None = None
    pasted_contents: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The entry as it stands in the file, with its line end; keys in the order in which the program writes."""
        record: dict[str, Any] = {"display": self.display, "pastedContents": dict(self.pasted_contents)}
        if self.timestamp is not None:
            record["timestamp"] = epoch_ms(self.timestamp)
        if self.project is not None:
            record["project"] = self.project
        if self.session_id is not None:
            record["sessionId"] = self.session_id
        return dump(record) + "\n"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> HistoryEntry:
        """The entry of a parsed line; what has the wrong type counts as missing."""
        project, session_id = record.get("project"), record.get("sessionId")
        pasted, display = record.get("pastedContents"), record.get("display")
        stamp = record.get("timestamp")
        return cls(
            display=display if isinstance(display, str) else "",
            timestamp=None if isinstance(stamp, str) else time_of(stamp),
            project=project if isinstance(project, str) else None,
            session_id=session_id if isinstance(session_id, str) else None,
            pasted_contents=pasted if isinstance(pasted, dict) else {},
        )


@dataclass(frozen=True, slots=True)
class History:
    """The file as it was read: its entries, oldest first, and the lines that are none."""

    entries: tuple[HistoryEntry, ...]
    skipped: tuple[Skipped, ...] = ()


def append_history(path: Path, lines: Iterable[HistoryEntry | str | bytes]) -> None:
    """Append lines to a history, making it with mode 0600 when it is not there.

    :param path: the file.
    :param lines: entries; a text or bytes go in as they are, so that a test can write a line that is none (HIS-03).
    """
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
    with open(fd, "ab") as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else _text(line).encode("utf-8", "surrogatepass"))


def read_history(path: Path) -> History:
    """Read a history, whatever state it is in; one that does not exist is empty."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return History(())
    parsed = Transcript.parse(data, path)
    return History(tuple(HistoryEntry.of(record) for record in parsed.records), parsed.skipped)


def _text(line: HistoryEntry | str) -> str:
    return line if isinstance(line, str) else line.line()
