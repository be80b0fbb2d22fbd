"""Carrying a conversation of the history on, where it was started (source 003 `ccr`; HIS-08, HIS-09)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..manager import DispatchResult, ManagerError
from .history import History
from .lease import Leases
from .program import Program
from .transcripts import Transcripts


@dataclass(frozen=True, slots=True)
class Resumption:
    """Resumes conversations that no store of this manager knows.

    :param scope: tells this config dir's leases from another's
    """

    history: History
    transcripts: Transcripts
    program: Program
    leases: Leases
    scope: str

    def run(self, session_id: str, prompt: str, timeout_s: float) -> DispatchResult:
        """Deliver a prompt to a conversation that exists; a new one is never begun in its place.

        :param session_id: the id, or the beginning of it
        :param timeout_s: seconds that Claude may take
        :raises ManagerError: `not_found`, `ambiguous`, `cwd_missing`, `busy`, `claude_failed`
        """
        known = self.history.conversation(session_id)
        cwd = Path(known.project)
        if not known.project or not cwd.is_dir():
            raise ManagerError("cwd_missing", f"the directory of {known.session_id} is gone: {known.project or '?'}")
        with self.leases.hold(f"{self.scope} session {known.session_id}", timeout_s) as lease:
            if self.transcripts.is_running(known.session_id):
                raise ManagerError("busy", f"a Claude is at work on {known.session_id}; end it first")
            path = self.transcripts.find(known.session_id, cwd)
            before = self.transcripts.chain(path) if path else None
            try:
                answer = self.program.turn(
                    prompt,
                    cwd=cwd,
                    session=("--resume", known.session_id),
                    timeout_s=timeout_s,
                    started=lambda pid: lease.running(pid, known.session_id),
                )
            finally:
                lease.ended()
        if not answer.ok:
            error = "not_found" if answer.is_not_found(known.session_id) else answer.failure
            return DispatchResult(False, known.session_id, error=error)
        candidates = [*answer.session_ids(), *([] if answer.was_reset else [known.session_id])]
        for written in candidates:
            path = self.transcripts.find(written, cwd)
            after = self.transcripts.chain(path) if path else None
            if after is None:
                continue
            copied = written != known.session_id
            if answer.was_reset or (before and after.carries_on(before, copied=copied)):
                return DispatchResult(True, written, True, answer.text)
            cold = f"cold_start: Claude answered {known.session_id} without its earlier turns"
            return DispatchResult(True, written, False, answer.text, None, (cold,))
        warning = "not_resumable: Claude left no transcript; check that projects/ is writable"
        return DispatchResult(True, None, True, answer.text, None, (warning,))
