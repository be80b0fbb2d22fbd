"""A manager as the checks see it: the methods of SPEC 4, whichever door it is behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..door import Misconduct, Refusal, Session
from ..manager import DispatchRequest, DispatchResult, Installed, Mount, RateLimited, SessionEntry, TmuxSession
from .judgement import Breach


class ManagerHandle:
    """A running manager. What it does wrong is charged to the requirement under test.

    :param session: the manager behind its door
    :param timeout_s: seconds that a call may take
    :param default_cwd: where a dispatch works unless told otherwise
    :param calls: each call is added there, with what came of it
    """

    def __init__(
        self, session: Session, timeout_s: float, default_cwd: Path, calls: list[dict[str, Any]] | None = None
    ) -> None:
        self._session = session
        self._timeout_s = timeout_s
        self._default_cwd = default_cwd
        self._calls = calls if calls is not None else []

    @property
    def options(self) -> Mapping[str, Any]:
        """What the manager declares where the field does not agree (SPEC 5)."""
        return self._session.identity.options

    @property
    def capabilities(self) -> frozenset[str]:
        """What the manager declares."""
        return self._session.identity.capabilities

    @property
    def keeps_keys(self) -> bool:
        """Whether it knows conversations by key; one with workspaces and no store has those alone."""
        return "store" in self.capabilities or "identity" not in self.capabilities

    @property
    def pid(self) -> int | None:
        """The process that the manager is, None for one in this process."""
        pid: int | None = getattr(self._session, "pid", None)
        return pid

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
        """Dispatch a prompt; a refusal counts as a failed result of its kind (SPEC 4, fine print).

        :param key: of the conversation; where no keys are kept, the workspace of that name stands for it
        """
        if key is not None and workspace_id is None and not self.keeps_keys:
            key, workspace_id = None, key
        request = DispatchRequest(key, prompt, cwd or self._default_cwd, workspace_id, timeout)
        return self._dispatched("dispatch", request=request)

    # ------------------------------------------------------------------ binds, retention, idle
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        """The binds of a container."""
        plan: list[Mount] = self._call(
            "mount_plan", host_config_dir=host_config_dir, container_config_dir=container_config_dir
        )
        return plan

    def prepare_host(self, host_config_dir: Path) -> None:
        """Make the host's directories before a container is started."""
        self._call("prepare_host", host_config_dir=host_config_dir)

    def mounts_match(self, actual: list[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
        """Whether a container's mounts are those of the plan."""
        answer: bool = self._call(
            "mounts_match", actual=actual, host_config_dir=host_config_dir, container_config_dir=container_config_dir
        )
        return answer

    def check_persistence(self) -> list[str]:
        """What keeps conversations from being stored; empty when nothing does."""
        problems: list[str] = self._call("check_persistence")
        return problems

    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        """Write the managed settings."""
        installed: Installed = self._call("install_lifecycle_settings", retention_days=retention_days)
        return installed

    def idle_state(self) -> str:
        """`unknown`, `busy` or `idle`."""
        state: str = self._call("idle_state")
        return state

    # ------------------------------------------------------------------ history, recovery, tmux, export
    def list_sessions(self, limit: int | None = None) -> list[SessionEntry]:
        """The newest conversations; None leaves the number to the manager."""
        arguments = {} if limit is None else {"limit": limit}
        entries: list[SessionEntry] = self._call("list_sessions", **arguments)
        return entries

    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        """The newest conversations with a text in them."""
        entries: list[SessionEntry] = self._call("find_sessions", text=text, limit=limit)
        return entries

    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        """The newest conversation of a directory."""
        entry: SessionEntry | None = self._call("current_session", cwd=cwd)
        return entry

    def resolve_session(self, prefix: str) -> str:
        """The one id that begins so."""
        session_id: str = self._call("resolve_session", prefix=prefix)
        return session_id

    def resume_session(self, session_id: str, prompt: str) -> DispatchResult:
        """Carry a conversation of the history on; a refusal counts as a failed result of its kind."""
        return self._dispatched("resume_session", session_id=session_id, prompt=prompt)

    def rate_limited_sessions(self) -> list[RateLimited]:
        """The conversations that a usage limit cut off."""
        limited: list[RateLimited] = self._call("rate_limited_sessions")
        return limited

    def recover_rate_limited(self) -> list[DispatchResult]:
        """Carry those on whose limit has been reset."""
        results: list[DispatchResult] = self._call("recover_rate_limited")
        return results

    def tmux_start(self, cwd: Path, session_id: str | None = None) -> TmuxSession:
        """Start Claude in a tmux session of its own."""
        session: TmuxSession = self._call("tmux_start", cwd=cwd, session_id=session_id)
        return session

    def tmux_list(self) -> list[TmuxSession]:
        """The manager's own tmux sessions."""
        sessions: list[TmuxSession] = self._call("tmux_list")
        return sessions

    def tmux_kill(self, name: str) -> None:
        """End one of the manager's own tmux sessions."""
        self._call("tmux_kill", name=name)

    def export_session(self, session_id: str, destination: Path) -> Path:
        """Write a conversation out."""
        path: Path = self._call("export_session", session_id=session_id, destination=destination)
        return path

    # ------------------------------------------------------------------ any of them
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

    def _dispatched(self, method: str, **arguments: Any) -> DispatchResult:
        try:
            result: DispatchResult = self._call(method, **arguments)
        except Refusal as refusal:
            return DispatchResult(ok=False, error=refusal.kind, text=str(refusal))
        return result

    def _call(self, method: str, **arguments: Any) -> Any:
        call: dict[str, Any] = {"method": method, "arguments": arguments}
        self._calls.append(call)
        try:
            call["answer"] = self._session.call(method, arguments, self._timeout_s)
            return call["answer"]
        except Refusal as refusal:
            call["refusal"] = str(refusal)
            raise
        except Misconduct as misconduct:
            call["misconduct"] = str(misconduct)
            shown = ", ".join(f"{name}={_short(value)}" for name, value in arguments.items())
            raise Breach(
                f"a call of {method}({shown})", "an answer, or a refusal of the closed list", str(misconduct)
            ) from misconduct


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}... ({len(text)} characters)"
