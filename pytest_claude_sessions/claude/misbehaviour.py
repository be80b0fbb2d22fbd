"""The points of a start at which a script step can make it wait, hang or end.

"start": nothing printed or written yet. "init": the init frame is out, nothing is written. "turn": what the release
writes before the model answers is on disk. "end": all is written, the result frame is not out.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .now import Clock
    from .session import Session

POLL_S = 0.002
GATE_LIMIT_S = 120.0
HANG_LIMIT_S = 600.0


class Crash(Exception):
    """The program ends here, as a script step says.

    :ivar status: exit status.
    :ivar stderr: what it prints first.
    :ivar outcome: for the journal.
    """

    def __init__(self, status: int, stderr: str = "", outcome: str = "crashed") -> None:
        super().__init__(stderr or f"exit {status}")
        self.status = status
        self.stderr = stderr
        self.outcome = outcome


class Misbehaviour:
    """The steps that this start took from the script.

    :param steps: by name.
    :param directory: CLAUDE_FAKE_DIR.
    :param pause: called while waiting, so that signals and control requests are heard; given the seconds to wait.
    """

    def __init__(self, steps: Mapping[str, Mapping[str, Any]], directory: str | None) -> None:
        self.steps = steps
        self._directory = directory or ""
        self.pause: Callable[[float], None] = time.sleep

    def __contains__(self, name: str) -> bool:
        return name in self.steps

    def option(self, name: str, option: str, default: Any = None) -> Any:
        """An option of a step that was taken; the default when the step does not say."""
        value = self.steps[name].get(option)
        return default if value is None else value

    def at(self, point: str) -> None:
        """Do what the steps say for this point.

        :raises Crash: when the program is to end here.
        """
        if not self.steps:
            return
        if point == "start" and "slow_start" in self:
            self._wait(float(self.option("slow_start", "seconds", 1)))
        if "hold" in self and self.option("hold", "at", "turn") == point:
            self._hold(self.option("hold", "gate", "gate"))
        if "hang" in self and self.option("hang", "at", "turn") == point:
            self._hang()
        if "crash" in self and self.option("crash", "at", "turn") == point:
            self._crash()

    def cut_short(self, session: Session, line: str, clock: Clock) -> None:
        """Write half of a record's line, as a process does that dies or finds the disk full, and end.

        :raises Crash: always.
        """
        half = line.encode()[: len(line.encode()) // 2]
        if session.writes:
            with open(session.path, "ab") as file:
                file.write(half)
            clock.stamp(session.path)
        if "disk_full" in self:
            raise Crash(1, "Error: ENOSPC: no space left on device, write\n", "io_error")
        raise Crash(1)

    def _hold(self, gate: str) -> None:
        gates = os.path.join(self._directory, "gates")
        os.makedirs(gates, exist_ok=True)
        with open(os.path.join(gates, f"{gate}.reached.{os.getpid()}"), "w", encoding="utf-8"):
            pass
        opened = os.path.join(gates, gate + ".open")
        deadline = time.monotonic() + GATE_LIMIT_S
        while not os.path.exists(opened):
            if time.monotonic() > deadline:
                raise Crash(1, f"fake claude: nobody opened the gate {gate!r} in {GATE_LIMIT_S:g} s\n")
            self.pause(POLL_S)

    def _hang(self) -> None:
        if self.option("hang", "ignore_term", False):
            import signal

            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        if self.option("hang", "child", False):
            self._leave_child()
        self.stay()

    def stay(self) -> None:
        """Do nothing more until a signal comes, and say so by a file beside the gates.

        :raises Crash: when none has come for very long.
        """
        if self._directory:
            reached = os.path.join(self._directory, "gates")
            os.makedirs(reached, exist_ok=True)
            with open(os.path.join(reached, f"hang.reached.{os.getpid()}"), "w", encoding="utf-8"):
                pass
        self._wait(HANG_LIMIT_S)
        raise Crash(1, "fake claude: hung until its own limit\n")

    def _leave_child(self) -> None:
        children = os.path.join(self._directory, "children")
        os.makedirs(children, exist_ok=True)
        pid = os.fork()
        if pid == 0:
            try:
                time.sleep(HANG_LIMIT_S)
            finally:
                os._exit(0)
        with open(os.path.join(children, str(pid)), "w", encoding="utf-8"):
            pass

    def _crash(self) -> None:
        number = self.option("crash", "signal")
        if number is not None:
            import signal

            if self.option("crash", "stderr"):
                os.write(2, self.option("crash", "stderr").encode())
            kind = signal.Signals[f"SIG{number.removeprefix('SIG')}"]
            if kind != signal.SIGKILL:
                signal.signal(kind, signal.SIG_DFL)
            os.kill(os.getpid(), kind)
        raise Crash(int(self.option("crash", "exit", 1)), str(self.option("crash", "stderr", "")))

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.pause(min(left, 0.05))
