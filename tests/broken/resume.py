"""Managers that are broken in `resume`."""

from __future__ import annotations

import os
import subprocess
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError
from pytest_claude_sessions.reference import program as program_module
from pytest_claude_sessions.reference.answer import Answer
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.lease import Lease, Leases
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.program import Program
from pytest_claude_sessions.reference.store import Row, SessionStore
from pytest_claude_sessions.reference.transcripts import Chain, Transcripts

from . import Broken


def dispatching(kind: type[Dispatch]) -> type[ReferenceManager]:
    """A reference manager whose dispatches are of this kind."""
    name = kind.__name__.removesuffix("Dispatch")
    return type(name, (ReferenceManager,), {"dispatch_type": kind, "__module__": __name__})


def answering(kind: type[Answer]) -> type[ReferenceManager]:
    """A reference manager that reads Claude's answers so."""
    name = kind.__name__.removesuffix("Answer")
    program = type(name + "Program", (Program,), {"answer_type": kind})
    return type(name, (ReferenceManager,), {"program_type": program, "__module__": __name__})


class NamesAnotherIdDispatch(Dispatch):
    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        written = super()._written_id(answer, start, cwd)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, written)) if written else None


class NeverResumesDispatch(Dispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        return Start()


class OneConversationADirectory(ReferenceManager):
    def _conversation(self, request: DispatchRequest) -> Conversation:
        return replace(super()._conversation(request), name=str(request.cwd))


class MemoryStore(SessionStore):
    """Right until another process asks."""

    kept: ClassVar[dict[Path, dict[str, Row]]] = defaultdict(dict)

    def row(self, key: str) -> Row | None:
        return self.kept[self.path].get(key)

    def rows(self) -> dict[str, Row]:
        return dict(self.kept[self.path])

    def put(self, key: str, row: Row) -> None:
        self.kept[self.path][key] = row

    def remove(self, doomed: Any) -> int:
        gone = [key for key, row in self.kept[self.path].items() if doomed(key, row)]
        for key in gone:
            del self.kept[self.path][key]
        return len(gone)


class RemembersInMemory(ReferenceManager):
    store_type = MemoryStore


class GivesUpOnDeadIdsDispatch(Dispatch):
    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        return None


class SaysItResumedDispatch(Dispatch):
    def run(self, *arguments: Any) -> DispatchResult:
        return replace(super().run(*arguments), resumed=True)


class KeepsTheDeadIdDispatch(Dispatch):
    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        row = conversation.store.row(conversation.name)
        second = super()._second_start(conversation, start, answer, cwd)
        if row is not None:
            conversation.store.put(conversation.name, row)
        return second


class StoresTheLastNamedIdDispatch(Dispatch):
    """Takes the id of the failed attempt's frames."""

    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        self.named = answer.session_ids()[:1]
        return super()._second_start(conversation, start, answer, cwd)

    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        return self.named[0] if self.forgotten and self.named else super()._written_id(answer, start, cwd)


class TriesOnceMoreDispatch(Dispatch):
    def run(self, *arguments: Any) -> DispatchResult:
        result = super().run(*arguments)
        return result if result.ok else super().run(*arguments)


class EveryFailureIsADeadIdAnswer(Answer):
    def is_not_found(self, session_id: str) -> bool:
        return not self.ok


class ReadsStderrAloneAnswer(Answer):
    @property
    def _errors(self) -> list[str]:
        return []


class ReadsErrorsAloneAnswer(Answer):
    def is_not_found(self, session_id: str) -> bool:
        return replace(self, stderr=()).__class__.__base__.is_not_found(replace(self, stderr=()), session_id)  # type: ignore[union-attr, no-any-return]  # past every override, to the first of them


class MatchesAnywhereAnswer(Answer):
    def is_not_found(self, session_id: str) -> bool:
        return "No conversation found with session ID" in f"{self.frames} {self.stderr}"


class MatchesLooselyAnswer(Answer):
    def is_not_found(self, session_id: str) -> bool:
        words = " ".join(self.stderr).lower()
        return not self.ok and any(part in words for part in ("no conversation", "not found", "expired"))


class TrustsTheFirstFrameDispatch(Dispatch):
    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        return next((str(f["session_id"]) for f in answer.frames if "session_id" in f), None)


class KeepsTheFirstIdStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        first = self.row(key)
        super().put(key, replace(row, session_id=first.session_id) if first else row)


class KeepsTheFirstId(ReferenceManager):
    store_type = KeepsTheFirstIdStore


class TakesTheIdOfTheBeginningAnswer(Answer):
    def session_ids(self) -> list[str]:
        return [str(frame["session_id"]) for frame in self.frames if frame.get("type") == "system"]


class SavesBeforeTheTurnDispatch(Dispatch):
    """Picks the id itself and stores it before Claude has written anything."""

    def _fresh_start(self, conversation: Conversation, cwd: Path) -> Start:
        chosen = str(uuid.uuid4())
        conversation.store.put(conversation.name, Row(chosen, 2**50, str(cwd)))
        return Start(session_id=chosen)

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        return Start(resume=row.session_id) if row else self._fresh_start(conversation, cwd)


class DeletesWhatIsInUseDispatch(Dispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        if conversation.derived is None or row is not None:
            return super()._first_start(conversation, row, cwd)
        path = self.transcripts.find(conversation.derived, cwd)
        if path is not None:
            path.unlink()
        return Start(session_id=conversation.derived)


class AlwaysCreatesDispatch(Dispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        return (
            Start(session_id=conversation.derived)
            if conversation.derived
            else super()._first_start(conversation, row, cwd)
        )

    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        return None


@dataclass(frozen=True, slots=True)
class ContinueStart(Start):
    @property
    def options(self) -> tuple[str, ...]:
        return ("--continue",)


class ContinuesDispatch(Dispatch):
    """Takes the newest conversation of the directory, which is the right one as long as there is one alone."""

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        start = super()._first_start(conversation, row, cwd)
        return ContinueStart(start.resume) if start.resume else start


class ResumesWhereAskedDispatch(Dispatch):
    def run(self, conversation: Conversation, row: Row | None, *arguments: Any) -> DispatchResult:
        return super().run(conversation, replace(row, cwd=None) if row else None, *arguments)


class TrustsTheSubtypeAnswer(Answer):
    @property
    def ok(self) -> bool:
        return self.result is not None and self.result.get("subtype") == "success"


class TrustsTheExitStatusAnswer(Answer):
    @property
    def ok(self) -> bool:
        return self.result is not None and self.exit_status == 0


class UnheldLeases(Leases):
    @contextmanager
    def hold(self, name: str, timeout_s: float) -> Iterator[Lease]:
        self.directory.mkdir(exist_ok=True)
        yield Lease(self.directory / f"{uuid.uuid4()}.running")


class TakesNoLease(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.leases = UnheldLeases(self.leases.directory)


class ThreadLeases(UnheldLeases):
    """Right as long as there is one process."""

    locks: ClassVar[dict[str, threading.Lock]] = defaultdict(threading.Lock)

    @contextmanager
    def hold(self, name: str, timeout_s: float) -> Iterator[Lease]:
        with self.locks[name], super().hold(name, timeout_s) as lease:
            yield lease


class LocksInOneProcess(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.leases = ThreadLeases(self.leases.directory)


class LockFileLeases(UnheldLeases):
    """A file that says who holds it, taken away at the end: unless there is no end."""

    @contextmanager
    def hold(self, name: str, timeout_s: float) -> Iterator[Lease]:
        self.directory.mkdir(exist_ok=True)
        path = self.directory / str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            raise ManagerError("busy", "another dispatch holds the lock file") from None
        try:
            with super().hold(name, timeout_s) as lease:
                yield lease
        finally:
            path.unlink()


class LeavesALockFile(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.leases = LockFileLeases(self.leases.directory)


def _kill_alone(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


class EndsClaudeAloneProgram(Program):
    def turn(self, *arguments: Any, **options: Any) -> Answer:
        group, program_module.end_group = program_module.end_group, _kill_alone
        try:
            return super().turn(*arguments, **options)
        finally:
            program_module.end_group = group


class EndsClaudeAlone(ReferenceManager):
    program_type = EndsClaudeAloneProgram


class ForgetsAtTheTimeoutDispatch(Dispatch):
    def run(self, conversation: Conversation, *arguments: Any) -> DispatchResult:
        result = super().run(conversation, *arguments)
        if result.error == "timeout":
            conversation.store.remove(lambda name, row: name == conversation.name)
        return result


class PromptAsArgumentProgram(Program):
    """Right for every prompt that looks like a sentence."""

    def turn(self, prompt: str, **options: Any) -> Answer:
        return super().turn("", **{**options, "session": (*options["session"], prompt)})


class PromptAsArgument(ReferenceManager):
    program_type = PromptAsArgumentProgram


class TrimsThePromptProgram(Program):
    def turn(self, prompt: str, **options: Any) -> Answer:
        return super().turn(" ".join(prompt.split()), **options)


class TrimsThePrompt(ReferenceManager):
    program_type = TrimsThePromptProgram


class SlashTranscripts(Transcripts):
    """Knows how a plain path is encoded, and no other."""

    def find(self, session_id: str, cwd: Path | None = None) -> Path | None:
        if cwd is None:
            return super().find(session_id)
        path = self.config_dir / "projects" / os.path.realpath(cwd).replace("/", "-") / f"{session_id}.jsonl"
        return path if path.exists() else None


class EncodesSlashesAlone(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.transcripts = SlashTranscripts(environment.config_dir)


class UsesTheHomeDirectory(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(replace(environment, config_dir=environment.home / ".claude"))


class HandsEverythingOn(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.program.env = {**environment.env}


class HandsTheSessionIdOn(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        kept = {name: value for name, value in environment.env.items() if name == "CLAUDE_CODE_SESSION_ID"}
        self.program.env = {**self.program.env, **kept}


class MakesTheDirectory(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        request.cwd.mkdir(parents=True, exist_ok=True)
        return super().dispatch(request)


class OptionsAtTheStartAloneProgram(Program):
    def turn(self, prompt: str, **options: Any) -> Answer:
        everything = self.options
        if "--resume" in options["session"]:
            self.options = ()
        try:
            return super().turn(prompt, **options)
        finally:
            self.options = everything


class OptionsAtTheStartAlone(ReferenceManager):
    program_type = OptionsAtTheStartAloneProgram


class AlwaysWarmTranscripts(Transcripts):
    def chain(self, path: Path) -> Chain | None:
        found = super().chain(path)
        return replace(found, parents={}, turns=found.turns * 1000 + _next()) if found else None


def _next(counter: list[int] = [0]) -> int:  # noqa: B006  # each chain is longer than the one before
    counter[0] += 1
    return counter[0]


class NeverSeesAColdStart(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.transcripts = AlwaysWarmTranscripts(environment.config_dir)


class WarnsOfEveryResumeDispatch(Dispatch):
    def run(self, *arguments: Any) -> DispatchResult:
        result = super().run(*arguments)
        return replace(result, warnings=(*result.warnings, "cold_start: perhaps"))


NamesAnotherId = dispatching(NamesAnotherIdDispatch)
NeverResumes = dispatching(NeverResumesDispatch)
GivesUpOnDeadIds = dispatching(GivesUpOnDeadIdsDispatch)
SaysItResumed = dispatching(SaysItResumedDispatch)
KeepsTheDeadId = dispatching(KeepsTheDeadIdDispatch)
StoresTheLastNamedId = dispatching(StoresTheLastNamedIdDispatch)
TriesOnceMore = dispatching(TriesOnceMoreDispatch)
TrustsTheFirstFrame = dispatching(TrustsTheFirstFrameDispatch)
SavesBeforeTheTurn = dispatching(SavesBeforeTheTurnDispatch)
DeletesWhatIsInUse = dispatching(DeletesWhatIsInUseDispatch)
AlwaysCreates = dispatching(AlwaysCreatesDispatch)
Continues = dispatching(ContinuesDispatch)
ResumesWhereAsked = dispatching(ResumesWhereAskedDispatch)
ForgetsAtTheTimeout = dispatching(ForgetsAtTheTimeoutDispatch)
WarnsOfEveryResume = dispatching(WarnsOfEveryResumeDispatch)
EveryFailureIsADeadId = answering(EveryFailureIsADeadIdAnswer)
ReadsStderrAlone = answering(ReadsStderrAloneAnswer)
ReadsErrorsAlone = answering(ReadsErrorsAloneAnswer)
MatchesAnywhere = answering(MatchesAnywhereAnswer)
MatchesLoosely = answering(MatchesLooselyAnswer)
TakesTheIdOfTheBeginning = answering(TakesTheIdOfTheBeginningAnswer)
TrustsTheSubtype = answering(TrustsTheSubtypeAnswer)
TrustsTheExitStatus = answering(TrustsTheExitStatusAnswer)

BROKEN = [
    Broken("RES-01", NamesAnotherId, "an id that is the name of a transcript"),
    Broken("RES-02", NeverResumes, "resumed = True, and one conversation on the disk"),
    Broken("RES-02", OneConversationADirectory, "'first prompt', 'other prompt'", subtle="when alone"),
    Broken("RES-03", RemembersInMemory, "a dispatch by a manager in a new process"),
    Broken("RES-04", GivesUpOnDeadIds, "a dispatch that succeeds"),
    Broken("RES-04", SaysItResumed, "resumed = False, and a new conversation", subtle="the word, not the deed"),
    Broken("RES-05", KeepsTheDeadId, "a refused id and a failed fresh start", subtle="until something fails"),
    Broken("RES-05", StoresTheLastNamedId, "a refused resume whose frames name"),
    Broken("RES-06", TriesOnceMore, "one or two starts"),
    Broken("RES-07", EveryFailureIsADeadId, "a failed dispatch"),
    Broken("RES-07", ForgetsAtTheTimeout, "the stored id is still", subtle="one form of several"),
    Broken("RES-08", GivesUpOnDeadIds, "'No conversation found' reported by"),
    Broken("RES-08", ReadsStderrAlone, "'No conversation found' reported by errors", subtle="one form of several"),
    Broken("RES-08", ReadsErrorsAlone, "'No conversation found' reported by stderr", subtle="one form of several"),
    Broken("RES-09", MatchesAnywhere, "an answer that quotes 'No conversation found'"),
    Broken("RES-09", MatchesLoosely, "a failed dispatch", subtle="one form of several"),
    Broken("RES-10", TrustsTheFirstFrame, "the stored id is the name of a transcript"),
    Broken("RES-11", KeepsTheFirstId, "a conversation that gets a new id with each resume"),
    Broken("RES-12", TakesTheIdOfTheBeginning, "the stored id is the one after the reset"),
    Broken("RES-13", SavesBeforeTheTurn, "['not_found', 'answered']"),
    Broken("RES-14", DeletesWhatIsInUse, "a workspace whose id is in use already", subtle="the word, not the deed"),
    Broken("RES-14", AlwaysCreates, "a workspace whose id is in use already"),
    Broken("RES-15", Continues, "no --continue", subtle="when alone"),
    Broken("RES-16", ResumesWhereAsked, "where Claude was resumed"),
    Broken("RES-17", TrustsTheSubtype, "is_error true, subtype success"),
    Broken(
        "RES-17", TrustsTheExitStatus, "is_error true, subtype success, exit status 0", subtle="one form of several"
    ),
    Broken("RES-18", TakesNoLease, "one Claude at a time"),
    Broken("RES-18", LocksInOneProcess, "one Claude at a time", subtle="in one process"),
    Broken("RES-19", LeavesALockFile, "a dispatch after the key's holder was killed"),
    Broken("RES-20", EndsClaudeAlone, "both are ended", subtle="the usual case"),
    Broken("RES-20", ForgetsAtTheTimeout, "after the time-out"),
    Broken("RES-21", PromptAsArgument, "the first dispatch of a key", subtle="the usual case"),
    Broken("RES-21", TrimsThePrompt, "an id that is the name of a transcript with the prompt"),
    Broken("RES-22", EncodesSlashesAlone, "an id that is the name of a transcript"),
    Broken("RES-23", UsesTheHomeDirectory, "an id that is the name of a transcript"),
    Broken("RES-24", HandsEverythingOn, "CLAUDECODE"),
    Broken("RES-24", HandsTheSessionIdOn, "CLAUDE_CODE_SESSION_ID", subtle="one form of several"),
    Broken("RES-25", MakesTheDirectory, "a refusal of the kind cwd_missing"),
    Broken("RES-26", OptionsAtTheStartAlone, "the options of the resume"),
    Broken("RES-27", NeverSeesAColdStart, "a warning cold_start:"),
    Broken("RES-27", WarnsOfEveryResume, "a resume with the earlier turns", subtle="the word, not the deed"),
]
