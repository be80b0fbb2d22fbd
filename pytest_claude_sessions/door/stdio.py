"""The stdio door: a long-lived child that speaks JSON-RPC 2.0, one message a line (SPEC 5)."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..environment import Environment, as_json
from . import Door, Identity, Misconduct, Refusal, Session
from .child import Child, WriteTimeout
from .faketime import FakeTime
from .protocol import METHODS, PROTOCOL, REFUSED, instant_text, to_wire
from .schema import wrong_with
from .spare import Spares

START_TIMEOUT_S = 30.0
GRACE_S = 5.0
CLOCKS = ("injected", "faketime", "none")
"""How a driver may take the time; one that says nothing is `none`."""


def _now() -> datetime:
    return datetime.now(UTC)


class StdioSession:
    """One driver process.

    :param child: the process
    :param environment: handed to it by `initialize`
    :param faketime: holds its clock, None when it takes the time from its requests or from the machine
    :raises Refusal: it refused to start
    :raises Misconduct: it broke the protocol
    """

    def __init__(self, child: Child, environment: Environment, faketime: FakeTime | None = None) -> None:
        self._child = child
        self._faketime = faketime
        self._lock = threading.Lock()
        self._last_id = 0
        self._waiting: dict[int, SimpleQueue[dict[str, Any] | str]] = {}
        self._given_up: set[int] = set()
        self._breach = ""
        self._charged = False
        self._closing = self._killed = False
        child.read_lines(self._deliver, self._fail)
        try:
            world = {"protocol": PROTOCOL, "environment": as_json(environment)}
            answer = self._request("initialize", world, START_TIMEOUT_S)
        except BaseException:
            self.kill()
            raise
        self.identity = Identity(
            name=answer["name"],
            version=answer.get("version", ""),
            language=answer.get("language", ""),
            capabilities=frozenset(answer["capabilities"]),
            options=answer.get("options", {}),
        )

    def call(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        """Send a request and wait for its answer; requests of several threads overlap."""
        answer = self._request(method, arguments, timeout_s)
        try:
            return METHODS[method].answer(answer)
        except Exception as error:
            raise Misconduct(f"{method} answered {answer!r:.200}: {error}") from error

    def close(self) -> None:
        """Ask for the end, and see to it.

        :raises Misconduct: when it does not end in order, or broke the protocol and no call was told
        """
        try:
            if self._killed or self._given_up or (self._breach and self._charged):
                return  # charged already, and nothing can be asked of this driver any more
            if not self._breach:
                self._request("shutdown", {}, GRACE_S)
            self._child.end_input()
            ended = self._child.ends_within(GRACE_S)
            if self._breach or not ended:
                raise self._misconduct(self._breach or f"the driver did not end within {GRACE_S:g} s of its shutdown")
        except Refusal as refusal:
            raise Misconduct(f"shutdown was refused: {refusal}") from refusal
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, to the driver alone: what it started is left as a crash leaves it."""
        self._killed = self._closing = True
        self._child.kill()

    @property
    def pid(self) -> int:
        """The driver's process id."""
        return self._child.pid

    def _request(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        inbox: SimpleQueue[dict[str, Any] | str] = SimpleQueue()
        if self._faketime is not None:
            self._faketime.follow()
        params = {**to_wire(dict(arguments)), "now": instant_text(_now())}
        with self._lock:
            self._last_id += 1
            number = self._last_id
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            wrong = wrong_with(message, method, "request")
            if wrong:
                raise ValueError(f"the suite's own request is not what the schema allows: {wrong}")
            self._waiting[number] = inbox
            if self._breach:
                raise self._misconduct(self._breach)
            self._closing = method == "shutdown"
            try:
                self._child.write(json.dumps(message, separators=(",", ":")).encode() + b"\n", timeout_s)
            except WriteTimeout:
                self._breach = f"the driver does not read its stdin: {method} could not be sent in {timeout_s:g} s"
                raise self._misconduct(self._breach) from None
            except OSError as error:
                self._child.ends_within(GRACE_S)
                raise self._misconduct(f"the driver is gone: {method} could not be sent ({error})") from error
        try:
            reply = inbox.get(timeout=timeout_s)
        except Empty:
            self._given_up.add(number)
            raise self._misconduct(f"{method} hung: no answer after {timeout_s:g} s") from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, str):
            raise self._misconduct(f"{method}: {reply}")
        wrong = wrong_with(reply, method, "answer")
        if wrong:
            raise self._misconduct(f"{method}: {wrong}\nthe driver answered: {json.dumps(reply):.400}")
        if "error" in reply:
            raise _refusal(method, reply["error"])
        return reply["result"]

    def _deliver(self, line: bytes) -> str:
        """Hand an answer to who waits for it; what is wrong with the line, if anything is."""
        try:
            message = json.loads(line.decode(), parse_constant=_no_number)
        except UnicodeDecodeError:
            return f"stdout held what is no UTF-8: {line[:200]!r}"
        except (ValueError, RecursionError):
            return f"stdout held what is no JSON message: {line[:200]!r}"
        number = message.get("id") if isinstance(message, dict) else None
        if type(number) is not int:
            return f"stdout held what is no answer to a request: {line[:200]!r}"
        inbox = self._waiting.pop(number, None)
        if inbox is not None:
            inbox.put(message)
        elif number in self._given_up:
            self._given_up.discard(number)  # late: the call that it hung on was charged
        elif 0 < number <= self._last_id:
            return f"a second answer to request {number}: {line[:200]!r}"
        else:
            return f"an answer to request {number}, which was never made: {line[:200]!r}"
        return ""

    def _fail(self, breach: str) -> None:
        # The end after a shutdown is what was asked for.
        if not (self._closing and breach == "the driver ended"):
            self._breach = self._breach or breach
        for inbox in list(self._waiting.values()):
            inbox.put(breach)

    def _misconduct(self, breach: str) -> Misconduct:
        self._charged = True
        return Misconduct(self._child.told(breach))


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _refusal(method: str, error: Mapping[str, Any]) -> Exception:
    if error["code"] == REFUSED:
        return Refusal(error["data"]["kind"], error["message"])
    return Misconduct(f"{method} answered the error {error['code']}: {error['message']}")


