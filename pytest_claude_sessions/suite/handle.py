"""A manager as the checks see it: the methods of SPEC 4, whichever door it is behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..door import Misconduct, Refusal, Session
from ..manager import DispatchRequest, DispatchResult
from .judgement import Breach


class ManagerHandle:
    """A running manager. What it does wrong is charged to the requirement under test.

    :param session: the manager behind its door
    :param timeout_s: seconds that a call may take
    :param default_cwd: where a dispatch works unless told otherwise
    """

    def __init__(self, session: Session, timeout_s: float, default_cwd: Path) -> None:
        self._session = session
        self._timeout_s = timeout_s
        self._default_cwd = default_cwd

    @property
    def options(self) -> Mapping[str, Any]:
        """What the manager declares where the field does not agree (SPEC 5)."""
        return self._session.identity.options

    @property
    def capabilities(self) -> frozenset[str]:
        """What the manager declares."""
        return self._session.identity.capabilities

    def get_session(self, key: str) -> str | None:
        """The id of a key."""
        answer: str | None = self._call("get_session", key=key)
        return answer

    def set_session(self, key: str, session_id: Any) -> None:
        """Store an id."""
        self._call("set_session", key=key, session_id=session_id)

    def sweep_stale_sessions(self) -> int:
        """Remove stale rows."""
        answer: int = self._call("sweep_stale_sessions")
        return answer

    def derive_session_id(self, workspace_id: str | None) -> str:
        """The id of a workspace."""
        answer: str = self._call("derive_session_id", workspace_id=workspace_id)
        return answer

    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        """Set a damaged transcript aside."""
        answer: Path | None = self._call("quarantine_invalid", session_id=session_id, cwd=cwd)
        return answer

    def metrics(self) -> Mapping[str, float]:
        """The counters."""
        answer: Mapping[str, float] = self._call("metrics")
        return answer

    def dispatch(
        self,
        prompt: str,
        *,
        key: str | None = None,
        workspace_id: str | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
    ) -> DispatchResult:
        """Dispatch a prompt; a refusal counts as a failed result of its kind (SPEC 4, fine print)."""
        request = DispatchRequest(key, prompt, cwd or self._default_cwd, workspace_id, timeout)
        try:
            result: DispatchResult = self._call("dispatch", request=request)
        except Refusal as refusal:
            return DispatchResult(ok=False, error=refusal.kind, text=str(refusal))
        return result

    def refusal_of(self, call: Callable[[], object]) -> str | None:
        """The kind of the refusal that a call meets, None when it is answered."""
        try:
            call()
        except Refusal as refusal:
            return refusal.kind
        return None

    def close(self) -> None:
        """Let it go."""
        try:
            self._session.close()
        except Misconduct as misconduct:
            raise Breach("the end of the manager's process", "an orderly end", str(misconduct)) from misconduct

    def kill(self) -> None:
        """SIGKILL to a manager that has a process of its own."""
        self._session.kill()

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return self._session.call(method, arguments, self._timeout_s)
        except Misconduct as misconduct:
            shown = ", ".join(f"{name}={_short(value)}" for name, value in arguments.items())
            raise Breach(
                f"a call of {method}({shown})", "an answer, or a refusal of the closed list", str(misconduct)
            ) from misconduct


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}... ({len(text)} characters)"
