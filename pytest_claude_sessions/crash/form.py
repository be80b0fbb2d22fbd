"""The two forms of an interruption: a manager is started, asked, and stopped at a point; what came of it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from ..door import Door, Misconduct, Refusal
from ..door.child import Child
from ..door.inprocess import InProcessDoor
from ..door.protocol import METHODS, PROTOCOL, REFUSED, instant_text, to_wire
from ..environment import Environment, as_json
from .point import Change, Point, Watched
from .ptrace import check_machine
from .tracer import command_prefix

SLOWER = 4.0
"""How much longer a manager may take that is watched."""

Request = tuple[str, Mapping[str, Any]]
"""A method with its arguments."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request that was answered.

    :param refusal: the kind, None where it was no refusal
    :param misconduct: what no manager may do, None where it did not
    """

    value: Any = None
    refusal: str | None = None
    misconduct: str | None = None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """What a manager did until its end.

    :param changes: in order, the interrupted one last; of a run that was watched alone all of them
    :param replies: those that were given, the start's first
    """

    changes: tuple[Change, ...]
    replies: tuple[Reply, ...]

    def reached(self, point: Point) -> bool:
        """Whether it came to the point."""
        return len(self.changes) >= point.number


class Form(Protocol):
    """A way to interrupt managers of one subject."""

    name: str

    def run(self, environment: Environment, requests: Sequence[Request], watched: Watched) -> Interrupted:
        """Start a manager, ask it, and let it end, or have it interrupted at the point."""

    def close(self) -> None:
        """Let go of what it holds."""


def form_for(door: Door, timeout_s: float) -> Form:
    """The form for a subject: forks for a Python factory, else its process is traced.

    :param timeout_s: seconds that a call may take
    :raises NoTracing: where the machine does not allow it
    """
    if isinstance(door, InProcessDoor) and door.named:
        return Forked(door, timeout_s)
    check_machine()
    return Traced(door, timeout_s)


class Traced:
    """The manager's process, and those that it starts, followed by ptrace."""

    name = "traced"

    def __init__(self, door: Door, timeout_s: float) -> None:
        self._door, self._timeout_s = door, timeout_s * SLOWER

    def run(self, environment: Environment, requests: Sequence[Request], watched: Watched) -> Interrupted:
        """Start a manager, ask it, and let it end, or have it interrupted at the point."""
        handle, report = tempfile.mkstemp(prefix="claude-crash-")
        os.close(handle)
        try:
            replies = self._asked(environment, requests, command_prefix(watched, report))
            lines = Path(report).read_text("utf-8").splitlines()
        finally:
            os.unlink(report)
        return Interrupted(tuple(Change(*json.loads(line)) for line in lines), tuple(replies))

    def _asked(self, environment: Environment, requests: Sequence[Request], prefix: Sequence[str]) -> list[Reply]:
        try:
            session = self._door.open_process(environment, prefix=prefix)
        except Refusal as refusal:
            return [Reply(refusal=refusal.kind)]
        except Misconduct as misconduct:
            return [Reply(misconduct=str(misconduct))]
        replies = [Reply()]
        try:
            for method, arguments in requests:
                try:
                    replies.append(Reply(session.call(method, arguments, self._timeout_s)))
                except Refusal as refusal:
                    replies.append(Reply(refusal=refusal.kind))
            session.close()
        except Misconduct as misconduct:
            replies.append(Reply(misconduct=str(misconduct)))
        finally:
            session.kill()
        return replies

    def close(self) -> None:
        """It holds nothing."""


class Forked:
    """A process with the factory imported, from which a manager is forked each time."""

    name = "in-process"

    def __init__(self, door: InProcessDoor, timeout_s: float) -> None:
        self._door, self._timeout_s = door, timeout_s
        self._stem: Child | None = None
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()

    def run(self, environment: Environment, requests: Sequence[Request], watched: Watched) -> Interrupted:
        """Start a manager, ask it, and let it end, or have it interrupted at the point."""
        world = {"protocol": PROTOCOL, "environment": as_json(environment)}
        now = instant_text(datetime.now(UTC))
        asked = [
            {"id": number, "method": method, "params": {**to_wire(dict(arguments)), "now": now}}
            for number, (method, arguments) in enumerate([("initialize", world), *requests])
        ]
        task = {"watched": watched.as_json(), "requests": asked, "timeout_s": self._timeout_s}
        said = self._told(json.dumps(task).encode() + b"\n")
        changes = tuple(Change(*what) for kind, what in said if kind == "change")
        replies = [
            _reply(method, what)
            for method, what in zip(
                ["initialize", *(method for method, _ in requests)],
                [what for kind, what in said if kind == "answer"],
                strict=False,
            )
        ]
        replies += [Reply(misconduct=f"no answer after {what:g} s") for kind, what in said if kind == "hung"]
        return Interrupted(changes, tuple(replies))

    def _told(self, task: bytes) -> list[tuple[str, Any]]:
        if self._stem is None:
            self._stem = self._door.child("pytest_claude_sessions.crash.stem")
            self._stem.read_lines(self._deliver, lambda breach: self._lines.put(None))
        self._stem.write(task, self._timeout_s)
        try:
            line = self._lines.get(timeout=self._timeout_s * SLOWER)
        except Empty:
            line = None
        if line is None:
            raise RuntimeError(self._stem.told("the process that managers are forked from ended, or hangs"))
        said: list[tuple[str, Any]] = [(kind, what) for kind, what in json.loads(line)["said"]]
        return said

    def _deliver(self, line: bytes) -> str:
        self._lines.put(line)
        return ""

    def close(self) -> None:
        """End that process."""
        if self._stem is not None:
            self._stem.end_input()
            self._stem.ends_within(self._timeout_s)
            self._stem.kill()
            self._stem = None


def _reply(method: str, answer: Mapping[str, Any]) -> Reply:
    error = answer.get("error")
    if error is None:
        return Reply() if method == "initialize" else Reply(METHODS[method].answer(answer["result"]))
    if error["code"] == REFUSED:
        return Reply(refusal=error["data"]["kind"])
    return Reply(misconduct=error["message"])
