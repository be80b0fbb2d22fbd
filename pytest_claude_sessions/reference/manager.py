"""The reference manager: each method of SPEC 4, put together from this package's parts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..environment import Environment
from ..manager import (
    DispatchRequest,
    DispatchResult,
    Installed,
    ManagerError,
    Mount,
    RateLimited,
    SessionEntry,
    TmuxSession,
)
from . import binds, lifecycle
from .age import AgeLimit, now_ms
from .dispatch import Conversation, Dispatch
from .durable import private_directory
from .export import Exporter
from .history import History
from .history_resume import Resumption
from .identity import checked_id, derive
from .idle import IdleState, idle_state
from .lease import Leases
from .program import Program
from .quarantine import Quarantine
from .recovery import Recovery
from .store import Row, SessionStore
from .tmux import Tmux
from .transcripts import Transcripts

DEFAULT_TIMEOUT_S = 1800.0
RESUME_FAILURES = "claude_session_resume_failures_total"


class ReferenceManager:
    """Keeps Claude's session ids by key or by workspace, and resumes them.

    Settings: `max_session_age_ms` (default 24 h), `claude_timeout_s` (default 1800), `model`,
    `permission_mode`, `add_dirs`.
    """

    name = "reference"
    version = "0.1.0"
    capabilities = frozenset(
        {
            "store",
            "resume",
            "identity",
            "ttl",
            "quarantine",
            "metrics",
            "binds",
            "retention",
            "idle",
            "history",
            "recovery",
            "tmux",
            "export",
        }
    )
    dispatch_type = Dispatch
    program_type = Program
    store_type = SessionStore
    transcripts_type = Transcripts
    quarantine_type = Quarantine
    recovery_type = Recovery
    tmux_type = Tmux
    history_type = History
    exporter_type = Exporter

    def __init__(self, environment: Environment) -> None:
        settings = environment.settings
        self.environment = environment
        self.limit = AgeLimit.of(settings.get("max_session_age_ms"))
        self.timeout_s = _seconds("claude_timeout_s", settings.get("claude_timeout_s"), DEFAULT_TIMEOUT_S)
        # One store a config dir: an id means nothing under another one (STO-13).
        self.scope = hashlib.sha256(str(environment.config_dir.resolve()).encode()).hexdigest()[:12]
        self.options: Mapping[str, Any] = {
            "store_json": f"sessions-{self.scope}.json",
            "id_scheme": "coder-workspace",
            "workspace_case": "preserve",
            "clock": "injected",
        }
        self.store = self.store_type(environment.state_dir / f"sessions-{self.scope}.json")
        self.workspaces = SessionStore(environment.state_dir / f"workspaces-{self.scope}.json")
        self.leases = Leases(environment.state_dir / "leases")
        self.transcripts = self.transcripts_type(environment.config_dir)
        self.quarantine = self.quarantine_type(self.transcripts, self.leases)
        self.program = self.program_type(
            environment.claude, environment.config_dir, environment.env, _claude_options(settings)
        )
        self.history = self.history_type(environment.config_dir)
        self.resumption = Resumption(self.history, self.transcripts, self.program, self.leases, self.scope)
        self.exporter = self.exporter_type(self.history)
        self._resume_failures = 0
        self._counting = threading.Lock()
        private_directory(environment.state_dir)
        if self.store.path.exists():
            self.sweep_stale_sessions()

    # ------------------------------------------------------------------ store and ttl
    def get_session(self, key: str) -> str | None:
        """The id of a key, None when it has none that is still fresh; a stale row is deleted."""
        row = self._fresh_row(key)
        return row.session_id if row else None

    def set_session(self, key: str, session_id: str) -> None:
        """Store an id; its age starts anew.

        :raises ManagerError: `invalid_session_id`, `unwritable`
        """
        self.store.put(key, Row(checked_id(session_id), now_ms(), None))

    def sweep_stale_sessions(self) -> int:
        """Delete every stale row but those of running conversations; tell how many."""
        self._pull_back_future_rows()
        return self.store.remove(self._is_doomed)

    # ------------------------------------------------------------------ identity and quarantine
    def derive_session_id(self, workspace_id: str | None) -> str:
        """The id that belongs to a workspace."""
        return derive(workspace_id)

    def quarantine_invalid(self, session_id: str, cwd: Path) -> Path | None:
        """Set a transcript aside that Claude would refuse; the new path, None when there is nothing to do.

        :raises ManagerError: `invalid_session_id`, `unwritable`
        """
        return self.quarantine.set_aside(checked_id(session_id), cwd)

    # ------------------------------------------------------------------ metrics
    def metrics(self) -> Mapping[str, float]:
        """The counters, by name."""
        return {RESUME_FAILURES: self._resume_failures}

    # ------------------------------------------------------------------ recovery
    def rate_limited_sessions(self) -> list[RateLimited]:
        """The conversations that a usage limit cut off, the one that waits the longest first."""
        return self.recovery.limited()

    def recover_rate_limited(self) -> list[DispatchResult]:
        """Carry those on whose limit has ended, with the prompt that was cut off."""
        return self.recovery.recover()

    @property
    def recovery(self) -> Recovery:
        """What recovering works with."""
        stores = {"key": self.store, "workspace": self.workspaces}
        return self.recovery_type(self.program, self.transcripts, self.leases, stores, self.scope, self.timeout_s)

    # ------------------------------------------------------------------ tmux
    def tmux_start(self, cwd: Path, session_id: str | None = None) -> TmuxSession:
        """Open Claude, a shell and the log in a directory, resuming a conversation when one is named.

        :raises ManagerError: `invalid_session_id`, `not_found`, `cwd_missing`, `busy`, `unsupported`, `claude_failed`
        """
        return self.tmux.start(cwd, None if session_id is None else checked_id(session_id))

    def tmux_list(self) -> list[TmuxSession]:
        """This manager's tmux sessions, by name."""
        return self.tmux.sessions()

    def tmux_kill(self, name: str) -> None:
        """End one of them, exactly the one of that name.

        :raises ManagerError: `not_found`
        """
        self.tmux.kill(name)

    @property
    def tmux(self) -> Tmux:
        """Claude in tmux, for this config dir."""
        notes = self.environment.state_dir / "tmux"
        return self.tmux_type(
            self.program,
            self.transcripts,
            self.environment.config_dir / "history.jsonl",
            self.leases,
            notes,
            self.scope,
        )

    # ------------------------------------------------------------------ binds
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        """The binds of a container whose Claude keeps its conversations."""
        return binds.mount_plan(host_config_dir, container_config_dir)

    def prepare_host(self, host_config_dir: Path) -> None:
        """Make the directories that are bound read-write.

        :raises ManagerError: `unwritable`
        """
        binds.prepare_host(host_config_dir)

    def mounts_match(self, actual: list[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
        """Whether a container's mounts let conversations last; else it is to be made anew."""
        return binds.mounts_match(actual, host_config_dir, container_config_dir)

    def check_persistence(self) -> list[str]:
        """What keeps conversations from lasting, found by writing; empty when nothing does."""
        world = self.environment
        return binds.persistence_problems(world.config_dir, world.claude, self.program.env)

    # ------------------------------------------------------------------ retention and idle
    def install_lifecycle_settings(self, retention_days: int | None) -> Installed:
        """Write the managed settings: the retention, and the hooks by which Claude tells that it is idle.

        :raises ManagerError: `invalid_setting`
        """
        return lifecycle.install(self.environment.managed_settings_dir, retention_days, self.limit)

    def idle_state(self) -> IdleState:
        """`busy` while a turn runs, `idle` after it, `unknown` before the first one has stopped."""
        return idle_state(self.environment.home, dispatching=self.leases.is_anything_running())

    # ------------------------------------------------------------------ resume
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        """Deliver a prompt to its conversation, which is started when there is none.

        :raises ManagerError: `unsupported`, `cwd_missing`, `busy`, `unwritable`, `claude_failed`
        """
        conversation = self._conversation(request)
        timeout_s = self.timeout_s if request.timeout is None else request.timeout
        work = self.dispatch_type(self.program, self.transcripts, self.quarantine, self._count_dead_id)
        with self.leases.hold(self._lease_name(conversation), timeout_s) as lease:
            if conversation.derived is not None:
                row = self.workspaces.row(conversation.name)
            else:
                row = self._fresh_row(conversation.name, holding=True, warnings=work.warnings)
            return work.run(conversation, row, request.prompt, timeout_s, lease)

    # ------------------------------------------------------------------ history and export
    def list_sessions(self, limit: int = 20) -> list[SessionEntry]:
        """The newest conversations of the config dir, each once."""
        return self.history.newest(limit)

    def find_sessions(self, text: str, limit: int = 20) -> list[SessionEntry]:
        """The newest conversations with a text in a prompt or in the project; upper or lower case is the same."""
        return self.history.find(text, limit)

    def current_session(self, cwd: Path | None = None) -> SessionEntry | None:
        """The newest conversation of a directory; of the environment's own one without one."""
        return self.history.current(self.environment.workdir if cwd is None else cwd)

    def resolve_session(self, prefix: str) -> str:
        """The one id that begins so.

        :raises ManagerError: `ambiguous`, `not_found`
        """
        return self.history.resolve(prefix)

    def resume_session(self, session_id: str, prompt: str) -> DispatchResult:
        """Carry a conversation of the history on, in the directory that it was started in.

        :raises ManagerError: `not_found`, `ambiguous`, `cwd_missing`, `busy`, `claude_failed`
        """
        return self.resumption.run(session_id, prompt, self.timeout_s)

    def export_session(self, session_id: str, destination: Path) -> Path:
        """Write a conversation, whole, to a new `.jsonl`, `.tar.gz` or `.zip` file or a new directory.

        :raises ManagerError: `not_found`, `ambiguous`, `unwritable`
        """
        return self.exporter.export(session_id, destination)

    def _conversation(self, request: DispatchRequest) -> Conversation:
        if (request.key is None) == (request.workspace_id is None):
            raise ManagerError("unsupported", "exactly one of key and workspace_id must be set")
        if request.key is not None:
            return Conversation(request.key, self.store, request.cwd)
        derived = self.derive_session_id(request.workspace_id)
        return Conversation(derived, self.workspaces, request.cwd, derived)

    def _lease_name(self, conversation: Conversation) -> str:
        kind = "key" if conversation.derived is None else "workspace"
        return f"{self.scope} {kind} {conversation.name}"

    def _count_dead_id(self) -> None:
        with self._counting:
            self._resume_failures += 1

    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        row = self.store.row(key)
        if row is not None and row.last_used_at > now_ms():
            self._pull_back_future_rows()
            row = self.store.row(key)
        if row is None or not self.limit.is_stale(row.last_used_at):
            return row
        if not holding and self._is_running(key):
            return row
        self.store.remove(lambda other, found: other == key and self.limit.is_stale(found.last_used_at))
        if warnings is not None:
            warnings.append(f"expired: the conversation of {key!r:.80} rested too long; starting a new one")
        return None

    def _is_doomed(self, key: str, row: Row) -> bool:
        return self.limit.is_stale(row.last_used_at) and not self._is_running(key)

    def _is_running(self, key: str) -> bool:
        return self.leases.is_held(f"{self.scope} key {key}")

    def _pull_back_future_rows(self) -> None:
        """A stamp from the future counts as now, from now on: it must age like any other (TTL-12)."""
        self.store.stamp_at_most(now_ms())


def _seconds(name: str, value: Any, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ManagerError("invalid_setting", f"{name} is {value!r}: a number of seconds above 0 is expected")
    return float(value)


def _claude_options(settings: Mapping[str, Any]) -> list[str]:
    options: list[str] = []
    for setting, option in (("model", "--model"), ("permission_mode", "--permission-mode")):
        if settings.get(setting) is not None:
            options += [option, str(settings[setting])]
    for directory in settings.get("add_dirs") or ():
        options += ["--add-dir", str(directory)]
    return options
