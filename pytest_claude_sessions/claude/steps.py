"""The steps of the script by name. For the test's own process: nothing of the fake imports it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from .recording import Recording
from .starts import Start

Point = Literal["start", "init", "turn", "end"]
Report = Literal["stderr", "errors", "both", "silent"]
Names = Literal["requested", "fresh"]


class GateNotReached(AssertionError):
    """No start of claude came to a gate in time."""

    def __init__(self, name: str, timeout_s: float, starts: Sequence[Start]) -> None:
        seen = "; ".join(f"pid {start.pid}: {start.outcome}" for start in starts) or "none"
        super().__init__(
            f"no claude reached the gate {name!r} within {timeout_s:g} s. Starts so far: {seen}. "
            "Was the manager called, and does the step's `when` fit that start?"
        )


class Gate:
    """A place in a start where the fake waits until the test lets it go on.

    :param steps: whose starts wait.
    :param name: the gate's name.
    """

    def __init__(self, steps: Steps, name: str) -> None:
        self._steps = steps
        self.name = name

    @property
    def reached(self) -> tuple[int, ...]:
        """Process ids of the starts that came here, the first one first."""
        found = (self._steps.directory / "gates").glob(f"{self.name}.reached.*")
        return tuple(int(path.suffix[1:]) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns))

    def wait_reached(self, timeout_s: float = 60, count: int = 1) -> tuple[int, ...]:
        """Wait until that many starts have come here; gives their process ids.

        :raises GateNotReached: when they do not come in `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while len(pids := self.reached) < count:
            if time.monotonic() > deadline:
                raise GateNotReached(self.name, timeout_s, self._steps.starts)
            time.sleep(0.002)
        return pids

    def open(self) -> None:
        """Let every start go on that waits here or will come here."""
        gates = self._steps.directory / "gates"
        gates.mkdir(exist_ok=True)
        (gates / f"{self.name}.open").touch()


class Steps:
    """Named methods that append to a script.

    Every one takes `times` (how many starts do it, None for every one) and `when` (which starts: None for any,
    "fresh", "resume", "continue", "session_id", "id:UUID", "cwd:PATH" or "prompt:TEXT").

    :ivar directory: CLAUDE_FAKE_DIR.
    """

    directory: Path
    _gates = 0

    @property
    def starts(self) -> list[Start]:
        """Every start so far, the first one first."""
        raise NotImplementedError

    def script(self, *steps: Mapping[str, Any]) -> None:
        """Append steps to the script, in the form of `script.json`."""
        raise NotImplementedError

    def dead_id(
        self,
        *,
        report: Report | None = None,
        names: Names | None = None,
        init: bool | None = None,
        exit: int = 1,
        times: int | None = 1,
        when: str | None = "resume",
    ) -> None:
        """Answer "No conversation found".

        :param report: where it says so; None as the release does.
        :param names: which id its frames bear; None as the release does.
        :param init: print an init frame first.
        :param exit: exit status.
        """
        self._do("dead_id", times, when, report=report, names=names, init=init, exit=exit)

    def ephemeral_init(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The init frame names an id that is never written; the others name the real one."""
        self._do("ephemeral_init", times, when)

    def ephemeral_hook(self, *, times: int | None = 1, when: str | None = None) -> None:
        """Hook frames with an id that is never written come before the init frame and after the result."""
        self._do("ephemeral_hook", times, when)

    def ephemeral_all(self, *, times: int | None = 1, when: str | None = None) -> None:
        """No frame names the id of the transcript."""
        self._do("ephemeral_all", times, when)

    def no_transcript(self, *, times: int | None = 1, when: str | None = None) -> None:
        """Answer, and write no transcript."""
        self._do("no_transcript", times, when)

    def new_id_on_resume(self, *, times: int | None = 1, when: str | None = "resume") -> None:
        """Give the resumed conversation a new id, with its history copied into a new transcript."""
        self._do("new_id_on_resume", times, when)

    def reset(self, *, times: int | None = 1, when: str | None = None) -> None:
        """Replace the conversation inside the turn: a new id, a new transcript."""
        self._do("reset", times, when)

    def usage_limit(
        self, *, resets_at: datetime | float | None = None, times: int | None = 1, when: str | None = None
    ) -> None:
        """The request fails with a usage limit.

        :param resets_at: when it ends (epoch seconds or an aware datetime), None when the API does not say.
        """
        seconds = resets_at.timestamp() if isinstance(resets_at, datetime) else resets_at
        self._do("usage_limit", times, when, resets_at=seconds)

    def auth_failure(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The request fails because of the authentication."""
        self._do("auth_failure", times, when)

    def overloaded(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The request fails because the API is overloaded."""
        self._do("overloaded", times, when)

    def server_error(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The request fails with a server error."""
        self._do("server_error", times, when)

    def cut_connection(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The connection to the API is cut before an answer begins."""
        self._do("cut_connection", times, when)

    def cut_stream(self, *, times: int | None = 1, when: str | None = None) -> None:
        """The connection to the API is cut in the middle of an answer."""
        self._do("cut_stream", times, when)

    def crash(
        self,
        *,
        at: Point = "turn",
        exit: int = 1,
        signal: str | None = None,
        stderr: str = "",
        times: int | None = 1,
        when: str | None = None,
    ) -> None:
        """End before the turn is over.

        :param at: "start" nothing printed or written, "init" nothing written, "turn" the prompt is written, "end" all
            is written and only the result frame missing.
        :param signal: end by this signal ("KILL", "SEGV") instead of an exit status.
        :param stderr: printed first.
        """
        self._do("crash", times, when, at=at, exit=exit, signal=signal, stderr=stderr)

    def hang(
        self,
        *,
        at: Point = "turn",
        child: bool = False,
        ignore_term: bool = False,
        times: int | None = 1,
        when: str | None = None,
    ) -> Gate:
        """Never answer.

        :param child: leave a sleeping child in the same process group as well (`children` has its process id).
        :param ignore_term: do not listen to SIGTERM, SIGINT and SIGHUP.
        :returns: A gate that tells when it is reached; opening it changes nothing.
        """
        self._do("hang", times, when, at=at, child=child, ignore_term=ignore_term)
        return Gate(self, "hang")

    @property
    def children(self) -> tuple[int, ...]:
        """Process ids of the children that hanging starts left."""
        return tuple(sorted(int(path.name) for path in (self.directory / "children").glob("*")))

    def slow_start(self, seconds: float, *, times: int | None = 1, when: str | None = None) -> None:
        """Wait that many seconds before anything else."""
        self._do("slow_start", times, when, seconds=seconds)

    def hold(self, *, at: Point = "turn", times: int | None = 1, when: str | None = None, also: bool = False) -> Gate:
        """Wait at a point until the gate is opened."""
        self._gates += 1
        gate = Gate(self, f"gate{self._gates}")
        self._do("hold", times, when, at=at, gate=gate.name, also=also)
        return gate

    def torn_write(self, *, times: int | None = 1, when: str | None = None) -> None:
        """Write half of the answer's record and end with status 1."""
        self._do("torn_write", times, when)

    def disk_full(self, *, times: int | None = 1, when: str | None = None) -> None:
        """Write half of the answer's record, complain about a full disk and end with status 1."""
        self._do("disk_full", times, when)

    def background_agent(self, *, times: int | None = 1, when: str | None = "resume") -> None:
        """Refuse the id because a background agent holds it."""
        self._do("background_agent", times, when)

    def noise(
        self,
        *,
        stdout: Sequence[str] = (),
        stderr: Sequence[str] = (),
        times: int | None = 1,
        when: str | None = None,
        also: bool = True,
    ) -> None:
        """Print lines that are no frames, besides whatever else the start does."""
        self._do("noise", times, when, stdout=list(stdout), stderr=list(stderr), also=also)

    def cold_resume(self, *, times: int | None = 1, when: str | None = "resume") -> None:
        """Accept a resume and answer without the earlier turns, under the same id."""
        self._do("cold_resume", times, when)

    def reply(self, text: str, *, times: int | None = 1, when: str | None = None, also: bool = False) -> None:
        """Answer with this text."""
        self._do("reply", times, when, text=text, also=also)

    def play(self, recording: str | Path, *, times: int | None = 1, when: str | None = None) -> None:
        """Do what a recording of the real program tells, turn by turn, and go on as ever when it is over.

        Frames name this start's own session id and directories; its conversation is on disk, and can be resumed.

        :param recording: a file of `claude_stream.record`.
        :raises BadRecording: when it is none.
        """
        path = str(Path(recording).absolute())
        Recording.read(path)
        self._do("play", times, when, path=path)

    def uses_tool(
        self,
        tool: str = "Bash",
        input: Mapping[str, Any] | None = None,
        *,
        result: str | list[dict[str, Any]] = "",
        is_error: bool = False,
        times: int | None = 1,
        when: str | None = None,
        also: bool = True,
    ) -> None:
        """Use a tool before the answer of the first turn, besides whatever else the start does.

        The host's PreToolUse and PostToolUse hooks are called, its permission is asked for where it wants to be
        asked, and a tool `mcp__SERVER__TOOL` of a server that the host runs itself is really called.

        :param tool: what the model asks for.
        :param input: what the model asks for.
        :param result: what the tool gives back; nothing else of it is done.
        :param is_error: whether that is an error.
        """
        self._do(
            "uses_tool", times, when, tool=tool, input=dict(input or {}), result=result, is_error=is_error, also=also
        )

    def error(
        self,
        *,
        stderr: str | None = None,
        errors: Sequence[str] | None = None,
        text: str | None = None,
        is_error: bool = True,
        subtype: str = "error_during_execution",
        exit: int = 1,
        at: Literal["start", "turn"] = "start",
        times: int | None = 1,
        when: str | None = None,
    ) -> None:
        """Fail with texts of the test's own.

        :param stderr: a line on stderr.
        :param errors: the result frame's `errors`.
        :param text: the result frame's `result`.
        :param is_error: the result frame's.
        :param subtype: the result frame's.
        :param exit: exit status.
        :param at: "start" before an init frame, "turn" with the prompt written.
        """
        self._do(
            "error",
            times,
            when,
            stderr=stderr,
            errors=None if errors is None else list(errors),
            text=text,
            is_error=is_error,
            subtype=subtype,
            exit=exit,
            at=at,
        )

    def _do(self, name: str, times: int | None, when: str | None, **options: Any) -> None:
        self.script({"do": name, "times": times, "when": when, **options})