@dataclass(frozen=True, slots=True)
class StdioDoor(Door):
    """Opens managers that are driven over stdin and stdout.

    :param argv: the driver's command
    :param faketime: holds the driver's clock, None when it does not ask for that or the machine cannot
    :param clock: one of :data:`CLOCKS`, as the driver declared it
    """

    argv: tuple[str, ...]
    clock: str = "none"
    faketime: FakeTime | None = None
    spares: Spares = field(default_factory=Spares)

    def with_clock(self, clock: str) -> StdioDoor:
        """The same door to a driver that declared how it takes the time."""
        return replace(self, clock=clock, faketime=FakeTime.make() if clock == "faketime" else None)

    @property
    def why_the_clock_stands(self) -> str:
        """Why a frozen clock does not reach the driver; empty when it does."""
        if self.clock == "injected" or self.faketime is not None:
            return ""
        if self.clock == "faketime":
            return "it declares options.clock = 'faketime', and libfaketime is not here: install the package faketime"
        return "it declares neither options.clock = 'injected' nor 'faketime'"

    def open(self, environment: Environment) -> Session:
        """Start the driver, or take one that was started ahead of need."""
        env = self._env({})
        child = self.spares.take(self.argv, env) or Child(self.argv, env)
        session = StdioSession(child, environment, self.faketime)
        self.spares.start(self.argv, env)
        return session

    def open_process(
        self,
        environment: Environment,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        *,
        prefix: Sequence[str] = (),
    ) -> Session:
        """Start another one; elsewhere, the words of its command that name files name the same ones."""
        argv = self.argv if cwd is None else [_absolute(word, number) for number, word in enumerate(self.argv)]
        return StdioSession(Child([*prefix, *argv], self._env(variables or {}), cwd), environment, self.faketime)

    @property
    def own_processes(self) -> frozenset[int]:
        """Those that were started ahead of need."""
        return self.spares.pids

    def close(self) -> None:
        """End what was started ahead of need."""
        self.spares.close()
        if self.faketime is not None:
            self.faketime.close()

    def _env(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        # The running test's name changes from test to test: no driver's business, and no spare would ever match.
        own = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return {**own, **(self.faketime.env if self.faketime else {}), **variables}


def _absolute(word: str, number: int) -> str:
    # The program's own name is looked up on PATH unless it holds a slash.
    path = Path(word)
    return str(path.absolute()) if path.is_file() and (number or "/" in word) else word
