"""Subjects that always answer the same, hang or crash: next to no requirement may let them pass."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import CAPABILITIES, DispatchResult, ManagerError

AN_ID = "11111111-2222-4333-8444-555555555555"
CARD = frozenset({"store", "resume", "identity", "ttl", "quarantine", "metrics"})


class Constant:
    """Has every method, and one way to answer them all."""

    capabilities = CARD

    def __init__(self, environment: Any) -> None:
        pass

    def answer(self, method: str, *arguments: Any) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if any(name in methods for methods in CAPABILITIES.values()):
            return lambda *arguments: self.answer(name, *arguments)
        raise AttributeError(name)


class SaysNothing(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        empty = {"dispatch": DispatchResult(ok=False), "metrics": {}, "sweep_stale_sessions": 0}
        return empty.get(method)


class SaysYes(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        good = {
            "dispatch": DispatchResult(ok=True, session_id=AN_ID, resumed=True, text="reply to 3 messages"),
            "metrics": {"claude_session_resume_failures_total": 1.0},
            "sweep_stale_sessions": 1,
            "get_session": AN_ID,
            "derive_session_id": AN_ID,
            "quarantine_invalid": Path("/quarantined.jsonl.bak"),
        }
        return good.get(method)


class Refuses(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        raise ManagerError("invalid_session_id", "no")


class Fails(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        if method == "dispatch":
            return DispatchResult(ok=False, error="claude_failed")
        raise ManagerError("unwritable", "no")


class Raises(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        raise RuntimeError("out of order")


class Hangs(Constant):
    def answer(self, method: str, *arguments: Any) -> Any:
        threading.Event().wait()


class Forks(Constant):
    """Leaves a process behind with every call."""

    def answer(self, method: str, *arguments: Any) -> Any:
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "600"])


CONSTANT = [SaysNothing, SaysYes, Refuses, Fails, Raises, Hangs, Forks]
