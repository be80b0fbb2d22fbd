"""Talking to a tmux server: the one that the environment's TMUX_TMPDIR names, and no other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from ..manager import ManagerError

TIMEOUT_S = 30.0
_NO_SERVER = ("no server running", "error connecting to", "no sessions", "server exited", "lost server")
_NO_TARGET = ("can't find", "no such session", "no such window")
_INSIDE = ("TMUX", "TMUX_PANE")
"""What names the server of the terminal that this process may run in; it would win over TMUX_TMPDIR."""


class NoTarget(Exception):
    """What a command was about is not there: the server, the session or the window."""


class NameTaken(Exception):
    """There is a session of that name already."""


@dataclass(frozen=True, slots=True)
class TmuxServer:
    """A server, which the first session starts.

    :param env: the whole environment of the client, and so of a server that it starts
    """

    env: Mapping[str, str]

    def run(self, *words: str) -> list[str]:
        """Run commands, parted by a word ";"; the lines that they print.

        :raises NoTarget: when there is no server, or nothing of that name
        :raises NameTaken: when a new session's name is another one's
        :raises ManagerError: `unsupported` without a tmux, `claude_failed` when tmux fails
        """
        program = shutil.which("tmux", path=self.env.get("PATH"))
        if program is None:
            raise ManagerError("unsupported", "tmux is not installed: no `tmux` on PATH")
        env = {name: value for name, value in self.env.items() if name not in _INSIDE}
        command = [program, *(word if word == ";" else _quoted(word) for word in words)]
        try:
            done = subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise ManagerError("claude_failed", f"tmux {words[0]}: {error}") from error
        told = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode == 0:
            return [line for line in done.stdout.decode("utf-8", "replace").split("\n") if line]
        if any(words in told for words in _NO_SERVER + _NO_TARGET):
            raise NoTarget(told)
        if "duplicate session" in told:
            raise NameTaken(told)
        raise ManagerError("claude_failed", f"tmux {words[0]} failed: {told or f'exit status {done.returncode}'}")


def literal(text: str) -> str:
    """A text for a place in which tmux would expand formats."""
    return text.replace("#", "##")


def _quoted(word: str) -> str:
    """A word whose last character tmux would take for the end of the command (a directory may end so)."""
    return f"{word[:-1]}\\;" if word.endswith(";") else word
