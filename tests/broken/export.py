"""Managers that are broken in `export`."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.export import Exporter, LeftOut, Part
from pytest_claude_sessions.reference.history_transcripts import transcript_files
from pytest_claude_sessions.reference.manager import ReferenceManager

from . import Broken


def exporting(kind: type[Exporter]) -> type[ReferenceManager]:
    """A reference manager with such an exporter."""
    name = kind.__name__.removesuffix("Exporter")
    return type(name, (ReferenceManager,), {"exporter_type": kind, "__module__": __name__})


class RewritingExporter(Exporter):
    """Changes the lines of the transcripts on their way."""

    def line(self, line: bytes) -> bytes:
        raise NotImplementedError

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        for part in super().parts(transcript, left_out):
            yield Part(part.name, lambda part=part: map(self.line, part.pieces())) if part.holds_records else part


# ---------------------------------------------------------------------- all of it
class TranscriptAloneExporter(Exporter):
    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        yield next(super().parts(transcript, left_out))


class TurnsAloneExporter(RewritingExporter):
    def line(self, line: bytes) -> bytes:
        return line if json.loads(line).get("type") in ("user", "assistant") else b""


class KnownKeysExporter(RewritingExporter):
    def line(self, line: bytes) -> bytes:
        known = ("type", "uuid", "parentUuid", "message", "sessionId", "cwd", "timestamp")
        return json.dumps({k: v for k, v in json.loads(line).items() if k in known}).encode() + b"\n"


class TextFilesAloneExporter(Exporter):
    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        return (part for part in super().parts(transcript, left_out) if not part.name.endswith(".bin"))


class MovesTheSource(ReferenceManager):
    def export_session(self, session_id: str, destination: Path) -> Path:
        path = super().export_session(session_id, destination)
        os.utime(transcript_files(self.environment.config_dir)[session_id][0])
        return path


# ---------------------------------------------------------------------- lines that are none
class CopiesExporter(Exporter):
    """Copies the files as they are, half lines and all."""

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        for part in super().parts(transcript, left_out):
            yield Part(part.name, lambda part=part: iter([(transcript.parent / part.name).read_bytes()]))


class SaysNothingExporter(Exporter):
    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        return super().parts(transcript, LeftOut())


class DropsTheLastLineExporter(Exporter):
    """Takes a last line without its end for torn, whatever is in it."""

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        for part in super().parts(transcript, left_out):
            yield Part(part.name, lambda part=part: self._ended(part, transcript))

    def _ended(self, part: Part, transcript: Path) -> Iterator[bytes]:
        pieces = list(part.pieces())
        torn = not (transcript.parent / part.name).read_bytes().endswith(b"\n")
        return iter(pieces[:-1] if torn and part.holds_records else pieces)


class StopsAtABadLineExporter(Exporter):
    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        for part in super().parts(transcript, left_out):
            yield Part(part.name, lambda part=part: self._until_bad(part, left_out))

    def _until_bad(self, part: Part, left_out: LeftOut) -> Iterator[bytes]:
        for piece in part.pieces():
            if left_out.told:
                return
            yield piece


# ---------------------------------------------------------------------- never overwritten
class Overwrites(ReferenceManager):
    def export_session(self, session_id: str, destination: Path) -> Path:
        self.history.conversation(session_id)
        if destination.is_dir() and not destination.is_symlink():
            shutil.rmtree(destination)
        destination.unlink(missing_ok=True)
        return super().export_session(session_id, destination)


class FillsDirectories(ReferenceManager):
    """Takes a directory that is there already, as `mkdir -p` does."""

    def export_session(self, session_id: str, destination: Path) -> Path:
        if destination.is_dir() and not destination.is_symlink():
            super().export_session(session_id, destination / "export")
            return destination
        return super().export_session(session_id, destination)


class FollowsDanglingLinks(ReferenceManager):
    """Looks with `exists`, which a link to nothing passes."""

    def export_session(self, session_id: str, destination: Path) -> Path:
        if destination.is_symlink() and not destination.exists():
            super().export_session(session_id, destination.resolve())
            return destination
        return super().export_session(session_id, destination)


class FindsAnotherName(ReferenceManager):
    def export_session(self, session_id: str, destination: Path) -> Path:
        number = 0
        while os.path.lexists(destination):
            number += 1
            destination = destination.with_name(f"{number}-{destination.name}")
        return super().export_session(session_id, destination)


# ---------------------------------------------------------------------- projects that encode alike
class WholeDirectoryExporter(Exporter):
    """Takes all that is in the project's directory."""

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        for path in sorted(transcript.parent.glob("*.jsonl")):
            yield from super().parts(path, left_out)


class EveryAgentExporter(Exporter):
    """Takes all subagents' transcripts beside the conversation's for its own."""

    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        yield from super().parts(transcript, left_out)
        for path in sorted(transcript.parent.glob("agent-*.jsonl")):
            yield Part(f"agents/{path.name}", lambda path=path: iter([path.read_bytes()]))


class EverySiblingExporter(Exporter):
    def parts(self, transcript: Path, left_out: LeftOut) -> Iterator[Part]:
        yield from super().parts(transcript, left_out)
        for path in sorted(transcript.parent.rglob("subagents/*.jsonl")):
            yield Part(f"all/{path.name}", lambda path=path: iter([path.read_bytes()]))


# ---------------------------------------------------------------------- text
class LatinExporter(RewritingExporter):
    def line(self, line: bytes) -> bytes:
        return line.decode().encode("latin-1", "replace").decode("latin-1").encode()


