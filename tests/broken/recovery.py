"""Managers that are broken in `recovery`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pytest_claude_sessions.manager import DispatchResult, ManagerError
from pytest_claude_sessions.reference.lease import Lease, Leases
from pytest_claude_sessions.reference.lines import lines_from_start, record_in
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.recovery import Recovery
from pytest_claude_sessions.reference.recovery_limit import is_usage_limit, text_of
from pytest_claude_sessions.reference.recovery_scan import CutOff, LimitScan

from . import Broken


def recovering(kind: type[Recovery]) -> type[ReferenceManager]:
    """A reference manager that recovers so."""
    name = kind.__name__.removesuffix("Recovery")
    return type(name, (ReferenceManager,), {"recovery_type": kind, "__module__": __name__})


def scanning(kind: type[LimitScan]) -> type[ReferenceManager]:
    """A reference manager that looks for limits so."""

    class Scanning(Recovery):
        @property
        def scan(self) -> LimitScan:
            return kind(self.transcripts, self.program.env)

    name = kind.__name__.removesuffix("Scan")
    return type(name, (ReferenceManager,), {"recovery_type": Scanning, "__module__": __name__})


# ---------------------------------------------------------------------- found in every form
class FieldsAloneScan(LimitScan):
    def is_limit(self, record: dict[str, Any]) -> bool:
        return record.get("error") == "rate_limit"


class OneWordingScan(LimitScan):
    def is_limit(self, record: dict[str, Any]) -> bool:
        return record.get("isApiErrorMessage") is True and text_of(record).startswith("You've hit your limit")


class WordsAloneScan(LimitScan):
    """Knows every wording of today, and no field."""

    def is_limit(self, record: dict[str, Any]) -> bool:
        told = {name: record.get(name) for name in ("type", "isApiErrorMessage", "message")}
        return is_usage_limit(told)


# ---------------------------------------------------------------------- and nothing else
class ProseScan(LimitScan):
    def is_limit(self, record: dict[str, Any]) -> bool:
        return is_usage_limit(record) or "hit your limit" in text_of(record)


class EverLimitedScan(LimitScan):
    def _last_event(self, path: Path) -> dict[str, Any] | None:
        records = [record_in(line) for line in lines_from_start(path) if line is not None]
        limits = [record for record in records if record is not None and self.is_limit(record)]
        return limits[-1] if limits else super()._last_event(path)


class AnyErrorScan(LimitScan):
    def is_limit(self, record: dict[str, Any]) -> bool:
        return record.get("isApiErrorMessage") is True


class OldTranscriptScan(LimitScan):
    """Takes what a resume was copied from for a conversation that still waits."""

    def _went_on_in_a_copy(self, path: Path, limit: dict[str, Any]) -> bool:
        return False


# ---------------------------------------------------------------------- the reset time
class ChangedScan(LimitScan):
    def look_at(self, path: Path) -> CutOff | None:
        cut = super().look_at(path)
        return None if cut is None else self.changed(cut)

    def changed(self, cut: CutOff) -> CutOff:
        raise NotImplementedError


class InventsAnHourScan(ChangedScan):
    def changed(self, cut: CutOff) -> CutOff:
        return replace(cut, resets_at=cut.resets_at or datetime.now(UTC) + timedelta(hours=1))


class TakesAnyClockScan(ChangedScan):
    """Counts an hour or a minute that no clock shows on, as `timedelta` does."""

    def changed(self, cut: CutOff) -> CutOff:
        said = re.search(r"resets (\d+):?(\d*)(?:am|pm)", cut.path.read_text("utf-8"))
        if cut.resets_at or said is None or cut.limited_at is None:
            return cut
        late = timedelta(hours=int(said[1]), minutes=int(said[2] or 0))
        return replace(cut, resets_at=cut.limited_at.replace(hour=0, minute=0) + late)


class NeverSaysWhenScan(ChangedScan):
    def changed(self, cut: CutOff) -> CutOff:
        return replace(cut, resets_at=None)


class ZonelessScan(LimitScan):
    """Takes every clock for its own."""

    def look_at(self, path: Path) -> CutOff | None:
        cut = super().look_at(path)
        if cut is None or cut.resets_at is None or cut.limited_at is None or "quotaLimits" in path.read_text("utf-8"):
            return cut
        return replace(cut, resets_at=cut.resets_at + timedelta(hours=8))


class AtOnceRecovery(Recovery):
    """Tells the reset times, and does not wait for them."""

    @property
    def scan(self) -> LimitScan:
        return HurriedScan(self.transcripts, self.program.env)


class HurriedScan(LimitScan):
    def look_at(self, path: Path) -> CutOff | None:
        cut = super().look_at(path)
        if cut is None:
            return None
        return Hurried(cut.session_id, cut.path, cut.cwd, cut.prompt, cut.limited_at, cut.resets_at)


class Hurried(CutOff):
    def is_due(self, now: datetime) -> bool:
        return True


# ---------------------------------------------------------------------- the resumes
class ChangedRecovery(Recovery):
    def _resume(self, cut: CutOff, lease: Lease, held: contextlib.ExitStack) -> DispatchResult:
        return super()._resume(self.changed(cut), lease, held)

    def changed(self, cut: CutOff) -> CutOff:
        raise NotImplementedError


class OneDirectoryForAllRecovery(ChangedRecovery):
    def changed(self, cut: CutOff) -> CutOff:
        return replace(cut, cwd=self.transcripts.config_dir)


class SaysContinueRecovery(ChangedRecovery):
    def changed(self, cut: CutOff) -> CutOff:
        return replace(cut, prompt="continue")


class FirstLineRecovery(ChangedRecovery):
    def changed(self, cut: CutOff) -> CutOff:
        return replace(cut, prompt=cut.prompt.splitlines()[0])


class NewestAloneRecovery(Recovery):
    def recover(self, told: Callable[[int, int, CutOff], None] | None = None) -> list[DispatchResult]:
        due = [cut for cut in self.scan.cut_off() if cut.is_due(datetime.now(UTC))]
        results = [self._carry_on(cut) for cut in due[-1:]]
        return [result for result in results if result is not None]


# ---------------------------------------------------------------------- nothing twice
class NoLeaseRecovery(Recovery):
    """Excludes nobody but itself."""

    def _carry_on(self, found: CutOff) -> DispatchResult | None:
        own = Leases(self.leases.directory / str(uuid4()))
        alone = Recovery(self.program, self.transcripts, own, self.stores, self.scope, self.timeout_s)
        return alone._carry_on(found)


class NeverSatisfied(ReferenceManager):
    """Resumes what it once resumed, each time that it is called."""

    def recover_rate_limited(self) -> list[DispatchResult]:
        done = self.environment.state_dir / "recovered"
        again = done.read_text().split() if done.exists() else []
        results = super().recover_rate_limited()
        for session_id in again:
            path = self.transcripts.find(session_id)
            cwd = self.environment.workdir / "left"
            if path is not None:
                self.program.turn("again", cwd=cwd, session=("--resume", session_id), timeout_s=60)
        done.write_text(" ".join([*again, *(str(result.session_id) for result in results)]))
        return results


class TriesAgainRecovery(Recovery):
    def _carry_on(self, found: CutOff) -> DispatchResult | None:
        result = super()._carry_on(found)
        return super()._carry_on(found) if result is not None and not result.ok else result


# ---------------------------------------------------------------------- on record
class NoLogRecovery(Recovery):
    def _log(self, cut: CutOff, result: DispatchResult, began: datetime) -> None:
        return


class FirstFailureEndsItRecovery(Recovery):
    def _resume(self, cut: CutOff, lease: Lease, held: contextlib.ExitStack) -> DispatchResult:
        try:
            return super()._resume(cut, lease, held)
        except ManagerError as error:
            raise Ended(str(error)) from error

    def recover(self, told: Callable[[int, int, CutOff], None] | None = None) -> list[DispatchResult]:
        with contextlib.suppress(Ended):
            return super().recover(told)
        return []


class Ended(Exception):
    pass


FieldsAlone = scanning(FieldsAloneScan)
OneWording = scanning(OneWordingScan)
WordsAlone = scanning(WordsAloneScan)
Prose = scanning(ProseScan)
EverLimited = scanning(EverLimitedScan)
AnyError = scanning(AnyErrorScan)
OldTranscript = scanning(OldTranscriptScan)
InventsAnHour = scanning(InventsAnHourScan)
TakesAnyClock = scanning(TakesAnyClockScan)
NeverSaysWhen = scanning(NeverSaysWhenScan)
Zoneless = scanning(ZonelessScan)
AtOnce = recovering(AtOnceRecovery)
OneDirectoryForAll = recovering(OneDirectoryForAllRecovery)
SaysContinue = recovering(SaysContinueRecovery)
FirstLine = recovering(FirstLineRecovery)
NewestAlone = recovering(NewestAloneRecovery)
NoLease = recovering(NoLeaseRecovery)
TriesAgain = recovering(TriesAgainRecovery)
NoLog = recovering(NoLogRecovery)
FirstFailureEndsIt = recovering(FirstFailureEndsItRecovery)

OLD = ("--claude-release", "1.0.31")

BROKEN = [
    Broken("REC-01", FieldsAlone, "cut off by a usage limit of 1.0.98", subtle="one form of several"),
    Broken("REC-01", OneWording, "cut off by a usage limit of 1.0.98"),
    Broken("REC-01", WordsAlone, "Take a break until this evening.", subtle="one form of several"),
    Broken("REC-02", Prose, "a conversation that is not cut off by a limit"),
    Broken("REC-02", EverLimited, "a conversation that is not cut off by a limit"),
    Broken("REC-02", AnyError, "a conversation that is not cut off by a limit"),
    Broken("REC-02", OldTranscript, "resumed by hand and answered", OLD, subtle="right id, wrong file"),
    Broken("REC-03", InventsAnHour, "that does not say when it ends"),
    Broken("REC-03", TakesAnyClock, "that say 'resets 13pm (UTC)'", subtle="the usual case"),
    Broken("REC-03", NeverSaysWhen, "2026-11-20T03:00:20"),
    Broken("REC-03", Zoneless, "Spending cap reached", subtle="in one place"),
    Broken("REC-03", AtOnce, "and a recovery", subtle="the word, not the deed"),
    Broken("REC-04", OneDirectoryForAll, "where it was resumed"),
    Broken("REC-04", SaysContinue, "the prompt that was sent"),
    Broken("REC-04", FirstLine, "the prompt that was sent", subtle="the usual case"),
    Broken("REC-04", NewestAlone, "how often", subtle="when alone"),
    Broken("REC-05", NoLease, "two managers that recover at once", subtle="in one process"),
    Broken("REC-05", NeverSatisfied, "a second recovery; what it resumed"),
    Broken("REC-05", TriesAgain, "what that run resumed", subtle="until something fails"),
    Broken("REC-06", NoLog, "a log under resume-logs/"),
    Broken("REC-06", FirstFailureEndsIt, "what was resumed and answered", subtle="until something fails"),
]
