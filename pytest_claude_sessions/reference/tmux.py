"""Claude in tmux: three windows a directory, found again by a mark of the manager's own (source 003, TMX-01 to 06)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..manager import ManagerError, TmuxSession
from . import tmux_window
from .durable import private_directory, replace_bytes
from .history_prompts import typed_lines
from .history_transcripts import opening_of
from .lease import Leases
from .program import Program
from .tmux_server import NameTaken, NoTarget, TmuxServer, literal
from .transcripts import Transcripts

MARK = "@claude_sessions"
"""The option by which a session is known as this manager's: a name can be anybody's, and be changed."""
ROLE = "@claude_window"
WINDOWS = ("claude", "shell", "log")
START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Own:
    """A session that bears the mark. :param id: what tmux calls it, the one name that never matches two."""

    id: str
    name: str
    windows: int


@dataclass(frozen=True, slots=True)
class Note:
    """What was started in a directory, on the disk: a tmux server may end at any time (TMX-06).

    :param session_id: the conversation that was asked for, None for a new one
    :param started_at: epoch ms
    """

    session_id: str | None
    started_at: int


@dataclass(frozen=True, slots=True)
class Tmux:
    """Claude's tmux sessions of one config dir.

    :param history: Claude's file of what was typed
    :param notes: a directory for what was started where
    :param scope: tells this config dir's sessions from another's
    """

    program: Program
    transcripts: Transcripts
    history: Path
    leases: Leases
    notes: Path
    scope: str
    windows: ClassVar[tuple[str, ...]] = WINDOWS

    @property
    def server(self) -> TmuxServer:
        """The server that the environment names."""
        return TmuxServer(self.program.env)

    # ------------------------------------------------------------------ start
    def start(self, cwd: Path, session_id: str | None) -> TmuxSession:
        """Open Claude, a shell and the log in a directory, or find them open.

        :param session_id: the conversation to resume; None carries on what a server that is gone had in this
            directory, else begins a new one
        :raises ManagerError: `cwd_missing`, `not_found`, `busy` when another conversation is open in the
            directory or the conversation elsewhere, `unsupported` without tmux, `claude_failed`
        """
        cwd = Path(os.path.realpath(cwd))
        if not cwd.is_dir():
            raise ManagerError("cwd_missing", f"there is no directory {cwd}")
        if session_id is not None and self.transcripts.find(session_id, cwd) is None:
            raise ManagerError("not_found", f"there is no conversation {session_id} in {self.transcripts.config_dir}")
        if not os.access(self.program.path, os.X_OK):
            raise ManagerError("claude_failed", f"{self.program.path} cannot be run")
        name = self.name_of(cwd)
        with self.leases.hold(f"{self.scope} tmux {name}", START_TIMEOUT_S):
            own = next((own for own in self._own() if own.name == name), None)
            try:
                if own is not None:
                    self._join(own, cwd, session_id)
            except NoTarget:
                own = None  # it has just ended
            if own is None:
                self._open(name, cwd, session_id)
            return TmuxSession(name, next((o.windows for o in self._own() if o.name == name), 0))

    def name_of(self, cwd: Path) -> str:
        """The tmux session's name for a directory: nothing in it that tmux rewrites, and of one directory alone."""
        shown = re.sub(r"[^A-Za-z0-9_-]+", "-", cwd.name).strip("-")[:40]
        told = hashlib.sha256(f"{self.scope} {cwd}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return "-".join(part for part in ("claude", shown, told) if part)

    def _open(self, name: str, cwd: Path, session_id: str | None) -> None:
        session_id = session_id or self._resumable(name, cwd)
        self._refuse_running(session_id)
        launches = [self._launch(name, window, cwd, session_id) for window in self.windows]
        words = ["new-session", "-d", "-s", name, "-x", "200", "-y", "50", "-n", WINDOWS[0], "-c", literal(str(cwd))]
        words += [*self._command(launches[0]), ";", "set-option", "-t", f"={name}:", MARK, self.scope]
        words += [";", "set-option", "-w", "-t", f"={name}:", ROLE, WINDOWS[0]]
        # A Claude that ends at once leaves its last words to be read.
        words += [";", "set-option", "-w", "-t", f"={name}:", "remain-on-exit", "on"]
        for window, launch in zip(self.windows[1:], launches[1:], strict=True):
            words += [";", "new-window", "-d", "-t", f"={name}:", "-n", window, "-c", literal(str(cwd))]
            words += self._command(launch)
        self._write_note(name, Note(session_id, int(time.time() * 1000)))
        try:
            self.server.run(*words)
        except (NameTaken, NoTarget, ManagerError) as error:
            for launch in launches:
                launch.unlink(missing_ok=True)
            if isinstance(error, NameTaken):
                raise ManagerError("busy", f"tmux has a session {name} that is not this manager's: {error}") from error
            if isinstance(error, NoTarget):
                raise ManagerError("claude_failed", f"the tmux session {name} ended as it began: {error}") from error
            raise

    def _join(self, own: Own, cwd: Path, session_id: str | None) -> None:
        """What is open already is right as it is, unless its Claude has ended or is about something else."""
        pane, dead = self._claude_pane(own)
        note = self._note(own.name)
        if pane is not None and not dead:
            if session_id is not None and (note is None or note.session_id != session_id):
                raise ManagerError("busy", f"{own.name} has another conversation open in {cwd}; kill it first")
            return
        session_id = session_id or self._resumable(own.name, cwd)
        self._refuse_running(session_id)
        launch = self._launch(own.name, WINDOWS[0], cwd, session_id)
        self._write_note(own.name, Note(session_id, int(time.time() * 1000)))
        if pane is not None:
            self.server.run("respawn-pane", "-k", "-t", pane, "-c", literal(str(cwd)), *self._command(launch))
            return
        where = ("-d", "-t", f"{own.id}:", "-n", WINDOWS[0], "-c", literal(str(cwd)), "-P", "-F", "#{window_id}")
        window = self.server.run("new-window", *where, *self._command(launch))[0]
        self.server.run("set-option", "-w", "-t", window, ROLE, WINDOWS[0])

    def _refuse_running(self, session_id: str | None) -> None:
        if session_id is not None and self.transcripts.is_running(session_id):
            raise ManagerError("busy", f"another Claude has {session_id} open; end it there first")

    def _claude_pane(self, own: Own) -> tuple[str | None, bool]:
        """The pane of Claude's own window, and whether its program has ended."""
        lines = self.server.run(
            "list-panes", "-s", "-t", f"{own.id}:", "-F", f"#{{pane_id}} #{{pane_dead}} #{{{ROLE}}}"
        )
        for line in lines:
            pane, dead, role = (*line.split(" "), "", "")[:3]
            if role == WINDOWS[0]:
                return pane, dead == "1"
        return None, False

    def _launch(self, name: str, window: str, cwd: Path, session_id: str | None) -> Path:
        """Write down what a window runs, for :mod:`.tmux_window`."""
        env = self.program.env
        if window == "claude":
            argv = [str(self.program.path), *self.program.options]
            argv += ["--resume", session_id] if session_id is not None else []
        elif window == "shell":
            argv = [env.get("SHELL") or "/bin/sh"]
        else:
            logs = self.transcripts.config_dir / "resume-logs"
            # What Claude logs when it is asked to, and what came of the recoveries; both may come to be later.
            shown = 'exec tail -n 50 -F "$1/debug/latest" "$1"/resume-logs/*.log'
            with contextlib.suppress(ManagerError):
                private_directory(logs)
            argv = ["/bin/sh", "-c", shown, "log", str(self.transcripts.config_dir)]
        private_directory(self.notes)
        path = self.notes / f"{name}.{window}.launch"
        launch = {"argv": argv, "cwd": self._place_of(session_id, cwd) if window == "claude" else str(cwd), "env": env}
        replace_bytes(path, json.dumps(launch).encode(), through_power_cut=False)
        return path

    def _place_of(self, session_id: str | None, cwd: Path) -> str:
        """Where Claude runs: a conversation keeps the directory in which it was started (RES-16)."""
        path = self.transcripts.find(session_id, cwd) if session_id is not None else None
        opening = opening_of(path) if path is not None else None
        return opening.cwd if opening is not None and opening.cwd and Path(opening.cwd).is_dir() else str(cwd)

    # ------------------------------------------------------------------ what was open
    def _resumable(self, name: str, cwd: Path) -> str | None:
        """The conversation that this directory's session had when its server ended, None without one."""
        note = self._note(name)
        if note is None:
            return None
        # The history tells which conversation was typed into last: Claude may have begun one by itself, or copied it.
        for line in typed_lines(self.history):
            if line.at.timestamp() * 1000 < note.started_at:
                break
            if line.project == str(cwd) and self.transcripts.find(line.session_id, cwd) is not None:
                return line.session_id
        known = note.session_id is not None and self.transcripts.find(note.session_id, cwd) is not None
        return note.session_id if known else None

    def _note(self, name: str) -> Note | None:
        try:
            data = json.loads((self.notes / f"{name}.json").read_bytes())
            session_id = data["session_id"]
            return Note(session_id if isinstance(session_id, str) else None, int(data["started_at"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _write_note(self, name: str, note: Note) -> None:
        private_directory(self.notes)
        entry = {"session_id": note.session_id, "started_at": note.started_at}
        replace_bytes(self.notes / f"{name}.json", json.dumps(entry).encode())

    # ------------------------------------------------------------------ list and kill
    def sessions(self) -> list[TmuxSession]:
        """This manager's sessions, by name."""
        return sorted((TmuxSession(own.name, own.windows) for own in self._own()), key=lambda found: found.name)

    def kill(self, name: str) -> None:
        """End one session, exactly the one of that name.

        :raises ManagerError: `not_found` when this manager has none of that name
        """
        own = next((own for own in self._own() if own.name == name), None)
        if own is None:
            raise ManagerError("not_found", f"there is no tmux session {name!r:.80} of this manager's")
        try:
            self.server.run("kill-session", "-t", own.id)
        except NoTarget as error:
            raise ManagerError("not_found", f"the tmux session {name!r:.80} has just ended") from error
        # It was ended on purpose: the next start in its directory begins anew.
        (self.notes / f"{name}.json").unlink(missing_ok=True)

    def _own(self) -> Iterator[Own]:
        try:
            lines = self.server.run(
                "list-sessions", "-F", f"#{{session_id}} #{{session_windows}} #{{{MARK}}} #{{session_name}}"
            )
        except NoTarget:
            return
        for line in lines:
            session_id, windows, mark, name = (*line.split(" ", 3), "", "", "")[:4]
            if mark == self.scope:
                yield Own(session_id, name, int(windows))

    def _command(self, launch: Path) -> list[str]:
        """A window's command as words of its own, which tmux hands to no shell."""
        return [sys.executable, "-I", "-S", "-X", "utf8", tmux_window.__file__, str(launch)]