class LocaleExporter(RewritingExporter):
    """Reads and writes as the process's locale has it."""

    def line(self, line: bytes) -> bytes:
        import locale

        name = locale.getpreferredencoding(False)
        return line.decode(name, "replace").encode(name, "replace")


class SplitsLinesExporter(RewritingExporter):
    """Takes every line separator of Unicode for the end of a line."""

    def line(self, line: bytes) -> bytes:
        return "\n".join(line.decode().splitlines()).encode() + b"\n"


class ReplacesSurrogatesExporter(RewritingExporter):
    def line(self, line: bytes) -> bytes:
        text = json.dumps(json.loads(line), ensure_ascii=False)
        return text.encode("utf-8", "replace") + b"\n"


class UnixLinesExporter(RewritingExporter):
    def line(self, line: bytes) -> bytes:
        return line.replace(b"\\r\\n", b"\\n")


# ---------------------------------------------------------------------- unknown ids
class ExportsNothing(ReferenceManager):
    """An archive without anything in it, for an id that nobody has."""

    def export_session(self, session_id: str, destination: Path) -> Path:
        try:
            return super().export_session(session_id, destination)
        except ManagerError as error:
            if error.kind != "not_found":
                raise
            with tarfile.open(destination, "w:gz"):
                return destination


class LeavesAFile(ReferenceManager):
    def export_session(self, session_id: str, destination: Path) -> Path:
        if not os.path.lexists(destination):
            destination.touch()
            self.history.resolve(session_id)
            destination.unlink()
        return super().export_session(session_id, destination)


class RefusesByAnotherName(ReferenceManager):
    def export_session(self, session_id: str, destination: Path) -> Path:
        try:
            return super().export_session(session_id, destination)
        except ManagerError as error:
            raise ManagerError("unwritable" if error.kind == "not_found" else error.kind, str(error)) from error


class ExportsThePath(ReferenceManager):
    """Puts what it was given into a path."""

    def export_session(self, session_id: str, destination: Path) -> Path:
        for path in self.environment.config_dir.glob("projects/*"):
            named = path / session_id
            if session_id and named.is_file():
                shutil.copyfile(named, destination)
                return destination
        return super().export_session(session_id, destination)


TranscriptAlone = exporting(TranscriptAloneExporter)
TurnsAlone = exporting(TurnsAloneExporter)
KnownKeys = exporting(KnownKeysExporter)
TextFilesAlone = exporting(TextFilesAloneExporter)
Copies = exporting(CopiesExporter)
SaysNothing = exporting(SaysNothingExporter)
DropsTheLastLine = exporting(DropsTheLastLineExporter)
StopsAtABadLine = exporting(StopsAtABadLineExporter)
WholeDirectory = exporting(WholeDirectoryExporter)
EveryAgent = exporting(EveryAgentExporter)
EverySibling = exporting(EverySiblingExporter)
Latin = exporting(LatinExporter)
Locale = exporting(LocaleExporter)
SplitsLines = exporting(SplitsLinesExporter)
ReplacesSurrogates = exporting(ReplacesSurrogatesExporter)
UnixLines = exporting(UnixLinesExporter)

BROKEN = [
    Broken("EXP-01", TranscriptAlone, "subagents/agent-"),
    Broken("EXP-01", TurnsAlone, "missing: "),
    Broken("EXP-01", KnownKeys, "missing: ", subtle="one form of several"),
    Broken("EXP-01", TextFilesAlone, "b4e5f6a7b.bin", subtle="one form of several"),
    Broken("EXP-01", MovesTheSource, "no change on the disk", subtle="the word, not the deed"),
    Broken("EXP-02", Copies, "lines of the export that are no records"),
    Broken("EXP-02", SaysNothing, "that says so"),
    Broken("EXP-02", DropsTheLastLine, "records that are missing", subtle="the usual case"),
    Broken("EXP-02", StopsAtABadLine, "records that are missing", subtle="the usual case"),
    Broken("EXP-03", Overwrites, "where there is a file"),
    Broken("EXP-03", FillsDirectories, "where there is a directory", subtle="one form of several"),
    Broken("EXP-03", FollowsDanglingLinks, "where there is a dangling link", subtle="one form of several"),
    Broken("EXP-03", FindsAnotherName, "where there is a file"),
    Broken("EXP-04", WholeDirectory, "what of the other conversation is in it"),
    Broken("EXP-04", EveryAgent, "with subagents of both beside it", subtle="right id, wrong file"),
    Broken("EXP-04", EverySibling, "what of the other conversation is in it", subtle="right id, wrong file"),
    Broken("EXP-05", Latin, "texts in many languages", subtle="for ASCII"),
    Broken("EXP-05", Locale, "the locale C,", subtle="in one place"),
    Broken("EXP-05", SplitsLines, "lines that do not parse", subtle="the usual case"),
    Broken("EXP-05", ReplacesSurrogates, "texts in many languages", subtle="the usual case"),
    Broken("EXP-05", UnixLines, "texts in many languages"),
    Broken("EXP-06", ExportsNothing, "the refusal not_found"),
    Broken("EXP-06", LeavesAFile, "no change on the disk", subtle="the word, not the deed"),
    Broken("EXP-06", RefusesByAnotherName, "the refusal not_found"),
    Broken("EXP-06", ExportsThePath, "the refusal not_found", subtle="right id, wrong file"),
]
