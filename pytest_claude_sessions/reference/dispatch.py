"""One dispatch: pick the conversation, start Claude at most twice, say truly what came of it (RES-*)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..manager import DispatchResult, ManagerError
from .age import now_ms
from .answer import Answer
from .lease import Lease
from .program import Program
from .quarantine import Quarantine
from .store import Row, SessionStore
from .transcripts import Chain, Transcripts


@dataclass(frozen=True, slots=True)
class Start:
    """One start of Claude: fresh, under a chosen id, or resuming one."""

    resume: str | None = None
    session_id: str | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """What picks the conversation; never `--continue`, never two of them (RES-15)."""
        if self.resume is not None:
            return ("--resume", self.resume)
        return ("--session-id", self.session_id) if self.session_id is not None else ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a dispatch is about.

    :param name: its row in the store
    :param store: where that row is
    :param cwd: the directory asked for; an existing conversation keeps its own (RES-16)
    :param derived: the id that belongs to the workspace, None for a key
    """

    name: str
    store: SessionStore
    cwd: Path
    derived: str | None = None


@dataclass(slots=True)
class Dispatch:
    """The parts that a dispatch works with, and what it has noticed so far."""

    program: Program
    transcripts: Transcripts
    quarantine: Quarantine
    count_dead_id: Callable[[], None]
    warnings: list[str] = field(default_factory=list)
    forgotten: bool = False

    def run(
        self, conversation: Conversation, row: Row | None, prompt: str, timeout_s: float, lease: Lease
    ) -> DispatchResult:
        """Deliver the prompt.

        :param row: the conversation's row, None when it has none that may be used
        :param timeout_s: seconds for each start
        :raises ManagerError: `cwd_missing`, `claude_failed`
        """
        cwd = Path(row.cwd) if row and row.cwd else conversation.cwd
        if not cwd.is_dir():
            raise ManagerError("cwd_missing", f"the conversation's directory {cwd} is gone; its id is kept")
        start = self._first_start(conversation, row, cwd)
        before = self._chain(start.resume, cwd)
        answer = self._ask(start, prompt, cwd, timeout_s, lease)
        second = self._second_start(conversation, start, answer, cwd)
        if second is not None:
            start, before = second, self._chain(second.resume, cwd)
            answer = self._ask(start, prompt, cwd, timeout_s, lease)
        if not answer.ok:
            kept = row.session_id if row and not self.forgotten else None
            return DispatchResult(False, kept, error=answer.failure, warnings=tuple(self.warnings))
        session_id = self._written_id(answer, start, cwd)
        resumed = start.resume is not None
        if resumed and session_id is not None and not answer.was_reset:
            after = self._chain(session_id, cwd)
            if before and after and session_id == start.resume and after.turns <= before.turns:
                # Answered with the earlier turns, and not saved: the next dispatch would not know of it (BND-04).
                self.warnings.append("not_resumable: Claude did not save this turn; check that projects/ is writable")
                return DispatchResult(True, None, False, answer.text, None, tuple(self.warnings))
            resumed = bool(before and after and after.carries_on(before, copied=session_id != start.resume))
            if not resumed:
                self.warnings.append(f"cold_start: Claude answered {start.resume} without its earlier turns")
        if session_id is None:
            self.warnings.append("not_resumable: Claude left no transcript; check that projects/ is writable")
        else:
            conversation.store.put(conversation.name, Row(session_id, now_ms(), str(cwd)))
        return DispatchResult(True, session_id, resumed, answer.text, None, tuple(self.warnings))

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        if conversation.derived is None:
            return Start(resume=row.session_id) if row else Start()
        current = row.session_id if row else conversation.derived
        self._set_aside_if_damaged(current, cwd)
        path = self.transcripts.find(current, cwd)
        if path is not None and self.transcripts.holds_conversation(path):
            return Start(resume=current)
        return self._fresh_start(conversation, cwd)

    def _fresh_start(self, conversation: Conversation, cwd: Path) -> Start:
        """A new conversation; under the derived id unless something that must not be moved stands there."""
        if conversation.derived is None or self.transcripts.find(conversation.derived, cwd) is not None:
            return Start()
        return Start(session_id=conversation.derived)

    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        if start.resume is not None and answer.is_not_found(start.resume):
            self.count_dead_id()
            # Before the second start, so that a dead id is gone even when that one fails too (RES-05).
            conversation.store.remove(lambda name, found: name == conversation.name)
            self.forgotten = True
            return self._fresh_start(conversation, cwd)
        if start.session_id is not None and answer.is_in_use(start.session_id):
            # The refusal means that a transcript exists, not that a process runs (facts, already_in_use).
            return Start(resume=start.session_id)
        if start.session_id is not None and answer.lacks_session_id_option:
            return Start()
        return None

    def _set_aside_if_damaged(self, session_id: str, cwd: Path) -> None:
        try:
            self.quarantine.set_aside(session_id, cwd)
        except ManagerError as error:
            self.warnings.append(f"quarantine_failed: {error}")

    def _ask(self, start: Start, prompt: str, cwd: Path, timeout_s: float, lease: Lease) -> Answer:
        session_id = start.resume or start.session_id
        try:
            return self.program.turn(
                prompt,
                cwd=cwd,
                session=start.options,
                timeout_s=timeout_s,
                started=lambda pid: lease.running(pid, session_id),
            )
        finally:
            lease.ended()

    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        """The id whose transcript exists: what the stream names is not always on the disk (RES-01, RES-10)."""
        candidates = answer.session_ids()
        candidates += [i for i in (start.session_id, start.resume) if i and not answer.was_reset]
        return next((i for i in candidates if self._chain(i, cwd)), None)

    def _chain(self, session_id: str | None, cwd: Path) -> Chain | None:
        path = self.transcripts.find(session_id, cwd) if session_id else None
        return self.transcripts.chain(path) if path else None
