from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.api import AnswerFailed, ApiRequest, LeftTheMachine, MessagesApi, NotStarted


def broken(request: ApiRequest) -> str:
    raise LookupError("no such reply")


def test_starting_and_stopping_twice_is_fine(make_client: Callable[[MessagesApi], Any]) -> None:
    api = MessagesApi()
    url = api.start().url
    assert api.start().url == url
    assert make_client(api).text() == "reply to 1 messages"
    api.stop()
    api.stop()
    with pytest.raises(NotStarted, match="url"):
        _ = api.url
    with api:
        assert make_client(api).text() == "reply to 1 messages"
    assert len(api.requests) == 2, "what was asked can be read after the end"


def test_a_stopped_server_is_gone() -> None:
    with MessagesApi() as api:
        port = int(api.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_servers_are_apart(make_client: Callable[[MessagesApi], Any]) -> None:
    with MessagesApi() as one, MessagesApi() as two:
        one.reply("one")
        assert make_client(two).text() == "reply to 1 messages"
        assert make_client(one).text() == "one"
        assert (len(one.requests), len(two.requests)) == (1, 1)
        assert one.url != two.url


def test_a_function_that_raised_fails_at_the_end(make_client: Callable[[MessagesApi], Any]) -> None:
    api = MessagesApi().start().reply_with(broken)
    assert make_client(api).ask().status == 500
    with pytest.raises(AnswerFailed, match="POST /v1/messages of 1 messages: LookupError: no such reply") as caught:
        api.stop()
    assert isinstance(caught.value.__cause__, LookupError)
    api.stop()


def test_the_tests_own_failure_goes_first(make_client: Callable[[MessagesApi], Any]) -> None:
    with pytest.raises(ZeroDivisionError), MessagesApi().reply_with(broken) as api:
        1 / (make_client(api).ask().status - 500)


def test_a_predicate_that_raised_fails_too(make_client: Callable[[MessagesApi], Any]) -> None:
    api = MessagesApi().reply("x", when=broken)  # type: ignore[arg-type]  # what is given is wrong on purpose
    with pytest.raises(AnswerFailed, match="LookupError"), api:
        make_client(api).ask()


def test_nothing_left_says_nothing(api: MessagesApi, client: Any) -> None:
    client.ask()
    api.assert_nothing_left()
    assert api.escapes == []


def test_clear_forgets(api: MessagesApi, client: Any) -> None:
    api.reply("a").unauthorized(times=None)
    client.ask()
    with pytest.raises(LeftTheMachine):
        socket.getaddrinfo("outside.invalid", 1)
    api.clear()
    assert (api.requests, api.escapes, api.pending) == ([], [], ())
    api.assert_nothing_left()


def test_what_is_handed_out_cannot_be_spoilt(api: MessagesApi, client: Any) -> None:
    client.ask()
    api.requests.clear()
    assert len(api.requests) == 1
