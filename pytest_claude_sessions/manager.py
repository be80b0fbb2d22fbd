"""What a session manager is: the values it takes and gives, and its refusals (SPEC 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "store": ("get_session", "set_session"),
    "ttl": ("sweep_stale_sessions",),
    "resume": ("dispatch",),
    "identity": ("derive_session_id", "dispatch"),
    "quarantine": ("quarantine_invalid", "dispatch"),
    "metrics": ("metrics",),
    "binds": ("mount_plan", "prepare_host", "mounts_match", "check_persistence"),
    "retention": ("install_lifecycle_settings",),
    "idle": ("install_lifecycle_settings", "idle_state"),
    "history": ("list_sessions", "find_sessions", "current_session", "resolve_session", "resume_session"),
    "recovery": ("rate_limited_sessions", "recover_rate_limited"),
    "tmux": ("tmux_start", "tmux_list", "tmux_kill"),
    "export": ("export_session",),
}
"""Each capability with the methods that a manager serves when it declares it."""

KINDS = (
    "not_found",
    "expired",
    "invalid_session_id",
    "invalid_setting",
    "unwritable",
    "busy",
    "ambiguous",
    "cwd_missing",
    "timeout",
    "rate_limited",
    "auth",
    "claude_failed",
    "unsupported",
)
"""The closed list of a refusal's kinds."""


class ManagerError(Exception):
    """A manager's refusal.

    :param kind: one of :data:`KINDS`
    :param message: what was refused, why, and what to do
    :raises ValueError: when the kind is not in the list
    """

    def __init__(self, kind: str, message: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not a refusal's kind; the kinds are {', '.join(KINDS)}")
        super().__init__(message)
        self.kind = kind

    def __reduce__(self) -> tuple[type[ManagerError], tuple[str, str]]:
        return type(self), (self.kind, str(self))


@dataclass(frozen=True, slots=True)
class DispatchRequest:
    """One prompt for one conversation; exactly one of `key` and `workspace_id` is set.

    :param key: names the conversation in the manager's store
    :param prompt: the text for Claude
    :param cwd: the directory that Claude works in
    :param workspace_id: names the conversation by a derived id instead; an empty one counts as set (ID-06)
    :param timeout: seconds that Claude may take; None is the manager's default
    """

    key: str | None
    prompt: str
    cwd: Path
    workspace_id: str | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class DispatchResult:
    """What came of a dispatch.

    :param ok: whether Claude answered
    :param session_id: the id that the next dispatch resumes, None when there is none
    :param resumed: whether an earlier conversation carried on
    :param text: Claude's answer
    :param error: the kind of the failure, one of :data:`KINDS`
    :param warnings: each begins with a code and a colon: `expired:`, `cold_start:`, `not_resumable:`,
        `quarantine_failed:`
    """

    ok: bool
    session_id: str | None = None
    resumed: bool = False
    text: str = ""
    error: str | None = None
    warnings: tuple[str, ...] = field(default=())


class Manager(Protocol):
    """Any object with a set of capabilities and the methods of these; they may be async."""

    @property
    def capabilities(self) -> set[str] | frozenset[str]: ...


class ManagerFactory(Protocol):
    """Makes a manager for an environment; a second call with the same one is a restart."""

    def __call__(self, environment: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Mount:
    """One bind of a container: source on the host, target inside."""

    source: Path
    target: Path
    read_only: bool


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One conversation of the history; `timestamp` is an aware instant."""

    session_id: str | None
    project: str
    display: str
    timestamp: datetime
    resumable: bool


@dataclass(frozen=True, slots=True)
class RateLimited:
    """A conversation that a usage limit cut off; `resets_at` is None when Claude did not say."""

    session_id: str
    cwd: Path
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class TmuxSession:
    """A tmux session of the manager's own; `windows` is a count."""

    name: str
    windows: int


@dataclass(frozen=True, slots=True)
class Installed:
    """The settings file that was written, None when it was skipped, and why."""

    path: Path | None
    warnings: tuple[str, ...] = ()
