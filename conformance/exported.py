"""Exports in any of the forms of SPEC 4, read back by the suite's own means."""

from __future__ import annotations

import base64
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude_sessions.claude.release import NEWEST, Release
from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.config_dir.side_files import add_subagent
from pytest_claude_sessions.door import Refusal
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

from .recorded import minutes_ago, recorded

FORMS = {"json-lines": ".jsonl", "tar": ".tar.gz", "zip": ".zip", "directory": ""}
"""Each form with the suffix that asks for it."""

NOTE = "export-note"

BINARY = bytes(range(256)) * 4
"""What is no text."""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds.

    :param files: path inside it -> bytes; of a single file under that file's name
    """

    files: Mapping[str, bytes]

    @property
    def lines(self) -> list[bytes]:
        """Every line of its JSON Lines files, blank ones left out."""
        contents = [data for name, data in self.files.items() if name.endswith(".jsonl")]
        return [line for data in contents for line in data.split(b"\n") if line.strip()]

    @property
    def broken(self) -> list[bytes]:
        """The lines that are no JSON object in UTF-8."""
        return [line for line in self.lines if not isinstance(_parsed(line), dict)]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records, notes of the export among them."""
        return [record for line in self.lines if isinstance(record := _parsed(line), dict)]

    @property
    def left_out(self) -> list[Any]:
        """What its notes say was left out."""
        notes = [record for record in self.records if record.get("type") == NOTE]
        return [item for note in notes for item in note.get("left_out") or []]

    def lacks(self, records: Iterable[Any]) -> list[str]:
        """Those of the records that are not in it, shortened."""
        there = {_canonical(record) for record in self.records}
        there.update(_canonical(_parsed(data)) for name, data in self.files.items() if name.endswith(".json"))
        there.update(_canonical(_parsed(text.encode("utf-8", "replace"))) for text in self._texts())
        return [_canonical(record)[:120] for record in records if _canonical(record) not in there]

    def holds_bytes(self, data: bytes) -> bool:
        """Whether these bytes are in it: as a file, as a text in a record, or as base64 in one."""
        return data in self.files.values() or any(_is(text, data) for text in self._texts())

    def _texts(self) -> Iterator[str]:
        for record in self.records:
            yield from _strings(record)


def exported(trial: Trial, session_id: str, *, form: str | None = None, manager: ManagerHandle | None = None) -> Export:
    """Export a conversation, in a form or in the first that the manager has, and read it back.

    :param form: suffix of the destination; where the manager does not have it, the check does not apply
    """
    given, path = made(trial, session_id, form=form, manager=manager)
    trial.judge(path.exists(), given=given, expected=f"an export at {path.name}", seen="nothing is there")
    return read_export(trial, path, given=given)


def made(
    trial: Trial, session_id: str, *, form: str | None = None, manager: ManagerHandle | None = None
) -> tuple[str, Path]:
    """Export a conversation to a new place: what was done, and where the export is."""
    subject = manager or trial.manager
    refusals = []
    for suffix in FORMS.values() if form is None else [form]:
        destination = destination_for(trial, suffix)
        try:
            path = subject.export_session(session_id, destination)
        except Refusal as refusal:
            if refusal.kind != "unsupported":
                raise
            refusals.append(f"{destination.name}: {refusal}")
            continue
        given = f"export_session to {destination.name}"
        trial.equal(path, destination, given=f"what it gave: {given}")
        return given, path
    if form is not None:
        made(trial, session_id)
        trial.not_applicable(f"the manager has no {form or 'directory'} exports: {'; '.join(refusals)}")
    trial.judge(False, given="an export in any form", expected="one that is supported", seen="; ".join(refusals))
    raise AssertionError


def destination_for(trial: Trial, suffix: str) -> Path:
    """A place for an export where nothing is."""
    directory = trial.directory("exports")
    number = sum(1 for _ in directory.iterdir())
    return directory / f"export-{number}{suffix}"


def read_export(trial: Trial, path: Path, *, given: str) -> Export:
    """Read an export; what is not of its form is a breach."""
    try:
        if path.is_dir():
            return Export({str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()})
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path, "r:gz") as tar:
                members = [member for member in tar.getmembers() if member.isfile()]
                return Export({m.name: stream.read() for m in members if (stream := tar.extractfile(m)) is not None})
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                return Export({n: archive.read(n) for n in archive.namelist() if not n.endswith("/")})
        return Export({path.name: path.read_bytes()})
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        trial.judge(False, given=given, expected=f"{path.name} that can be read", seen=f"{error}")
        raise AssertionError from error


def records_of(path: Path) -> list[dict[str, Any]]:
    """The records of a transcript that is whole."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]


def with_siblings(trial: Trial, session_id: str, *prompts: str, project: Path) -> Transcript:
    """A conversation with two subagents and what tools gave in its sibling directory."""
    transcript = recorded(trial, session_id, *prompts, project=project, ago=10)
    for name in ("a1", "b2"):
        subagent(transcript, agent_id=f"a{name}{session_id[:8]}000000", release=NEWEST)
    below = transcript.path.with_suffix("") / "tool-results"
    below.mkdir()
    (below / "b0a1b2c3d.txt").write_text("1\n2\n3\nno end of line")
    (below / "b4e5f6a7b.bin").write_bytes(BINARY)
    return transcript


def subagent(transcript: Transcript, *, agent_id: str, release: str) -> Path:
    """A subagent's transcript, where a release keeps it."""
    return add_subagent(
        transcript.path,
        Release.of(release),
        session_id=transcript.session_id,
        cwd=transcript.cwd or "",
        prompt=f"a task for {agent_id}",
        reply=f"done by {agent_id}",
        agent_id=agent_id,
        at=minutes_ago(5).timestamp(),
    )


def all_in(trial: Trial, export: Export, transcript: Transcript, *, given: str) -> None:
    """Judge that an export holds the records of a conversation and every file of its sibling directory."""
    below = [path for path in transcript.path.with_suffix("").rglob("*") if path.is_file()]
    for path in [transcript.path, *below]:
        if path.suffix == ".jsonl":
            lacking = export.lacks(records_of(path))
        elif path.suffix == ".json" and not export.holds_bytes(path.read_bytes()):
            lacking = export.lacks([json.loads(path.read_bytes())])
        else:
            lacking = [] if export.holds_bytes(path.read_bytes()) else [f"{path.stat().st_size} bytes"]
        trial.judge(
            not lacking,
            given=given,
            expected=f"all of {path.relative_to(transcript.path.parent)} in it",
            seen=f"missing: {'; '.join(lacking[:5])}; it holds {sorted(export.files)}",
        )


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _is(text: str, data: bytes) -> bool:
    if text.encode("utf-8", "surrogatepass") == data:
        return True
    try:
        return base64.b64decode(text, validate=True) == data and bool(data)
    except ValueError:
        return False
