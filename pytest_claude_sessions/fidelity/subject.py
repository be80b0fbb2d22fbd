"""Who plays: the fake, or a real program. Both are started in the same way and take the same wishes about the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from ..api import MessagesApi
from ..cli import ClaudeCli

Kind = Literal["fake", "real"]
Failure = Literal["usage_limit", "auth_failure", "overloaded", "server_error", "cut_connection", "cut_stream"]


class Held(Protocol):
    """Answers of the API that wait."""

    def wait(self, count: int = 1) -> None:
        """Wait until so many requests for a turn have come."""

    def open(self) -> None:
        """Let them be answered."""


class Subject(Protocol):
    """A program to start.

    :ivar kind: which one
    :ivar release: its version
    """

    kind: Kind
    release: str

    @property
    def argv(self) -> Sequence[str]:
        """What it is started with, before the arguments."""

    @property
    def env(self) -> Mapping[str, str]:
        """Variables that it alone needs."""

    def fail(self, failure: Failure, resets_at: datetime | None = None) -> None:
        """Every request for a turn fails from now on."""

    def hold(self, prompt: str, streamed: bool) -> Held:
        """Requests with this prompt wait from now on.

        :param streamed: the prompt comes over stdin, where the fake does not know it when it starts
        """

    def clear(self) -> None:
        """Forget every wish."""


class FakeHold:
    """The fake's turn, held."""

    def __init__(self, cli: ClaudeCli, prompt: str | None) -> None:
        self._gate = cli.hold(at="turn", times=None, when=None if prompt is None else f"prompt:{prompt}")

    def wait(self, count: int = 1) -> None:
        self._gate.wait_reached(30, count)

    def open(self) -> None:
        self._gate.open()


class Fake:
    """The fake as one release.

    :param cli: its handle
    :param kind: whose place it takes
    """

    def __init__(self, cli: ClaudeCli, kind: Kind = "fake") -> None:
        self._cli = cli
        self.kind: Kind = kind
        self.release = cli.release.version

    @property
    def argv(self) -> Sequence[str]:
        return [str(self._cli.path)]

    @property
    def env(self) -> Mapping[str, str]:
        return {}

    def fail(self, failure: Failure, resets_at: datetime | None = None) -> None:
        options = {} if resets_at is None else {"resets_at": resets_at.timestamp()}
        self._cli.script({"do": failure, "times": None, **options})

    def hold(self, prompt: str, streamed: bool) -> Held:
        return FakeHold(self._cli, None if streamed else prompt)

    def clear(self) -> None:
        self._cli.clear_script()
        self._cli.clear_journal()


class RealHold:
    """The API's answers to a prompt, held."""

    def __init__(self, api: MessagesApi, prompt: str) -> None:
        self._gate = api.slow(times=None, when=lambda request: request.prompt.strip().endswith(prompt))

    def wait(self, count: int = 1) -> None:
        self._gate.wait_reached(60, count)

    def open(self) -> None:
        self._gate.open()


class Real:
    """A real program.

    :param argv: what it is started with
    :param release: its version
    :param api: the loopback API that answers it
    """

    kind: Kind = "real"

    def __init__(self, argv: Sequence[str], release: str, api: MessagesApi) -> None:
        self.argv = argv
        self.release = release
        self.env: Mapping[str, str] = {}
        self._api = api

    def fail(self, failure: Failure, resets_at: datetime | None = None) -> None:
        api = self._api
        if failure == "usage_limit":
            api.rate_limited(resets_at, times=None)
        elif failure == "auth_failure":
            api.unauthorized(times=None)
        elif failure == "overloaded":
            api.overloaded(times=None)
        elif failure == "server_error":
            api.server_error(times=None)
        else:
            api.cut_connection(0 if failure == "cut_connection" else 3, times=None)

    def hold(self, prompt: str, streamed: bool) -> Held:
        return RealHold(self._api, prompt)

    def clear(self) -> None:
        self._api.abandon_gates()
        self._api.clear()
