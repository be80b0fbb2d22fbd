"""A tmux server of its own, with the program in its one pane."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .scenario import CannotPlay

LONGEST_SOCKET = 100
"""Bytes; the path of a socket may have 107."""

_LIMIT_S = 60.0
_BETWEEN_S = 0.05


class Terminal:
    """The program in a terminal.

    :param argv: the program and its arguments
    :param env: its whole environment
    :param cwd: where it works
    :param directory: where the socket is
    :raises CannotPlay: where there is no tmux
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, directory: Path) -> None:
        tmux = shutil.which("tmux")
        if tmux is None:
            raise CannotPlay("tmux is not installed")
        self._place: Path | None = None
        if len(os.fsencode(directory / "tmux")) > LONGEST_SOCKET:
            directory = self._place = Path(tempfile.mkdtemp(prefix="tmux-", dir="/tmp"))
        self._tmux = [tmux, "-S", str(directory / "tmux"), "-f", "/dev/null"]
        self._env = {**env, "TERM": "xterm-256color"}
        size = ("-x", "120", "-y", "40")
        self._run("new-session", "-d", *size, "-c", str(cwd), *argv, ";", "set", "-g", "remain-on-exit", "on")
        self._pid = self._run("list-panes", "-F", "#{pane_pid}").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, with all that runs in it."""
        self._run("kill-server")
        # What still writes would be in the way of the next scenario.
        deadline = time.monotonic() + _LIMIT_S
        while self.alive and time.monotonic() < deadline:
            time.sleep(_BETWEEN_S)
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)

    @property
    def alive(self) -> bool:
        """Whether the program's process is still there."""
        try:
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
        except (OSError, IndexError):
            return False

    @property
    def screen(self) -> str:
        """What the pane shows."""
        return self._run("capture-pane", "-p")

    @property
    def status(self) -> int | None:
        """The program's exit status, None while it runs and when its pane is gone."""
        told = self._run("list-panes", "-F", "#{pane_dead} #{pane_dead_status}").split()
        if told == ["1"]:
            # tmux 3.3 now and then leaves a dead pane's process unreaped until another child of it ends.
            self._run("run-shell", "true")
        return int(told[1]) if len(told) == 2 and told[0] == "1" else None

    def wait_for(self, what: str, is_there: Callable[[], object]) -> None:
        """Look again and again until something is there.

        :param what: in words, for the message
        :param is_there: whether it is
        :raises CannotPlay: when it does not come in a minute, with what the screen shows
        """
        deadline = time.monotonic() + _LIMIT_S
        while not is_there():
            if time.monotonic() > deadline:
                lines = [line for line in self.screen.splitlines() if line.strip()]
                raise CannotPlay(f"{what} did not come; the screen shows: {' | '.join(lines[-12:])}")
            time.sleep(_BETWEEN_S)

    def wait_for_prompt(self) -> None:
        """Wait until the program takes a line."""
        self.wait_for("the prompt", lambda: any(line[:1] in ("❯", ">") for line in self.screen.splitlines()))

    def type(self, text: str) -> None:
        """Type a line and send it, once the program shows it."""
        self._run("send-keys", "-l", text)
        self.wait_for(f"what was typed, {text!r},", lambda: text in self.screen)
        self._run("send-keys", "Enter")

    def kill_pane(self) -> None:
        """Take the terminal away."""
        self._run("kill-pane")

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], env=self._env, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout
