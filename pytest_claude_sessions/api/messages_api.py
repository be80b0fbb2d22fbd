"""The fake Messages API as a test uses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .answers import Answers
from .child_environment import Auth, child_environment
from .errors import AnswerFailed, NotStarted
from .escape import Escape, EscapeLog
from .exchange import Exchange
from .loopback import checked_hosts
from .network import NetworkGuard
from .request import ApiRequest

if TYPE_CHECKING:
    from .server import LoopbackServer


class MessagesApi(Answers):
    """The Messages API on a loopback port, with a queue of answers and a record of what was asked.

    Without an answer in the queue it says `reply to N messages`. While it runs, nothing in this process
    reaches another machine, and children that were given :attr:`env` are refused by their proxy; both are in
    :attr:`escapes`.

    :param guard: whether the network of this process is guarded while the server runs.
    :param allow: hosts (`db`, `10.1.2.3`) or `host:port`s that may be reached all the same.
    :param tolerate: hosts or `host:port`s that children are refused without failing the test; :data:`HOME_CALLS`
        for real releases that cannot be kept from asking.
    :raises InvalidInput: when an allowed host is empty or a URL.
    """

    def __init__(self, *, guard: bool = True, allow: Iterable[str] = (), tolerate: Iterable[str] = ()) -> None:
        super().__init__()
        self._allow = checked_hosts("allow", allow)
        self._log = EscapeLog(checked_hosts("tolerate", tolerate))
        self._exchange = Exchange(self.take)
        self._guard = NetworkGuard(allow=self._allow, log=self._log) if guard else None
        self._server: LoopbackServer | None = None

    def start(self) -> Self:
        """Open the port and turn the guard on; started already is fine."""
        if self._server is None:
            from .server import LoopbackServer

            self._server = LoopbackServer(self._exchange, self._log)
            if self._guard is not None:
                self._guard.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection, give up held answers, turn the guard off; again is fine.

        :raises AnswerFailed: when a function given to reply_with() or as `when` raised.
        """
        server, self._server = self._server, None
        if server is None:
            return
        self.abandon_gates()
        try:
            server.stop()
        finally:
            if self._guard is not None:
                self._guard.stop()
        self._raise_failures()

    def _raise_failures(self) -> None:
        failures = self._exchange.take_failures()
        if failures:
            raise AnswerFailed(failures) from failures[0][1]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except AnswerFailed:
            # What the test itself failed with says more.
            if error is None:
                raise

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, for ANTHROPIC_BASE_URL.

        :raises NotStarted: before start() and after stop().
        """
        if self._server is None:
            raise NotStarted("url")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def env(self) -> dict[str, str]:
        """The variables for a child, with a made-up API key; see :meth:`environment`."""
        return self.environment()

    def environment(self, *, auth: Auth = "api_key", max_retries: int | None = None) -> dict[str, str]:
        """The variables that point a child at this server and at nothing else, on top of its PATH and HOME.

        :param auth: sign in with a made-up key (`api_key`) or token (`oauth`, which reads usage limits).
        :param max_retries: CLAUDE_CODE_MAX_RETRIES; None leaves it out.
        :raises InvalidInput: on another auth or a negative number.
        :raises NotStarted: before start() and after stop().
        """
        return child_environment(self.url, auth=auth, max_retries=max_retries, allow=self._allow)

    @property
    def requests(self) -> list[ApiRequest]:
        """Every request so far, in order, over the port and in the process."""
        return self._exchange.requests

    @property
    def turns(self) -> list[ApiRequest]:
        """The requests for a message (POST /v1/messages) among them."""
        return [
            request
            for request in self.requests
            if request.method == "POST" and request.path.rstrip("/").endswith("/v1/messages")
        ]

    def clear(self) -> Self:
        """Forget answers, requests and escapes."""
        self._exchange.clear()
        self._log.clear()
        return self.clear_answers()

    @contextmanager
    def in_process(self, base_url: str = "https://api.anthropic.com") -> Iterator[Any]:
        """Serve the same answers to code in this process that uses requests, through `responses`.

        Loopback is let through; anything else that is requested raises :class:`LeftTheMachine` and is
        recorded. The server need not be started.

        :param base_url: where the code under test thinks the API is.
        :return: a context manager; it gives the `responses.RequestsMock`.
        :raises InvalidInput: when base_url is no http or https URL.
        :raises MissingPackage: when `responses` is not installed.
        :raises AnswerFailed: at the end, when a function given to reply_with() or as `when` raised.
        """
        from .in_process import serve_in_process

        with serve_in_process(self._exchange, self._log, base_url) as mock:
            yield mock
        self._raise_failures()

    @property
    def escapes(self) -> list[Escape]:
        """What tried to leave the machine, from this process and from children, in order."""
        return self._log.escapes

    @property
    def tolerated(self) -> list[Escape]:
        """What children asked of hosts in `tolerate`, and were refused, in order."""
        return self._log.tolerated

    def assert_nothing_left(self) -> None:
        """:raises LeftTheMachine: naming every attempt to leave the machine, swallowed errors included."""
        self._log.assert_empty()
