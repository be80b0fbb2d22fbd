"""Managers that are broken in `resume` in the subtle way: right until a kill, a second time, an odd name."""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError
from pytest_claude_sessions.reference.answer import Answer
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.lease import Lease
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.program import Program
from pytest_claude_sessions.reference.store import Row, SessionStore
from pytest_claude_sessions.reference.transcripts import Transcripts

from . import Broken


def dispatching(kind: type[Dispatch]) -> type[ReferenceManager]:
    """A reference manager whose dispatches are of this kind."""
    name = kind.__name__.removesuffix("Dispatch")
    return type(name, (ReferenceManager,), {"dispatch_type": kind, "__module__": __name__})


class UpperCaseIdsDispatch(Dispatch):
    """The same UUID, and no file of that name."""

    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        written = super()._written_id(answer, start, cwd)
        return written.upper() if written else None


class AtTheEndStore(SessionStore):
    """Writes its rows when it is closed: right until a kill, or another process."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.kept: dict[str, Row] = {}

    def row(self, key: str) -> Row | None:
        return self.kept.get(key) or super().row(key)

    def put(self, key: str, row: Row) -> None:
        self.kept[key] = row

    def close(self) -> None:
        for key, row in self.kept.items():
            super().put(key, row)


class WritesAtTheEnd(ReferenceManager):
    store_type = AtTheEndStore

    def close(self) -> None:
        self.store.close()  # type: ignore[attr-defined]  # an AtTheEndStore


class AsksTwiceProgram(Program):
    """A retry of its own below that of the dispatch."""

    def turn(self, *arguments: Any, **options: Any) -> Answer:
        answer = super().turn(*arguments, **options)
        return answer if answer.ok else super().turn(*arguments, **options)


class AsksTwice(ReferenceManager):
    program_type = AsksTwiceProgram


class TrustsTheInitDispatch(Dispatch):
    """Takes the id of the init frame, not of a hook's: wrong where the init itself is of a passing session."""

    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        named = [str(f["session_id"]) for f in answer.frames if f.get("subtype") == "init"]
        return named[0] if named else super()._written_id(answer, start, cwd)


class AdoptsOneNewIdStore(SessionStore):
    """Right for the first resume."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.puts = 0

    def put(self, key: str, row: Row) -> None:
        self.puts += 1
        earlier = self.row(key) if self.puts > 2 else None
        super().put(key, replace(row, session_id=earlier.session_id) if earlier else row)


class AdoptsOneNewId(ReferenceManager):
    store_type = AdoptsOneNewIdStore


class KeepsWhatItWasToldDispatch(Dispatch):
    """Stores an id as soon as a frame names it, whatever became of the turn."""

    conversation: Conversation

    def run(self, conversation: Conversation, *arguments: Any) -> DispatchResult:
        object.__setattr__(self, "conversation", conversation)
        return super().run(conversation, *arguments)

    def _ask(self, start: Start, prompt: str, cwd: Path, timeout_s: float, lease: Lease) -> Answer:
        answer = super()._ask(start, prompt, cwd, timeout_s, lease)
        for session_id in answer.session_ids()[:1]:
            self.conversation.store.put(self.conversation.name, Row(session_id, 2**50, str(cwd)))
        return answer


@dataclass(frozen=True, slots=True)
class NamedStart(Start):
    """Gives each turn an id of its own choice, which Claude takes for a fork."""

    @property
    def options(self) -> tuple[str, ...]:
        plain = Start.options.fget(self)  # type: ignore[attr-defined]  # a property of the parent, with slots no super()
        return (*plain, "--session-id", str(uuid.uuid4()), "--fork-session") if self.resume else plain


class NamesBothDispatch(Dispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        start = super()._first_start(conversation, row, cwd)
        return NamedStart(start.resume, start.session_id)


class LastDirectoryDispatch(Dispatch):
    """Resumes where the manager's last dispatch of any key began: right for one conversation in one place."""

    places: list[Path] = []  # noqa: RUF012  # shared on purpose

    def run(self, conversation: Conversation, row: Row | None, *arguments: Any) -> DispatchResult:
        self.places.append(conversation.cwd)
        return super().run(conversation, replace(row, cwd=str(self.places[-1])) if row else None, *arguments)


class MarksBusyKeys(ReferenceManager):
    """Notes in a file who is at work, and strikes it out at an end that may never come."""

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        path = self.environment.state_dir / "busy.json"
        busy = json.loads(path.read_text()) if path.exists() else []
        if request.key in busy:
            raise ManagerError("busy", "the key is marked as being at work")
        path.write_text(json.dumps([*busy, request.key]))
        try:
            return super().dispatch(request)
        finally:
            path.write_text(json.dumps(busy))


class WordTranscripts(Transcripts):
    """Encodes a path by `\\W`: right for ASCII, while Claude replaces every other letter too."""

    def find(self, session_id: str, cwd: Path | None = None) -> Path | None:
        if cwd is None:
            return super().find(session_id)
        encoded = re.sub(r"\W|_", "-", os.path.realpath(cwd))
        path = self.config_dir / "projects" / encoded / f"{session_id}.jsonl"
        return path if path.exists() else None


class EncodesAsciiAlone(ReferenceManager):
    transcripts_type = WordTranscripts


class KeepsANoteAtHome(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        home = self.environment.home / ".claude"
        if home.is_dir():
            (home / f"last-{uuid.uuid4()}").write_text(request.prompt)
        return super().dispatch(request)


class ForgetsGoneDirectories(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        try:
            return super().dispatch(request)
        except ManagerError as error:
            if error.kind == "cwd_missing":
                self.store.remove(lambda key, row: key == request.key)
            raise


UpperCaseIds = dispatching(UpperCaseIdsDispatch)
TrustsTheInit = dispatching(TrustsTheInitDispatch)
KeepsWhatItWasTold = dispatching(KeepsWhatItWasToldDispatch)
NamesBoth = dispatching(NamesBothDispatch)
LastDirectory = dispatching(LastDirectoryDispatch)

BROKEN = [
    Broken("RES-01", UpperCaseIds, "an id that is the name of a transcript", subtle="right id, wrong file"),
    Broken("RES-03", WritesAtTheEnd, "a dispatch by a manager in a new process", subtle="until a kill"),
    Broken("RES-06", AsksTwice, "one or two starts", subtle="the usual case"),
    Broken("RES-10", TrustsTheInit, "the stored id is the name of a transcript", subtle="one form of several"),
    Broken("RES-11", AdoptsOneNewId, "a conversation that gets a new id with each resume", subtle="the first time"),
    Broken("RES-13", KeepsWhatItWasTold, "['not_found', 'answered']", subtle="until something fails"),
    Broken("RES-15", NamesBoth, "at most one of --resume and --session-id"),
    Broken("RES-16", LastDirectory, "where Claude was resumed", subtle="when alone"),
    Broken("RES-19", MarksBusyKeys, "a dispatch after the key's holder was killed", subtle="until a kill"),
    Broken("RES-22", EncodesAsciiAlone, "an id that is the name of a transcript", subtle="for ASCII"),
    Broken("RES-23", KeepsANoteAtHome, "a decoy ~/.claude", subtle="right id, wrong file"),
    Broken("RES-25", ForgetsGoneDirectories, "after that refusal", subtle="the word, not the deed"),
]
