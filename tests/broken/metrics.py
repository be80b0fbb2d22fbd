"""Managers that are broken in `metrics`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError
from pytest_claude_sessions.reference.answer import Answer
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.manager import RESUME_FAILURES, ReferenceManager
from pytest_claude_sessions.reference.store import Row

from . import Broken


# ---------------------------------------------------------------------- counted
class NobodyCounts(ReferenceManager):
    """Has the counter, and a method that raises it which no path calls."""

    def _count_dead_id(self) -> None:
        pass


class AnotherName(ReferenceManager):
    def metrics(self) -> Mapping[str, float]:
        return {"claude_session_resume_failures": self._resume_failures}


class CountsTwice(ReferenceManager):
    def _count_dead_id(self) -> None:
        super()._count_dead_id()
        super()._count_dead_id()


class CountsTheFirst(ReferenceManager):
    def _count_dead_id(self) -> None:
        self._resume_failures = 1


class LosesCounts(ReferenceManager):
    def _count_dead_id(self) -> None:
        now = self._resume_failures
        threading.Event().wait(0.3)
        self._resume_failures = now + 1


class CountsRecoveries(ReferenceManager):
    """Counts when the fresh start has succeeded."""

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        before = self._resume_failures
        result = super().dispatch(request)
        if not result.ok:
            self._resume_failures = before
        return result


class ReadsStderrDispatch(Dispatch):
    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        counted = self.count_dead_id
        if not answer.stderr:
            self.count_dead_id = lambda: None
        second = super()._second_start(conversation, start, answer, cwd)
        self.count_dead_id = counted
        return second


class CountsStderrAlone(ReferenceManager):
    dispatch_type = ReadsStderrDispatch


# ---------------------------------------------------------------------- not counted
class CountsFailures(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        result = super().dispatch(request)
        if not result.ok:
            self._count_dead_id()
        return result


class CountsRefusals(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        try:
            return super().dispatch(request)
        except ManagerError:
            self._count_dead_id()
            raise


class CountsExpiries(ReferenceManager):
    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        before = self.store.row(key)
        row = super()._fresh_row(key, holding=holding, warnings=warnings)
        if before is not None and row is None:
            self._count_dead_id()
        return row


class CountsFreshStarts(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        before = self._resume_failures
        result = super().dispatch(request)
        if result.ok and not result.resumed and self._resume_failures == before:
            self._count_dead_id()
        return result


class LooseDispatch(Dispatch):
    def _second_start(self, conversation: Conversation, start: Start, answer: Answer, cwd: Path) -> Start | None:
        second = super()._second_start(conversation, start, answer, cwd)
        if second is None and "No conversation found" in answer.text + "\n".join(answer.stderr):
            self.count_dead_id()
        return second


class CountsTheWords(ReferenceManager):
    dispatch_type = LooseDispatch


class CountsTimeouts(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        result = super().dispatch(request)
        if result.error == "timeout":
            self._count_dead_id()
        return result


# ---------------------------------------------------------------------- never less
class StartsAnewOnReading(ReferenceManager):
    def metrics(self) -> Mapping[str, float]:
        counters = super().metrics()
        self._resume_failures = 0
        return counters


class SweepingResets(ReferenceManager):
    def sweep_stale_sessions(self) -> int:
        self._resume_failures = 0
        return super().sweep_stale_sessions()


class OneCounterForAll(ReferenceManager):
    """Its counter is the class's, and a new manager starts it anew."""

    total: ClassVar[int] = 0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        OneCounterForAll.total = 0

    def _count_dead_id(self) -> None:
        OneCounterForAll.total += 1

    def metrics(self) -> Mapping[str, float]:
        return {RESUME_FAILURES: OneCounterForAll.total}


class SuccessResets(ReferenceManager):
    """Counts failures in a row."""

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        before = self._resume_failures
        result = super().dispatch(request)
        if result.ok and result.resumed and self._resume_failures == before:
            self._resume_failures = 0
        return result


BROKEN = [
    Broken("MET-01", NobodyCounts, "1 times 'No conversation found'"),
    Broken("MET-01", AnotherName, "1 times 'No conversation found'"),
    Broken("MET-01", CountsTwice, "1 times 'No conversation found'"),
    Broken("MET-01", CountsTheFirst, "was deleted (number 2)", subtle="the first time"),
    Broken("MET-01", LosesCounts, "four dispatches at once", subtle="when alone"),
    Broken("MET-01", CountsRecoveries, "a fresh start that crashes", subtle="until something fails"),
    Broken("MET-01", CountsStderrAlone, "answers as not found (errors)", subtle="one form of several"),
    Broken("MET-02", CountsFailures, "crash, and a dispatch; claude_session_resume_failures_total"),
    Broken("MET-02", CountsRefusals, "directory-gone, and a dispatch"),
    Broken("MET-02", CountsExpiries, "expiry, and a dispatch"),
    Broken("MET-02", CountsFreshStarts, "fresh-start, and a dispatch"),
    Broken("MET-02", CountsTheWords, "near-miss, and a dispatch", subtle="one form of several"),
    Broken("MET-02", CountsTimeouts, "time-out, and a dispatch", subtle="one form of several"),
    Broken("MET-03", StartsAnewOnReading, "then reading the counter"),
    Broken("MET-03", SweepingResets, "then a sweep", subtle="one method of several"),
    Broken("MET-03", OneCounterForAll, "then one more manager's start", subtle="until a restart"),
    Broken("MET-03", SuccessResets, "then a dispatch that succeeds", subtle="the usual case"),
]
