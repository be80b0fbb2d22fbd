"""Managers that are broken in `tmux`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pytest_claude_sessions.manager import TmuxSession
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.tmux import Note, Own, Tmux
from pytest_claude_sessions.reference.tmux_server import NoTarget

from . import Broken


def opening(kind: type[Tmux]) -> type[ReferenceManager]:
    """A reference manager with such a tmux."""
    name = kind.__name__.removesuffix("Tmux")
    return type(name, (ReferenceManager,), {"tmux_type": kind, "__module__": __name__})


# ---------------------------------------------------------------------- starting
class TwoWindowsTmux(Tmux):
    windows: ClassVar[tuple[str, ...]] = ("claude", "shell")


class ForgetsTheIdTmux(Tmux):
    def start(self, cwd: Path, session_id: str | None) -> TmuxSession:
        return super().start(cwd, None)


class StartsAboveTmux(Tmux):
    def start(self, cwd: Path, session_id: str | None) -> TmuxSession:
        return super().start(cwd.parent, session_id)


# ---------------------------------------------------------------------- listing
class ListsAllTmux(Tmux):
    def _own(self) -> Iterator[Own]:
        with contextlib.suppress(NoTarget):
            for line in self.server.run("list-sessions", "-F", "#{session_id} #{session_windows} #{session_name}"):
                session_id, windows, name = line.split(" ", 2)
                yield Own(session_id, name, int(windows))


class ListsByNameTmux(ListsAllTmux):
    def sessions(self) -> list[TmuxSession]:
        return [found for found in super().sessions() if found.name.startswith("claude-")]


class AlwaysThreeTmux(Tmux):
    def sessions(self) -> list[TmuxSession]:
        return [TmuxSession(found.name, 3) for found in super().sessions()]


# ---------------------------------------------------------------------- killing
class KillsByPrefixTmux(Tmux):
    def kill(self, name: str) -> None:
        self.server.run("kill-session", "-t", name)


class KillsWhatBeginsSoTmux(Tmux):
    def kill(self, name: str) -> None:
        for own in list(self._own()):
            if own.name.startswith(name):
                super().kill(own.name)


class KillsTheServerTmux(Tmux):
    def kill(self, name: str) -> None:
        own = {own.name for own in self._own()}
        if name not in own:
            super().kill(name)
        self.server.run("kill-server")


# ---------------------------------------------------------------------- names of directories
class RawNameTmux(Tmux):
    def name_of(self, cwd: Path) -> str:
        return f"claude-{cwd.parent.name}-{cwd.name}"


class LastNameTmux(Tmux):
    def name_of(self, cwd: Path) -> str:
        return super().name_of(Path(cwd.name))


# ---------------------------------------------------------------------- the environment
class ServersEnvironmentTmux(Tmux):
    def _command(self, launch: Path) -> list[str]:
        argv: list[str] = json.loads(launch.read_text())["argv"]
        return ["/usr/bin/env", *argv]


class ConfigDirAloneTmux(ServersEnvironmentTmux):
    def _command(self, launch: Path) -> list[str]:
        told = f"CLAUDE_CONFIG_DIR={self.transcripts.config_dir}"
        return ["/usr/bin/env", told, *super()._command(launch)[1:]]


class EnclosedTmux(Tmux):
    """Adds the environment of its own to the server's."""

    def _command(self, launch: Path) -> list[str]:
        env = [f"{name}={value}" for name, value in self.program.env.items()]
        argv: list[str] = json.loads(launch.read_text())["argv"]
        return ["/usr/bin/env", *env, *argv]


# ---------------------------------------------------------------------- after the server's death
class KeepsNoNoteTmux(Tmux):
    def _write_note(self, name: str, note: Note) -> None:
        return


TwoWindows = opening(TwoWindowsTmux)
ForgetsTheId = opening(ForgetsTheIdTmux)
StartsAbove = opening(StartsAboveTmux)
ListsAll = opening(ListsAllTmux)
ListsByName = opening(ListsByNameTmux)
AlwaysThree = opening(AlwaysThreeTmux)
KillsByPrefix = opening(KillsByPrefixTmux)
KillsWhatBeginsSo = opening(KillsWhatBeginsSoTmux)
KillsTheServer = opening(KillsTheServerTmux)
RawName = opening(RawNameTmux)
LastName = opening(LastNameTmux)
ServersEnvironment = opening(ServersEnvironmentTmux)
ConfigDirAlone = opening(ConfigDirAloneTmux)
Enclosed = opening(EnclosedTmux)
KeepsNoNote = opening(KeepsNoNoteTmux)

BROKEN = [
    Broken("TMX-01", TwoWindows, "the server's sessions with their windows"),
    Broken("TMX-01", ForgetsTheId, "what Claude was asked to resume", subtle="one form of several"),
    Broken("TMX-01", StartsAbove, "where Claude was started"),
    Broken("TMX-02", ListsAll, "what is listed"),
    Broken("TMX-02", ListsByName, "what is listed", subtle="when alone"),
    Broken("TMX-02", AlwaysThree, "a fourth window", subtle="the usual case"),
    Broken("TMX-03", KillsByPrefix, "what runs", subtle="when alone"),
    Broken("TMX-03", KillsWhatBeginsSo, "what runs", subtle="when alone"),
    Broken("TMX-03", KillsTheServer, "a kill of"),
    Broken("TMX-04", RawName, "ended as it began"),
    Broken("TMX-04", LastName, "tmux_start in", subtle="when alone"),
    Broken("TMX-05", ServersEnvironment, "Claude's environment"),
    Broken("TMX-05", ConfigDirAlone, "Claude's environment", subtle="one form of several"),
    Broken("TMX-05", Enclosed, "what of the server's own environment Claude has", subtle="one form of several"),
    Broken("TMX-06", KeepsNoNote, "what Claude was asked to resume"),
]
