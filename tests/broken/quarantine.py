"""Managers that are broken in `quarantine`."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.durable import unwritable
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.quarantine import Quarantine
from pytest_claude_sessions.reference.store import Row
from pytest_claude_sessions.reference.transcripts import Chain, Transcripts

from . import Broken

WHOLE = Chain({}, None, 1)


class Moving(Quarantine):
    """Finds what the reference finds, and moves it in a way of its own."""

    def move(self, path: Path) -> Path | None:
        target = path.with_name(f"{path.name}.bak")
        number = 0
        while os.path.lexists(target):
            number += 1
            target = path.with_name(f"{path.name}.bak-{number}")
        path.rename(target)
        return target

    def spared(self, session_id: str) -> bool:
        return self._transcripts.is_running(session_id) or session_id in self._leases.running_ids()

    def set_aside(self, session_id: str, cwd: Path) -> Path | None:
        path = self._transcripts.find(session_id, cwd)
        if path is None or not self._transcripts.is_inside(path) or self._transcripts.chain(path) is not None:
            return None
        if self.spared(session_id):
            return None
        try:
            return self.move(path)
        except OSError as error:
            raise unwritable(path, error) from error


# ---------------------------------------------------------------- QUA-01


class DeletesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        path.unlink()
        return path.with_name(f"{path.name}.bak")


class Deletes(ReferenceManager):
    quarantine_type = DeletesQuarantine


class CopiesAsTextQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        target = path.with_name(f"{path.name}.bak")
        target.write_text(path.read_text("utf-8", "replace"), "utf-8")
        path.unlink()
        return target


class CopiesAsText(ReferenceManager):
    quarantine_type = CopiesAsTextQuarantine


class DropsEmptyOnesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        if path.stat().st_size == 0:
            path.unlink()
            return None
        return super().move(path)


class DropsEmptyOnes(ReferenceManager):
    quarantine_type = DropsEmptyOnesQuarantine


class KeepsTheOldNameQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        return Path(shutil.copy2(path, path.with_name(f"{path.name}.bak")))


class KeepsTheOldName(ReferenceManager):
    quarantine_type = KeepsTheOldNameQuarantine


# ---------------------------------------------------------------- QUA-02


class AnotherIdAfterwardsDispatch(Dispatch):
    """Gives a derived id up for good once it was damaged."""

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        start = super()._first_start(conversation, row, cwd)
        once = any(self.transcripts.config_dir.glob(f"projects/*/{conversation.derived}.jsonl.bak*"))
        return Start() if once and start.resume is None else start


class AnotherIdAfterwards(ReferenceManager):
    dispatch_type = AnotherIdAfterwardsDispatch


class MovesItOnCallAloneDispatch(Dispatch):
    """The dispatch does not look, and gets by with Claude's refusal."""

    def _set_aside_if_damaged(self, session_id: str, cwd: Path) -> None:
        pass


class MovesItOnCallAlone(ReferenceManager):
    dispatch_type = MovesItOnCallAloneDispatch


# ---------------------------------------------------------------- QUA-03


class OverwritesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        return path.replace(path.with_name(f"{path.name}.bak"))


class Overwrites(ReferenceManager):
    quarantine_type = OverwritesQuarantine


class StampsBySecondQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        return path.replace(path.with_name(f"{path.name}.bak-20251118-120000"))


class StampsBySecond(ReferenceManager):
    """As when every round of a test falls into one second."""

    quarantine_type = StampsBySecondQuarantine


class KnowsTwoNamesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        first = path.with_name(f"{path.name}.bak")
        return path.replace(path.with_name(f"{path.name}.bak-1") if first.exists() else first)


class KnowsTwoNames(ReferenceManager):
    quarantine_type = KnowsTwoNamesQuarantine


# ---------------------------------------------------------------- QUA-04


class ByChain(Transcripts):
    """Judges a file that is to be set aside as it judges one that is to be resumed."""

    def holds_conversation(self, path: Path) -> bool:
        return self.chain(path) is not None


class ReadingTranscripts(ByChain):
    """Judges by lines and records instead of by what Claude resumes."""

    def chain(self, path: Path) -> Chain | None:
        chain = super().chain(path)
        return chain if chain is not None and self.is_good(path, path.read_bytes()) else None

    def is_good(self, path: Path, data: bytes) -> bool:
        return True

    def records(self, data: bytes) -> list[Any]:
        found = []
        for line in data.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found


class CountsNewlinesTranscripts(ReadingTranscripts):
    def is_good(self, path: Path, data: bytes) -> bool:
        return data.endswith(b"\n") and b"\n\n" not in data


class CountsNewlines(ReferenceManager):
    transcripts_type = CountsNewlinesTranscripts


