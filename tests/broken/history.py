"""Managers that are broken in `history`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError, SessionEntry
from pytest_claude_sessions.reference.history import History, Known
from pytest_claude_sessions.reference.history_prompts import Typed, readable, typed_lines
from pytest_claude_sessions.reference.history_transcripts import opening_of, transcript_files
from pytest_claude_sessions.reference.manager import ReferenceManager

from . import Broken


def reading(kind: type[History]) -> type[ReferenceManager]:
    """A reference manager with such a history."""
    name = kind.__name__.removesuffix("History")
    return type(name, (ReferenceManager,), {"history_type": kind, "__module__": __name__})


class Shown(ReferenceManager):
    """Changes each entry that is shown."""

    def shown(self, entry: SessionEntry) -> SessionEntry:
        raise NotImplementedError

    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return [self.shown(entry) for entry in super().list_sessions(limit)]

    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        return [self.shown(entry) for entry in super().find_sessions(text, limit)]

    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        entry = super().current_session(cwd)
        return self.shown(entry) if entry else None


def raw_lines(manager: ReferenceManager) -> list[dict[str, Any]]:
    """The lines as `jq` would read them: the first that is none is the end of it."""
    text = manager.history.path.read_text() if manager.history.path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


# ---------------------------------------------------------------------- times
class MillisecondsTakenForSeconds(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        seconds = entry.timestamp.timestamp() * 1000
        return replace(entry, timestamp=datetime.fromtimestamp(min(seconds, 2e11), UTC))


class LocalTimeCalledUtc(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, timestamp=entry.timestamp.astimezone().replace(tzinfo=UTC))


class TimeWithoutZone(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, timestamp=entry.timestamp.replace(tzinfo=None))


# ---------------------------------------------------------------------- the list
class PromptsAsSessions(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        lines = list(typed_lines(self.history.path))[:limit]
        return [Known(t.session_id, t.at, t.project or "", t.prompt, None).entry for t in lines]


class OldestFirst(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return super().list_sessions(limit)[::-1]


class TenByDefault(ReferenceManager):
    def list_sessions(self, limit: int = 10) -> list[SessionEntry]:
        return super().list_sessions(limit)


class NeverMoreThanTwenty(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return super().list_sessions(min(limit, 20))


class TypedTimeAloneHistory(History):
    def _verified(self, session_id: str, line: Typed | None, file: tuple[Path, datetime] | None) -> Known | None:
        known = super()._verified(session_id, line, file)
        return replace(known, at=line.at) if known and line else known


TypedTimeAlone = reading(TypedTimeAloneHistory)


# ---------------------------------------------------------------------- bad lines
class OneBadLineKillsTheList(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        raw_lines(self)
        return super().list_sessions(limit)


class StopsAtABadLine(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        found = []
        for line in self.history.path.read_bytes().splitlines():
            try:
                found.append(json.loads(line)["sessionId"])
            except (ValueError, KeyError, TypeError, RecursionError):
                break
        return [entry for entry in super().list_sessions(limit) if entry.session_id in found]


class SecondsAreThe70s(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        for line in self.history.path.read_bytes().splitlines():
            if b'"timestamp": 1' in line and str(entry.session_id).encode() in line:
                stamp = float(re.findall(rb'"timestamp": (\d{10})[,.]', line)[0]) if b", " in line else 2e9
                return replace(entry, timestamp=datetime.fromtimestamp(stamp / 1000, UTC))
        return entry


class NeedsAHistory(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return super().list_sessions(limit) if self.history.path.is_file() else []


# ---------------------------------------------------------------------- what is a conversation
class HistoryAlone(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        typed = {line.session_id for line in typed_lines(self.history.path)}
        return [entry for entry in super().list_sessions(limit) if entry.session_id in typed]


def also(manager: ReferenceManager, entries: list[SessionEntry], pattern: str) -> list[SessionEntry]:
    """The entries and whatever else matches a pattern below projects/."""
    paths = sorted(manager.environment.config_dir.joinpath("projects").glob(pattern))
    known = {entry.session_id for entry in entries}
    more = [Known(p.name.split(".")[0], datetime.now(UTC), "", "", p).entry for p in paths if p.is_file()]
    return [entry for entry in more if entry.session_id not in known] + entries


class ListsSubagents(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return also(self, super().list_sessions(limit), "**/*.jsonl")


class ListsQuarantined(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        return also(self, super().list_sessions(limit), "*/*.jsonl.bak*")


class BelievesTheIndex(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        entries = super().list_sessions(limit)
        for index in self.environment.config_dir.glob("projects/*/sessions-index.json"):
            for item in json.loads(index.read_text())["entries"]:
                at = datetime.fromtimestamp(item["fileMtime"] / 1000, UTC)
                entries.append(SessionEntry(item["sessionId"], item["projectPath"], item["firstPrompt"], at, True))
        return entries


# ---------------------------------------------------------------------- what is gone
class EverythingIsResumable(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, resumable=True)


class NothingIsResumable(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, resumable=False)


class SiblingMakesResumable(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        there = any(self.environment.config_dir.glob(f"projects/*/{entry.session_id}*"))
        return replace(entry, resumable=there)


class BeginsWhatIsGone(ReferenceManager):
    def resume_session(self, session_id: str, prompt: str) -> DispatchResult:
        try:
            return super().resume_session(session_id, prompt)
        except ManagerError:
            return self.dispatch(DispatchRequest("gone", prompt, self.environment.workdir))


# ---------------------------------------------------------------------- finding
class Matching(ReferenceManager):
    """Finds by a rule of its own, among everything."""

    def matches(self, text: str, entry: SessionEntry) -> bool:
        raise NotImplementedError

    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        return [entry for entry in self.list_sessions(100) if self.matches(text, entry)][:limit]


class FindsPatterns(Matching):
    def matches(self, text: str, entry: SessionEntry) -> bool:
        return re.search(text, f"{entry.display}\n{entry.project}", re.IGNORECASE) is not None


class FindsInOneCase(Matching):
    def matches(self, text: str, entry: SessionEntry) -> bool:
        return text in entry.display or text in entry.project


class FoldsAsciiAlone(Matching):
    def matches(self, text: str, entry: SessionEntry) -> bool:
        folded = [part.encode().lower() for part in (text, entry.display, entry.project)]
        return folded[0] in folded[1] or folded[0] in folded[2]


class FindsInPromptsAlone(Matching):
    def matches(self, text: str, entry: SessionEntry) -> bool:
        return text.casefold() in entry.display.casefold()


class FindsAmongTheNewest(ReferenceManager):
    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        newest = {entry.session_id for entry in self.list_sessions()}
        return [entry for entry in super().find_sessions(text, limit) if entry.session_id in newest]


class RunsWhatIsLookedFor(ReferenceManager):
    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        import subprocess

        subprocess.run(["sh", "-c", f'echo "{text}"'], cwd=self.environment.workdir, capture_output=True, check=False)
        return super().find_sessions(text, limit)


# ---------------------------------------------------------------------- the current one
class CurrentIsTheNewestOfAll(ReferenceManager):
    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        return next(iter(self.list_sessions(1)), None)


class CurrentFromBelow(ReferenceManager):
    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        return next((entry for entry in self.list_sessions(100) if entry.project.startswith(str(cwd))), None)


class CurrentAmongTheNewest(ReferenceManager):
    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        return next((entry for entry in self.list_sessions() if entry.project == str(cwd)), None)


# ---------------------------------------------------------------------- short ids
class FirstThatFits(ReferenceManager):
    def resolve_session(self, prefix: str) -> str:
        found = sorted(i for i in transcript_files(self.environment.config_dir) if i.startswith(prefix))
        return found[0] if found and prefix else super().resolve_session(prefix)


class GlobsIds(ReferenceManager):
    def resolve_session(self, prefix: str) -> str:
        found = [i for i in transcript_files(self.environment.config_dir) if fnmatchcase(i, f"{prefix}*")]
        return (
            found[0]
            if found and (len(found) == 1 or not set(prefix).isdisjoint("*?["))
            else super().resolve_session(prefix)
        )


class FullIdsAlone(ReferenceManager):
    def resolve_session(self, prefix: str) -> str:
        if len(prefix) < 36:
            raise ManagerError("not_found", "the full id is needed")
        return super().resolve_session(prefix)


class ResolvesAnything(ReferenceManager):
    def resolve_session(self, prefix: str) -> str:
        try:
            return super().resolve_session(prefix)
        except ManagerError as error:
            if error.kind == "ambiguous":
                raise
            return prefix


# ---------------------------------------------------------------------- projects
class DecodesNames(ReferenceManager):
    """Right for a name without hyphens."""

    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        files = transcript_files(self.environment.config_dir)
        return [
            replace(entry, project=files[entry.session_id][0].parent.name.replace("-", "/"))
            if entry.session_id in files
            else entry
            for entry in super().list_sessions(limit)
        ]


class OneProjectADirectory(ReferenceManager):
    """Takes the directory's first transcript for all that are in it."""

    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        files = transcript_files(self.environment.config_dir)
        entries = []
        for entry in super().list_sessions(limit):
            if entry.session_id in files:
                first = sorted(files[entry.session_id][0].parent.glob("*.jsonl"))[0]
                opening = opening_of(first)
                entry = replace(entry, project=opening.cwd or "" if opening else "")
            entries.append(entry)
        return entries


