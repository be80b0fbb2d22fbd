"""The two doors to a manager: in this process, or a child that speaks JSON-RPC over stdin and stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..environment import Environment


class Refusal(Exception):
    """The manager refused, with a kind of the closed list."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.kind}: {self.args[0]}"


class Misconduct(Exception):
    """The manager did what no manager may: it raised something else, hung, crashed, or broke the protocol."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the manager says that it is."""

    name: str
    version: str
    language: str
    capabilities: frozenset[str]
    options: Mapping[str, Any]


class Session(Protocol):
    """A manager that is running, behind either door."""

    identity: Identity

    def call(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        """Call a method by its name in SPEC 4.

        :raises Refusal: the manager refused
        :raises Misconduct: it did anything else than answer
        """

    def close(self) -> None:
        """Let it go, as at the end of its process."""

    def kill(self) -> None:
        """End it as SIGKILL does, where it has a process of its own."""


class Door(Protocol):
    """Starts managers of one subject."""

    @property
    def why_the_clock_stands(self) -> str:
        """Why a frozen clock does not reach the manager; empty when it does."""

    def open(self, environment: Environment) -> Session:
        """Start a manager; again with the same environment is a restart.

        :raises Refusal: it refused to start
        :raises Misconduct: it could not be started, or broke the protocol
        """

    def open_process(
        self,
        environment: Environment,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        *,
        prefix: Sequence[str] = (),
    ) -> Session:
        """Start one in a process of its own, next to others.

        :param variables: what its own environment holds besides
        :param cwd: where it is started, None for where this process is
        :param prefix: a command that runs the one that it is given, such as `env`
        :raises NoProcess: when the subject cannot be started in another process
        """

    @property
    def own_processes(self) -> frozenset[int]:
        """Process ids of what the door itself keeps running, for no manager yet."""

    def close(self) -> None:
        """Let go of what the door itself holds; managers are closed by those who opened them."""


class NoProcess(Exception):
    """The subject cannot be started in a process of its own; the reason says why."""
