"""What tried to leave the machine, and the failure that names it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .loopback import split_authority


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt to reach a host outside this machine; it was refused.

    :param host: name or address.
    :param port: port, service name, or None where a lookup named none.
    :param process: `test` (this process) or `child` (a process that the test started).
    :param how: `connect`, `send`, `lookup`, `proxy METHOD` or `requests METHOD`.
    :param where: the line of the test process or the program of the child, when it could be found.
    """

    host: str
    port: int | str | None
    process: Literal["test", "child"]
    how: str
    where: str | None = None

    @property
    def address(self) -> str:
        """host:port, as the failure names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        return f"{self.address}, {self.how} by the {self.process} process{where}"


class LeftTheMachine(AssertionError):
    """Something other than the fake Messages API was asked for and would have left the machine.

    :param escapes: every attempt, in order.
    """

    def __init__(self, escapes: Iterable[Escape]) -> None:
        self.escapes = tuple(escapes)
        counts: dict[str, int] = {}
        for escape in self.escapes:
            counts[str(escape)] = counts.get(str(escape), 0) + 1
        told = "; ".join(line if n == 1 else f"{line}, {n} times" for line, n in counts.items())
        super().__init__(f"would have left the machine: {told}. Answer it locally, or name it in allow=.")


class EscapeLog:
    """The attempts so far; written by server threads, audit hooks and `responses` alike.

    :param tolerate: hosts or `host:port`s that a child may ask for in vain without failing the test.
    """

    def __init__(self, tolerate: Iterable[str] = ()) -> None:
        self._tolerate = {split_authority(entry) for entry in tolerate}
        self._lock = threading.Lock()
        self._escapes: list[Escape] = []
        self._tolerated: list[Escape] = []

    def add(self, escape: Escape) -> None:
        """Record one attempt."""
        places = {(escape.host, None), (escape.host, escape.port)}
        tolerated = escape.process == "child" and not self._tolerate.isdisjoint(places)
        with self._lock:
            (self._tolerated if tolerated else self._escapes).append(escape)

    def clear(self) -> None:
        """Forget all attempts."""
        with self._lock:
            self._escapes.clear()
            self._tolerated.clear()

    @property
    def tolerated(self) -> list[Escape]:
        """A copy of the children's attempts that do not fail the test, in order; they were refused all the same."""
        with self._lock:
            return list(self._tolerated)

    @property
    def escapes(self) -> list[Escape]:
        """A copy of the attempts, in order."""
        with self._lock:
            return list(self._escapes)

    def assert_empty(self) -> None:
        """:raises LeftTheMachine: naming every attempt, when there was one."""
        escapes = self.escapes
        if escapes:
            raise LeftTheMachine(escapes)
