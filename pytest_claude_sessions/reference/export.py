"""A conversation written out, whole and readable, without a change of its source (source 003, EXP-01 to EXP-06)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..manager import ManagerError
from .durable import unwritable
from .export_forms import form_of
from .history import History
from .history_transcripts import transcript_files
from .lines import lines_from_start, open_regular, record_in, records_from_start

BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a conversation.

    :param name: path in the export; a transcript's ends in `.jsonl`
    :param pieces: gives its bytes; a transcript's line by line, each with its line end
    """

    name: str
    pieces: Callable[[], Iterator[bytes]]

    @property
    def holds_records(self) -> bool:
        """Whether it is a transcript, the conversation's own or a subagent's."""
        return self.name.endswith(".jsonl")


@dataclass(slots=True)
class LeftOut:
    """What could not be exported, gathered while the parts are read."""

    told: list[str] = field(default_factory=list)

    def note(self) -> bytes:
        """The record that says so, as a line; nothing where nothing was left out."""
        if not self.told:
            return b""
        return json.dumps({"type": "export-note", "left_out": self.told}).encode() + b"\n"


class Exporter:
    """Exports the conversations of one config dir."""

    def __init__(self, history: History) -> None:
        self.history = history

    def export(self, session_id: str, destination: Path) -> Path:
        """Write a conversation to a place where nothing is.

        :param session_id: the id, or the beginning of it
        :param destination: its suffix tells the form; without one of the known ones a directory is made
        :raises ManagerError: `not_found`, `ambiguous`, `unwritable` with nothing left behind
        """
        whole = self.history.resolve(session_id)
        file = transcript_files(self.history.config_dir).get(whole)
        if file is None:
            raise ManagerError("not_found", f"the transcript of {whole} is gone")
        self._check_free(destination)
        left_out = LeftOut()
        try:
            form_of(destination)(destination, self.parts(file[0], left_out), left_out.note)
        except FileExistsError as error:
            raise _taken(destination) from error
        except OSError as error:
            raise unwritable(destination, error) from error
        return destination

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        """The files of a conversation: its transcript, its subagents' and all of its sibling directory (EXP-01)."""
        yield _records(transcript, transcript.name, left_out)
        for path in _subagents_beside(transcript):
            yield _records(path, path.name, left_out)
        sibling = transcript.with_suffix("")
        for path in _files_below(sibling, left_out):
            name = path.relative_to(transcript.parent).as_posix()
            yield _records(path, name, left_out) if path.suffix == ".jsonl" else _file(path, name, left_out)

    def _check_free(self, destination: Path) -> None:
        if os.path.lexists(destination):
            raise _taken(destination)
        projects = os.path.realpath(self.history.config_dir / "projects")
        if os.path.realpath(destination).startswith(projects + os.sep):
            raise ManagerError("unwritable", f"{destination} is among Claude's own transcripts; export elsewhere")


def _taken(destination: Path) -> ManagerError:
    return ManagerError("unwritable", f"{destination} is there already, and is left as it is; give a new name")


def _records(path: Path, name: str, left_out: LeftOut) -> Part:
    def lines() -> Iterator[bytes]:
        number = 0
        for number, line in enumerate(lines_from_start(path), 1):
            if line is None:
                left_out.told.append(f"{name}: line {number} is too long")
            elif not line.strip():
                continue
            elif record_in(line) is not None:
                yield _readable(line, number, name, left_out)
            else:
                torn = "" if line.endswith(b"\n") else ", cut off while it was written"
                left_out.told.append(f"{name}: line {number} is no record ({len(line)} bytes{torn})")

    return Part(name, lines)


def _readable(line: bytes, number: int, name: str, left_out: LeftOut) -> bytes:
    """The line with its end; its bytes as they are, but for those that are no UTF-8 (EXP-02, EXP-05)."""
    ended = line if line.endswith(b"\n") else line + b"\n"
    try:
        text = ended.decode()
    except UnicodeDecodeError:
        left_out.told.append(f"{name}: line {number} had bytes that are no UTF-8, each now U+FFFD")
        text = ended.decode("utf-8", "replace")
    return text.removeprefix("\ufeff").encode()


def _file(path: Path, name: str, left_out: LeftOut) -> Part:
    def blocks() -> Iterator[bytes]:
        descriptor = open_regular(path)
        if descriptor is None:
            left_out.told.append(f"{name}: it is gone, or cannot be read")
            return
        with open(descriptor, "rb") as stream:
            while block := stream.read(BLOCK):
                yield block

    return Part(name, blocks)


def _subagents_beside(transcript: Path) -> list[Path]:
    """Subagents' transcripts next to the conversation's, as 2.0.77 keeps them: the first record names whose it is."""
    found = []
    for path in sorted(transcript.parent.glob("agent-*.jsonl")):
        first = next(records_from_start(path), None)
        if not path.is_symlink() and first is not None and first.get("sessionId") == transcript.stem:
            found.append(path)
    return found


def _files_below(directory: Path, left_out: LeftOut) -> Iterator[Path]:
    if directory.is_symlink():
        left_out.told.append(f"{directory.name}: a link, which is not followed")
        return
    for root, directories, files in os.walk(directory):
        directories.sort()
        for name in sorted([*files, *(d for d in directories if Path(root, d).is_symlink())]):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path
            else:
                shown = path.relative_to(directory.parent).as_posix()
                left_out.told.append(f"{shown}: a link or a device, which is not followed")