class ResumesInTheWorkdir(ReferenceManager):
    def resume_session(self, session_id: str, prompt: str) -> DispatchResult:
        known = self.history.conversation(session_id)
        kept = known.transcript
        assert kept is not None
        self.program.turn(prompt, cwd=self.environment.workdir, session=("--resume", session_id), timeout_s=60)
        return DispatchResult(True, session_id, True, "")


# ---------------------------------------------------------------------- control characters
def unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)


class ShowsControls(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, display=unescaped(entry.display))


class EscapesEscAlone(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        raw = unescaped(entry.display.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r"))
        return replace(entry, display=raw.replace("\x1b", readable("\x1b")))


class HidesPrompts(Shown):
    def shown(self, entry: SessionEntry) -> SessionEntry:
        return replace(entry, display=entry.display if entry.display.isalnum() else "")


# ---------------------------------------------------------------------- a million lines
class ReadsTheWholeFile(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        for _ in self._lines():
            pass
        return super().list_sessions(limit)

    def _lines(self) -> Iterator[bytes]:
        with self.history.path.open("rb") as stream:
            yield from stream


class TakesMuchMemory(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        size = self.history.path.stat().st_size
        b"".join([bytes([65]) * (2 * size // 3), b"x"])
        return super().list_sessions(limit)


class CopiesTheHistory(ReferenceManager):
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        copy = self.environment.state_dir / "history.jsonl"
        with self.history.path.open("rb") as stream, copy.open("wb") as target:
            shutil.copyfileobj(stream, target)
        return super().list_sessions(limit)


BROKEN = [
    Broken("HIS-01", MillisecondsTakenForSeconds, "the instant 2025-11-06T15:32:08.241000+00:00", subtle="wrong unit"),
    Broken("HIS-01", LocalTimeCalledUtc, "and the time zone Pacific/Pago_Pago", subtle="in one place"),
    Broken("HIS-01", TimeWithoutZone, "the instant 2025-11-06T15:32:08.241000+00:00"),
    Broken("HIS-02", PromptsAsSessions, "nine prompts of three conversations in turn"),
    Broken("HIS-02", OldestFirst, "nine prompts of three conversations in turn"),
    Broken("HIS-02", TenByDefault, "27 conversations, and list_sessions()"),
    Broken("HIS-02", NeverMoreThanTwenty, "27 conversations, and list_sessions(26)", subtle="the usual case"),
    Broken("HIS-02", TypedTimeAlone, "the older one went on 100 minutes ago", subtle="one form of several"),
    Broken("HIS-03", OneBadLineKillsTheList, "JSONDecodeError"),
    Broken("HIS-03", StopsAtABadLine, "two good lines among lines such as", subtle="the usual case"),
    Broken("HIS-03", SecondsAreThe70s, "times between 2024-01-01 and now", subtle="wrong unit"),
    Broken("HIS-03", NeedsAHistory, "a conversation whose history is gone or no file", subtle="one form of several"),
    Broken("HIS-04", HistoryAlone, "a conversation that has a transcript and no history line"),
    Broken("HIS-04", ListsSubagents, "agent-", subtle="right id, wrong file"),
    Broken("HIS-04", ListsQuarantined, ".jsonl.bak", subtle="right id, wrong file"),
    Broken("HIS-04", BelievesTheIndex, "sessions-index.json", subtle="right id, wrong file"),
    Broken("HIS-05", EverythingIsResumable, "one transcript gone since"),
    Broken("HIS-05", NothingIsResumable, "two conversations with history lines and transcripts"),
    Broken("HIS-05", SiblingMakesResumable, "one transcript gone since", subtle="right id, wrong file"),
    Broken("HIS-05", BeginsWhatIsGone, "and resume_session of the latter", subtle="the word, not the deed"),
    Broken("HIS-06", FindsPatterns, "find_sessions('a.b')"),
    Broken("HIS-06", FindsInOneCase, "find_sessions('nextjs')"),
    Broken("HIS-06", FoldsAsciiAlone, "find_sessions('ÄRGER')", subtle="for ASCII"),
    Broken("HIS-06", FindsInPromptsAlone, "find_sessions('nextjs')", subtle="one form of several"),
    Broken(
        "HIS-06", FindsAmongTheNewest, "a hundred conversations of which four hold the text", subtle="the usual case"
    ),
    Broken("HIS-06", RunsWhatIsLookedFor, "files made by it", subtle="the word, not the deed"),
    Broken("HIS-07", CurrentIsTheNewestOfAll, "conversations of two projects in turn"),
    Broken("HIS-07", CurrentFromBelow, "fifty conversations in a directory below", subtle="when alone"),
    Broken("HIS-07", CurrentAmongTheNewest, "fifty conversations in a directory below", subtle="when alone"),
    Broken("HIS-08", FirstThatFits, "'ambiguous'"),
    Broken("HIS-08", GlobsIds, "resolve_session('*')", subtle="the usual case"),
    Broken("HIS-08", FullIdsAlone, "not_found"),
    Broken("HIS-08", ResolvesAnything, "the refusal not_found"),
    Broken("HIS-08", BeginsWhatIsGone, "unknown", subtle="one method of several"),
    Broken("HIS-09", DecodesNames, "a headless conversation in 'my-web-app'", subtle="the usual case"),
    Broken("HIS-09", OneProjectADirectory, "three projects whose names encode alike", subtle="when alone"),
    Broken("HIS-09", ResumesInTheWorkdir, "where Claude was started"),
    Broken("HIS-10", ShowsControls, "no control character in display"),
    Broken("HIS-10", EscapesEscAlone, "no control character in display", subtle="one form of several"),
    Broken("HIS-10", HidesPrompts, "the rest of the prompt"),
    Broken("HIS-11", ReadsTheWholeFile, "of it read"),
    Broken("HIS-11", TakesMuchMemory, "more memory than before"),
    Broken("HIS-11", CopiesTheHistory, "of it read", subtle="the word, not the deed"),
]
