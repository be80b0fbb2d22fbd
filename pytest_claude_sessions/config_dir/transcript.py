"""Reading a transcript: its records, turns, ids and time stamps, whatever state the file is in.

The reader is for tests and checks: it tells what is there and what it had to skip. Whether a release would resume
the file is another question, which `ConfigDir.resumable` answers by that release's own rules.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from .turns import Record, Turn, time_of, turns_in

SkipReason = Literal["not json", "not an object", "torn", "nul bytes"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that is no record.

    :ivar line: its number, from 1.
    :ivar offset: where it begins, in bytes from the start of the file.
    :ivar size: its length in bytes, without the line end.
    :ivar reason: "torn" is the last line of a file that does not end in a newline; "nul bytes" one that holds some.
    :ivar excerpt: its beginning, with everything unprintable escaped.
    """

    line: int
    offset: int
    size: int
    reason: SkipReason
    excerpt: str


class NoTranscript(LookupError):
    """There is no transcript to read: what was looked for, and what is there instead.

    :ivar path: where it was looked for.
    """

    def __init__(self, path: Path, seen: str) -> None:
        super().__init__(f"no transcript at {path}: {seen}")
        self.path = path


@dataclass(frozen=True)
class Transcript:
    """A conversation as it is on disk.

    :ivar path: the file.
    :ivar session_id: the id to resume it by, which is the file's name without `.jsonl` (whatever its records say).
    :ivar records: every line that is a JSON object, in order, repeated ones too.
    :ivar skipped: every line that is not blank and no record.
    :ivar size: of the file, in bytes.
    """

    path: Path
    session_id: str
    records: tuple[Record, ...] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()
    size: int = 0

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Transcript:
        """Read a file.

        :raises NoTranscript: when there is no regular file of that name. A FIFO is not opened, a link is followed.
        :raises OSError: when it cannot be read.
        """
        file = Path(path)
        try:
            mode = file.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise NoTranscript(file, _nearby(file)) from None
        if not stat.S_ISREG(mode):
            raise NoTranscript(file, f"it is not a regular file (mode {stat.filemode(mode)})")
        return cls.parse(file.read_bytes(), file)

    @classmethod
    def parse(cls, data: bytes, path: str | os.PathLike[str] = "unnamed.jsonl") -> Transcript:
        """Read the bytes of a transcript; no bytes are an error.

        :param data: what is, or would be, in the file.
        :param path: its name, from which the session id is taken.
        """
        records: list[Record] = []
        skipped: list[Skipped] = []
        offset = 0
        lines = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if text:
                found = _record_in(text)
                if isinstance(found, dict):
                    records.append(found)
                else:
                    reason: SkipReason = "torn" if number == len(lines) and found == "not json" else found
                    skipped.append(Skipped(number, offset, len(line), reason, _excerpt(line)))
            offset += len(line) + 1
        file = Path(path)
        return cls(file, file.name.removesuffix(".jsonl"), tuple(records), tuple(skipped), len(data))

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The turns, in order: what a user sent in the main conversation and the answers up to the next prompt.

        Left out are subagents' records, records that the program made up (`isMeta`), tool results, and a record
        that stands there a second time under the same UUID (a copy, as forks and old resumes leave them).
        """
        return tuple(turns_in(self.records))

    @property
    def prompts(self) -> tuple[str, ...]:
        """What the user sent, a text for each turn."""
        return tuple(turn.prompt for turn in self.turns)

    @property
    def replies(self) -> tuple[str | None, ...]:
        """What was answered, for each turn."""
        return tuple(turn.reply for turn in self.turns)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The session ids that the records bear at their top level, each once, in the order of their first use."""
        return _texts(self.records, "sessionId")

    @cached_property
    def uuids(self) -> tuple[str, ...]:
        """The UUIDs of the records, each once."""
        return _texts(self.records, "uuid")

    @cached_property
    def cwds(self) -> tuple[str, ...]:
        """The working directories that the records name, each once; the first is where it was started."""
        return _texts(self.records, "cwd")

    @property
    def cwd(self) -> str | None:
        """Where the conversation was started; None when no record says so (HIS-09: never taken from the name)."""
        return self.cwds[0] if self.cwds else None

    @cached_property
    def releases(self) -> tuple[str, ...]:
        """The releases that wrote the records, each once."""
        return _texts(self.records, "version")

    @cached_property
    def timestamps(self) -> tuple[datetime, ...]:
        """The time stamps of the records that bear one, in the file's order (UTC)."""
        found = (time_of(record.get("timestamp")) for record in self.records)
        return tuple(moment for moment in found if moment is not None)

    @property
    def started_at(self) -> datetime | None:
        """The earliest time stamp (UTC)."""
        return min(self.timestamps, default=None)

    @property
    def ended_at(self) -> datetime | None:
        """The latest time stamp (UTC)."""
        return max(self.timestamps, default=None)

    @property
    def torn(self) -> bool:
        """Whether the last line was cut off while it was written."""
        return bool(self.skipped) and self.skipped[-1].reason == "torn"


def _record_in(text: bytes) -> Record | SkipReason:
    try:
        # The program reads UTF-8 and takes what is not for U+FFFD; a byte order mark is no part of the record.
        found = json.loads(text.decode("utf-8", "replace").removeprefix("\ufeff"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return "nul bytes" if b"\0" in text else "not json"
    return found if isinstance(found, dict) else "not an object"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python's parser would take NaN, JavaScript's does not


def _texts(records: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for record in records if isinstance(text := record.get(key), str)))


def _excerpt(line: bytes) -> str:
    shown = line[:60].decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)


def _nearby(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError as error:
        return f"its directory cannot be listed ({error.strerror})"
    if not names:
        return "its directory is empty"
    return f"its directory holds {', '.join(names[:8])}{' and more' if len(names) > 8 else ''}"