class FirstSessionIdTranscripts(ReadingTranscripts):
    """As the shell script of source 000's module: the first line with the text must have it at its top level."""

    def is_good(self, path: Path, data: bytes) -> bool:
        line = next((line for line in data.splitlines() if b'"sessionId"' in line), b"null")
        try:
            return bool(json.loads(line).get("sessionId"))
        except (ValueError, AttributeError):
            return False


class FirstSessionId(ReferenceManager):
    transcripts_type = FirstSessionIdTranscripts


class KnowsAllTypesTranscripts(ReadingTranscripts):
    def is_good(self, path: Path, data: bytes) -> bool:
        types = {record.get("type") for record in self.records(data) if isinstance(record, dict)}
        return "from-a-later-release" not in types


class KnowsAllTypes(ReferenceManager):
    transcripts_type = KnowsAllTypesTranscripts


class WantsEveryLineTranscripts(ReadingTranscripts):
    def is_good(self, path: Path, data: bytes) -> bool:
        *lines, _last = [line for line in data.splitlines() if line.strip()]
        return len(self.records(b"\n".join(lines))) == len(lines)


class WantsEveryLine(ReferenceManager):
    transcripts_type = WantsEveryLineTranscripts


class WantsItsReleaseTranscripts(ReadingTranscripts):
    def is_good(self, path: Path, data: bytes) -> bool:
        users = [r for r in self.records(data) if isinstance(r, dict) and r.get("type") == "user"]
        return all("gitBranch" in record for record in users)


class WantsItsRelease(ReferenceManager):
    """Takes the keys that its own Claude writes for the form of a transcript."""

    transcripts_type = WantsItsReleaseTranscripts


# ---------------------------------------------------------------- QUA-05


class LooksForEmptyOnesTranscripts(ByChain):
    def chain(self, path: Path) -> Chain | None:
        return super().chain(path) or (WHOLE if path.is_file() and path.stat().st_size else None)


class LooksForEmptyOnes(ReferenceManager):
    transcripts_type = LooksForEmptyOnesTranscripts


class AnyRecordWillDoTranscripts(ByChain):
    def chain(self, path: Path) -> Chain | None:
        return super().chain(path) or (WHOLE if any(True for _ in self._records(path)) else None)


class AnyRecordWillDo(ReferenceManager):
    transcripts_type = AnyRecordWillDoTranscripts


class MovesEverythingQuarantine(Moving):
    def set_aside(self, session_id: str, cwd: Path) -> Path | None:
        path = self._transcripts.find(session_id, cwd)
        return None if path is None else self.move(path)


class MovesEverything(ReferenceManager):
    quarantine_type = MovesEverythingQuarantine


# ---------------------------------------------------------------- QUA-06


class WantsAWholeTailTranscripts(ReadingTranscripts):
    def is_good(self, path: Path, data: bytes) -> bool:
        last = data.rstrip().splitlines()[-1] if data.strip() else b""
        return len(self.records(last)) == 1


class WantsAWholeTail(ReferenceManager):
    transcripts_type = WantsAWholeTailTranscripts


class RepairsInPlaceQuarantine(Quarantine):
    """Cuts a torn tail off, and keeps no copy."""

    def set_aside(self, session_id: str, cwd: Path) -> Path | None:
        path = self._transcripts.find(session_id, cwd)
        if path is not None and path.is_file() and self._transcripts.chain(path) is not None:
            data = path.read_bytes()
            if not data.endswith(b"\n"):
                path.write_bytes(data[: data.rfind(b"\n") + 1])
        return super().set_aside(session_id, cwd)


class RepairsInPlace(ReferenceManager):
    quarantine_type = RepairsInPlaceQuarantine


# ---------------------------------------------------------------- QUA-07


class SweepsTheDirectoryQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        return super().move(path)


class SweepsTheDirectory(ReferenceManager):
    quarantine_type = SweepsTheDirectoryQuarantine


class KeepsSubagentsAloneQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        shutil.rmtree(path.with_suffix("") / "tool-results", ignore_errors=True)
        return super().move(path)


class KeepsSubagentsAlone(ReferenceManager):
    quarantine_type = KeepsSubagentsAloneQuarantine


# ---------------------------------------------------------------- QUA-08


class NeverLooksWhoRunsQuarantine(Moving):
    def spared(self, session_id: str) -> bool:
        return False


class NeverLooksWhoRuns(ReferenceManager):
    quarantine_type = NeverLooksWhoRunsQuarantine


class KnowsItsOwnAloneQuarantine(Moving):
    def spared(self, session_id: str) -> bool:
        return session_id in self._leases.running_ids()


class KnowsItsOwnAlone(ReferenceManager):
    quarantine_type = KnowsItsOwnAloneQuarantine


# ---------------------------------------------------------------- QUA-09


