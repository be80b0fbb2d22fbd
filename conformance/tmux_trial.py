"""A tmux server of a trial's own: started for it, looked at, and gone with everything in it when it ends."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_claude_sessions.suite.judgement import Breach, CouldNotRun

if TYPE_CHECKING:
    from pytest_claude_sessions.cli import Start
    from pytest_claude_sessions.suite.trial import Trial

DEADLINE_S = 30.0
"""How long an event may take, in seconds; one that comes is seen at once."""
END_S = 5.0
"""How long what a server leaves may take to end by itself, in seconds."""
LOOK_S = 0.005
LONGEST_SOCKET = 100
"""Bytes; the path of a socket may have 107."""


T = TypeVar("T")


@dataclass(frozen=True)
class Pane:
    """A pane as the server tells it."""

    id: str
    pid: int
    path: str
    command: str


class TmuxTrial:
    """The server that the trial's manager uses.

    :param trial: whose manager it is
    :param program: the tmux
    :param env: of the server, when the check starts it before the manager does
    """

    def __init__(self, trial: Trial, program: str, env: Mapping[str, str]) -> None:
        self._trial = trial
        self._program = program
        self._env = {name: value for name, value in env.items() if name not in ("TMUX", "TMUX_PANE")}

    def run(self, *words: str) -> list[str]:
        """Run a tmux command; its lines, none when it fails (such as without a server)."""
        return self._run(words, self._env)[1]

    def start(self, name: str = "foreign", env: Mapping[str, str] | None = None) -> None:
        """Open a session that is nobody's; with another environment, when it starts the server."""
        world = dict(env) if env is not None else self._env
        status, told = self._run(("new-session", "-d", "-s", name, "/bin/sh"), world)
        assert status == 0, told

    def sessions(self) -> dict[str, int]:
        """Every session of the server with its number of windows."""
        lines = self.run("list-sessions", "-F", "#{session_windows} #{session_name}")
        return {name: int(windows) for windows, _, name in (line.partition(" ") for line in lines)}

    def panes(self, name: str) -> list[Pane]:
        """The panes of a session, found by its exact name."""
        form = "#{session_name}\t#{pane_id}\t#{pane_pid}\t#{pane_current_path}\t#{pane_current_command}"
        rows = [line.split("\t") for line in self.run("list-panes", "-a", "-F", form)]
        return [Pane(row[1], int(row[2]), row[3], row[4]) for row in rows if row[0] == name]

    def pids(self) -> dict[str, list[int]]:
        """What runs in each session: to see afterwards that it was left alone."""
        return {name: sorted(pane.pid for pane in self.panes(name)) for name in self.sessions()}

    def type(self, pane: str, text: str) -> None:
        """Type a line into a pane."""
        self.run("send-keys", "-t", pane, "-l", text)
        self.run("send-keys", "-t", pane, "Enter")

    def started(self, count: int, given: str) -> list[Start]:
        """Wait until Claude was started that often; the starts."""
        return self.until(lambda: self._trial.starts, lambda starts: len(starts) >= count, given, f"{count} starts")

    def until(self, look: Callable[[], T], good: Callable[[T], bool], given: str, expected: str) -> T:
        """Wait until what is looked at is good, and hand it over."""
        seconds = min(DEADLINE_S, self._trial.call_timeout_s)
        deadline = time.monotonic() + seconds
        while not good(seen := look()):
            if time.monotonic() > deadline:
                raise Breach(given, f"{expected} within {seconds:g} s", f"{seen!r}; {self._shown()}")
            time.sleep(LOOK_S)
        return seen

    def _shown(self) -> str:
        """The last lines of every window, for whoever must find out why something did not happen."""
        panes = self.run("list-panes", "-a", "-F", "#{pane_id}")
        shown = {pane: " / ".join(self.run("capture-pane", "-p", "-t", pane)[-4:]) for pane in panes}
        return f"the windows show {shown}"

    @contextlib.contextmanager
    def ending(self, name: str) -> Iterator[None]:
        """What runs in a session is gone a while after it is ended inside.

        :raises Breach: when something of it runs on
        """
        roots = [pane.pid for pane in self.panes(name)]
        with _watched([pid for root in roots for pid in _descendants(root)]) as waiting:
            yield
            _await(waiting, min(DEADLINE_S, self._trial.call_timeout_s))
            left = sorted(waiting.values())
            _end(waiting)
        if left:
            raise Breach(f"the end of the session {name}", "the end of all that ran in it", f"still running: {left}")

    def kill(self) -> None:
        """End the server, and see that it and all that ran in it are gone."""
        told = self.run("display-message", "-p", "#{pid}")
        if told and told[0].isdigit():
            with _watched(_descendants(int(told[0]))) as waiting:
                self.run("kill-server")
                _await(waiting, END_S)
                _end(waiting)

    def _run(self, words: tuple[str, ...], env: Mapping[str, str]) -> tuple[int, list[str]]:
        done = subprocess.run(
            # In a locale without UTF-8 it would print `_` for a tab, and for each letter beyond ASCII.
            [self._program, "-u", *words],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE_S,
            check=False,
        )
        lines = [line for line in done.stdout.decode("utf-8", "replace").split("\n") if line]
        return done.returncode, lines if done.returncode == 0 else []


@contextlib.contextmanager
def tmux_server(trial: Trial) -> Iterator[TmuxTrial]:
    """Give the trial's manager a socket directory in which no server runs yet; none is left at the end.

    :raises CouldNotRun: where there is no tmux, or no way to see its processes end
    """
    world = trial.environment
    program = shutil.which("tmux", path=world.env.get("PATH"))
    if program is None:
        raise CouldNotRun("tmux is not installed (Debian package tmux): there is no `tmux` on PATH")
    if not hasattr(os, "pidfd_open"):
        raise CouldNotRun("the end of a tmux server's processes cannot be awaited: no pidfd_open() on this system")
    directory = trial.root / "tmp" / "tmux"
    if len(os.fsencode(directory)) > LONGEST_SOCKET - len("/tmux-65534/default"):
        directory = Path(tempfile.mkdtemp(prefix="tmux-", dir="/tmp"))
    directory.mkdir(mode=0o700, exist_ok=True)
    trial.restart(world.with_env(TMUX_TMPDIR=str(directory), TMUX=None, TMUX_PANE=None))
    server = TmuxTrial(trial, program, trial.environment.env)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _watched(pids: list[int]) -> Iterator[dict[int, int]]:
    """Descriptors of processes that run; each tells when its process has ended."""
    with contextlib.ExitStack() as opened:
        waiting: dict[int, int] = {}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                opened.callback(os.close, descriptor)
                waiting[descriptor] = pid
        yield waiting


def _end(waiting: dict[int, int]) -> None:
    for descriptor in waiting:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    _await(waiting, END_S)


def _await(waiting: dict[int, int], seconds: float) -> None:
    """Wait for processes by their descriptors, and take out and reap those that have ended."""
    deadline = time.monotonic() + seconds
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor in select.select(list(waiting), [], [], left)[0]:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(waiting[descriptor], os.WNOHANG)
            del waiting[descriptor]


def _descendants(root: int) -> list[int]:
    """A process and all that descend from it, the root last: it is to go with its own word."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(process.name))
    found, new = [root], [root]
    while new:
        new = [child for pid in new for child in children.get(pid, ())]
        found += new
    return found[::-1]
