"""Carrying on what a usage limit cut off, once its reset time has come (source 003, REC-01 to REC-06)."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..manager import DispatchResult, ManagerError, RateLimited
from .age import now_ms
from .durable import open_private
from .lease import Lease, Leases
from .program import Program
from .recovery_scan import CutOff, LimitScan
from .store import Row, SessionStore
from .transcripts import Chain, Transcripts

LOGS = "resume-logs"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovering works with.

    :param program: the Claude to run
    :param transcripts: those of the config dir
    :param leases: who works on which conversation
    :param stores: rows that name the conversations, each with the lease's name of a row
    :param scope: tells this config dir's leases from another's
    :param timeout_s: seconds that a turn may take
    """

    program: Program
    transcripts: Transcripts
    leases: Leases
    stores: Mapping[str, SessionStore]
    scope: str
    timeout_s: float

    @property
    def scan(self) -> LimitScan:
        """Looks for what was cut off."""
        return LimitScan(self.transcripts, self.program.env)

    def limited(self) -> list[RateLimited]:
        """Every conversation that ends with a usage limit."""
        return [RateLimited(cut.session_id, cut.cwd, cut.resets_at) for cut in self.scan.cut_off()]

    def recover(self, told: Callable[[int, int, CutOff], None] | None = None) -> list[DispatchResult]:
        """Resume each conversation whose limit has ended, one after the other.

        :param told: hears before each resume how many were begun, how many there are, and which comes now
        """
        due = [cut for cut in self.scan.cut_off() if cut.is_due(datetime.now(UTC))]
        results = []
        for number, cut in enumerate(due):
            if told is not None:
                told(number, len(due), cut)
            result = self._carry_on(cut)
            if result is not None:
                results.append(result)
        return results

    def _carry_on(self, found: CutOff) -> DispatchResult | None:
        """Resume one conversation; None when another run took it."""
        with contextlib.ExitStack() as held:
            try:
                lease = held.enter_context(self.leases.hold(f"{self.scope} session {found.session_id}", 0))
            except ManagerError:
                return None
            # Looked at again, now that nobody else can be at it: another run may have carried it on meanwhile.
            cut = self.scan.look_at(found.path)
            if cut is None or not cut.is_due(datetime.now(UTC)):
                return None
            began = datetime.now(UTC)
            try:
                result = self._resume(cut, lease, held)
            except ManagerError as refusal:
                result = DispatchResult(False, cut.session_id, error=refusal.kind, text=str(refusal))
            self._log(cut, result, began)
            return result

    def _resume(self, cut: CutOff, lease: Lease, held: contextlib.ExitStack) -> DispatchResult:
        if self.transcripts.is_running(cut.session_id):
            raise ManagerError("busy", f"another Claude has {cut.session_id} open; end it there first")
        rows = self._rows(cut.session_id)
        for kind, name in {("workspace", cut.session_id), *rows}:
            held.enter_context(self.leases.hold(f"{self.scope} {kind} {name}", 0))
        if not cut.cwd.is_dir():
            raise ManagerError("cwd_missing", f"the conversation's directory {cut.cwd} is gone")
        before = self.transcripts.chain(cut.path)
        answer = self.program.turn(
            cut.prompt,
            cwd=cut.cwd,
            session=("--resume", cut.session_id),
            timeout_s=self.timeout_s,
            started=lambda pid: lease.running(pid, cut.session_id),
        )
        if not answer.ok:
            error = "not_found" if answer.is_not_found(cut.session_id) else answer.failure
            return DispatchResult(False, cut.session_id, error=error, text=answer.text)
        written = ((i, chain) for i in (*answer.session_ids(), cut.session_id) if (chain := self._chain(i)))
        session_id, after = next(written, (None, None))
        if session_id is None or after is None:
            warning = "not_resumable: Claude left no transcript; check that projects/ is writable"
            return DispatchResult(True, None, True, answer.text, None, (warning,))
        for kind, name in rows:
            self.stores[kind].put(name, Row(session_id, now_ms(), str(cut.cwd)))
        if before is None or not after.carries_on(before, copied=session_id != cut.session_id):
            warning = f"cold_start: Claude answered {cut.session_id} without its earlier turns"
            return DispatchResult(True, session_id, False, answer.text, None, (warning,))
        return DispatchResult(True, session_id, True, answer.text)

    def _rows(self, session_id: str) -> list[tuple[str, str]]:
        """Whose conversation it is: it may get a new id, and nobody else may dispatch to it meanwhile."""
        return [
            (kind, name)
            for kind, store in self.stores.items()
            for name, row in sorted(store.rows().items())
            if row.session_id == session_id
        ]

    def _chain(self, session_id: str) -> Chain | None:
        path = self.transcripts.find(session_id)
        return self.transcripts.chain(path) if path is not None else None

    def _log(self, cut: CutOff, result: DispatchResult, began: datetime) -> None:
        """One line a resume, in a file a conversation; a log that cannot be written stops nothing."""
        entry = {
            "began": began.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "session_id": cut.session_id,
            "cwd": str(cut.cwd),
            "prompt": cut.prompt,
            "ok": result.ok,
            "error": result.error,
            "resumed_as": result.session_id,
            "text": result.text,
        }
        directory = self.transcripts.config_dir / LOGS
        with contextlib.suppress(OSError):
            directory.mkdir(mode=0o700, exist_ok=True)
            append_line(directory / f"{cut.session_id}.log", json.dumps(entry))


def append_line(path: Path, text: str) -> None:
    """Put a line at the end of a file that its owner alone can read."""
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with open(descriptor, "ab") as file:
        file.write(text.encode("utf-8", "backslashreplace") + b"\n")