class OpensWhateverIsThereTranscripts(ByChain):
    """Skips FIFOs, which it was once bitten by, and opens everything else."""

    def chain(self, path: Path) -> Chain | None:
        if not path.is_fifo() and os.path.exists(path):
            path.open("rb").close()
        return super().chain(path)


class OpensWhateverIsThere(ReferenceManager):
    transcripts_type = OpensWhateverIsThereTranscripts


class FollowsLinksTranscripts(Transcripts):
    def is_inside(self, path: Path) -> bool:
        return True


class FollowsLinksQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        return super().move(path.resolve()) if path.exists() else super().move(path)


class FollowsLinks(ReferenceManager):
    """Moves what a link points to."""

    transcripts_type = FollowsLinksTranscripts
    quarantine_type = FollowsLinksQuarantine


class FollowsDirectoryLinks(ReferenceManager):
    """Looks at the file alone, not at the way to it."""

    transcripts_type = FollowsLinksTranscripts


class RemovesDirectoriesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
            return None
        return super().move(path)


class RemovesDirectories(ReferenceManager):
    quarantine_type = RemovesDirectoriesQuarantine


# ---------------------------------------------------------------- QUA-10


class FailsInSilenceDispatch(Dispatch):
    def _set_aside_if_damaged(self, session_id: str, cwd: Path) -> None:
        super()._set_aside_if_damaged(session_id, cwd)
        self.warnings.clear()


class FailsInSilence(ReferenceManager):
    dispatch_type = FailsInSilenceDispatch


class GivesUpDispatch(Dispatch):
    def _set_aside_if_damaged(self, session_id: str, cwd: Path) -> None:
        self.quarantine.set_aside(session_id, cwd)


class GivesUp(ReferenceManager):
    dispatch_type = GivesUpDispatch


class SaysThereWasNothing(ReferenceManager):
    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        try:
            return super().quarantine_invalid(session_id, cwd)
        except ManagerError as error:
            if error.kind == "unwritable":
                return None
            raise


class WarnsEveryTimeDispatch(Dispatch):
    def _set_aside_if_damaged(self, session_id: str, cwd: Path) -> None:
        self.quarantine_or_not(session_id, cwd)
        self.warnings.append("quarantine_failed: perhaps")

    def quarantine_or_not(self, session_id: str, cwd: Path) -> None:
        super()._set_aside_if_damaged(session_id, cwd)


class WarnsEveryTime(ReferenceManager):
    dispatch_type = WarnsEveryTimeDispatch


# ---------------------------------------------------------------- QUA-11


class TakesAnotherDispatch(Dispatch):
    """Where its own conversation is not there it takes the newest of the directory."""

    def _fresh_start(self, conversation: Conversation, cwd: Path) -> Start:
        others = sorted(self.transcripts.config_dir.glob("projects/*/*.jsonl"), key=lambda path: path.stat().st_mtime)
        mine = [path for path in others if path.stem == conversation.derived]
        aside = any(self.transcripts.config_dir.glob(f"projects/*/{conversation.derived}.jsonl.bak*"))
        if aside and others and not mine:
            return Start(resume=others[-1].stem)
        return super()._fresh_start(conversation, cwd)


class TakesAnother(ReferenceManager):
    dispatch_type = TakesAnotherDispatch


@dataclass(frozen=True, slots=True)
class ContinueStart(Start):
    @property
    def options(self) -> tuple[str, ...]:
        return ("--continue",)


class ContinuesAfterwardsDispatch(Dispatch):
    """Leaves it to Claude to find something newer: right where the directory holds nothing else."""

    def _fresh_start(self, conversation: Conversation, cwd: Path) -> Start:
        aside = any(self.transcripts.config_dir.glob(f"projects/*/{conversation.derived}.jsonl.bak*"))
        others = any(self.transcripts.config_dir.glob("projects/*/*.jsonl"))
        return ContinueStart() if aside and others else super()._fresh_start(conversation, cwd)


class ContinuesAfterwards(ReferenceManager):
    dispatch_type = ContinuesAfterwardsDispatch


# ---------------------------------------------------------------- QUA-12


class CopiesAsideQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        target = Path(shutil.copy(path, path.with_name(f"{path.name}.bak")))
        path.unlink()
        return target


class CopiesAside(ReferenceManager):
    quarantine_type = CopiesAsideQuarantine


class TightensTheModeQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        path.chmod(0o600)
        return super().move(path)


class TightensTheMode(ReferenceManager):
    quarantine_type = TightensTheModeQuarantine


class RoundsTheTimeQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime))
        return super().move(path)


class RoundsTheTime(ReferenceManager):
    """Through a float of seconds, which cannot hold a nanosecond."""

    quarantine_type = RoundsTheTimeQuarantine


# ---------------------------------------------------------------- QUA-13


class ChecksNothing(ReferenceManager):
    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        return self.quarantine.set_aside(session_id, cwd)


class Checking(ReferenceManager):
    pattern = re.compile("")

    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        if not self.pattern.match(session_id):
            raise ManagerError("invalid_session_id", f"{session_id!r} is not a session id")
        return self.quarantine.set_aside(session_id, cwd)


class ForbidsDots(Checking):
    pattern = re.compile(r"(?!.*\.\.)[^/-][^/]*\Z", re.DOTALL)


class EndsAtTheLine(Checking):
    """`$` also matches before a newline at the end."""

    pattern = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class AnyDigits(Checking):
    r"""`\d` also matches the digits of other scripts."""

    pattern = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\Z")


class RefusesThemAll(ReferenceManager):
    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        raise ManagerError("invalid_session_id", f"{session_id!r} is not a session id")


BROKEN = [
    Broken("QUA-01", Deletes, ".jsonl.bak, or that with a suffix"),
    Broken("QUA-01", CopiesAsText, "a transcript that is binary", subtle="for ASCII"),
    Broken("QUA-01", DropsEmptyOnes, "a transcript that is empty", subtle="one form of several"),
    Broken("QUA-01", KeepsTheOldName, "the name it had"),
    Broken("QUA-02", AnotherIdAfterwards, "the id of the new conversation"),
    Broken("QUA-02", MovesItOnCallAlone, "the id of the new conversation", subtle="one method of several"),
    Broken("QUA-03", Overwrites, "four damaged transcripts of one id"),
    Broken("QUA-03", StampsBySecond, "four damaged transcripts of one id", subtle="wrong unit"),
    Broken("QUA-03", KnowsTwoNames, "beside a damaged transcript", subtle="the first time"),
    Broken("QUA-04", CountsNewlines, "a transcript with no final newline"),
    Broken("QUA-04", FirstSessionId, "a transcript with nested session id first", subtle="one form of several"),
    Broken("QUA-04", KnowsAllTypes, "a transcript with unknown record types", subtle="one form of several"),
    Broken("QUA-04", WantsEveryLine, "a transcript with garbage line"),
    Broken("QUA-04", WantsItsRelease, "a transcript as claude 1.0.31 writes it", subtle="one form of several"),
    Broken("QUA-05", LooksForEmptyOnes, "a transcript that is garbage"),
    Broken("QUA-05", AnyRecordWillDo, "a transcript that is bookkeeping only", subtle="one form of several"),
    Broken("QUA-05", MovesEverything, "quarantine_invalid on a healthy transcript"),
    Broken("QUA-06", WantsAWholeTail, "a transcript with torn next turn"),
    Broken("QUA-06", RepairsInPlace, "or in a copy beside it", subtle="the word, not the deed"),
    Broken("QUA-07", SweepsTheDirectory, "the directory beside a damaged transcript"),
    Broken("QUA-07", KeepsSubagentsAlone, "the directory beside a damaged transcript", subtle="one form of several"),
    Broken("QUA-08", NeverLooksWhoRuns, "while this manager's own Claude is at work on it"),
    Broken(
        "QUA-08",
        KnowsItsOwnAlone,
        "while a Claude of someone else's is at work on the damaged transcript",
        subtle="in one process",
    ),
    Broken("QUA-09", OpensWhateverIsThere, "quarantine_invalid() raised IsADirectoryError"),
    Broken("QUA-09", FollowsLinks, "the link's target"),
    Broken("QUA-09", FollowsDirectoryLinks, "behind a link out of projects/", subtle="right id, wrong file"),
    Broken("QUA-09", RemovesDirectories, "the file in directories by that name", subtle="one form of several"),
    Broken("QUA-10", FailsInSilence, "a warning 'quarantine_failed: ...'"),
    Broken("QUA-10", GivesUp, "one or two starts of Claude"),
    Broken("QUA-10", SaysThereWasNothing, "expected:    'unwritable'", subtle="one method of several"),
    Broken("QUA-10", WarnsEveryTime, "no such warning"),
    Broken("QUA-11", TakesAnother, "a damaged transcript beside a healthy one"),
    Broken("QUA-11", ContinuesAfterwards, "a damaged transcript beside a healthy one", subtle="when alone"),
    Broken("QUA-12", CopiesAside, "mtime in ns and mode"),
    Broken("QUA-12", TightensTheMode, "mtime in ns and mode"),
    Broken("QUA-12", RoundsTheTime, "mtime in ns and mode", subtle="wrong unit"),
    Broken("QUA-13", ChecksNothing, "the kind of its refusal"),
    Broken("QUA-13", ForbidsDots, "the kind of its refusal", subtle="one form of several"),
    Broken("QUA-13", EndsAtTheLine, r"00000000000a\n')", subtle="off by one"),
    Broken("QUA-13", AnyDigits, "\u0660", subtle="for ASCII"),
    Broken("QUA-13", RefusesThemAll, "a UUID"),
]
