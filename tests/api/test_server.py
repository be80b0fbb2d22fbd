from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_sessions.api import Answer, AnswerFailed, LeftTheMachine, MessagesApi

Events = Callable[[bytes], list[tuple[str, Any]]]


def raw(api: MessagesApi, sent: bytes) -> bytes:
    """What comes back until the server closes."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_one_connection_carries_many_requests(api: MessagesApi, client: Any) -> None:
    assert client.text("a") == "reply to 1 messages"
    assert client.text("a", "b", "c") == "reply to 3 messages"
    assert client.ask(stream=True).status == 200
    assert client.request("HEAD", "/").body == b""
    assert client.request("POST", "/api/other", b"no json").json == {}
    assert client.request("GET", "/v1/models").json == {}
    assert [str(request) for request in api.requests] == [
        "POST /v1/messages of 1 messages",
        "POST /v1/messages of 3 messages",
        "POST /v1/messages of 1 messages",
        "HEAD /",
        "POST /api/other",
        "GET /v1/models",
    ]
    assert [len(turn.messages) for turn in api.turns] == [1, 3, 1]


def test_a_stream_comes_event_by_event(api: MessagesApi, client: Any, events_of: Events) -> None:
    response = client.ask(stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["transfer-encoding"] == "chunked"
    told = events_of(response.body)
    assert told[2][1]["delta"] == {"type": "text_delta", "text": "reply to 1 messages"}


@settings(max_examples=30)
@given(texts=st.lists(st.text(st.characters()), min_size=1, max_size=3), stream=st.booleans())
def test_texts_arrive_as_they_were_given(texts: list[str], stream: bool) -> None:
    with MessagesApi() as api:
        host, _, port = api.url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        for text in texts:
            api.reply(text, pieces=3)
            asked = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
            connection.request("POST", "/v1/messages", json.dumps(asked))
            body = connection.getresponse().read()
            if stream:
                data = [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]
                got = "".join(event["delta"]["text"] for event in data if event["type"] == "content_block_delta")
            else:
                got = json.loads(body)["content"][0]["text"]
            assert got == text
        connection.close()
        assert [request.prompt for request in api.requests] == texts


def test_an_error_has_its_status_line_and_headers(api: MessagesApi, client: Any) -> None:
    api.overloaded().error(429, headers={"x-extra": "1"})
    response = client.ask(stream=True)
    assert (response.status, response.reason) == (529, "Overloaded")
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["request-id"].startswith("req_")
    assert client.ask().headers["x-extra"] == "1"


def test_a_chunked_request_body_is_read(api: MessagesApi) -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hé"}]}).encode()
    chunks = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in (body[:7], body[7:]))
    received = raw(
        api,
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        + chunks
        + b"0\r\nTrailer: 1\r\n\r\n",
    )
    assert b"reply to 1 messages" in received
    assert api.requests[0].prompt == "hé"


@pytest.mark.parametrize("header", ["Content-Length: x", "Transfer-Encoding: chunked"])
def test_a_body_of_unreadable_length_is_a_bad_request(api: MessagesApi, header: str) -> None:
    received = raw(api, f"POST /v1/messages HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\nzz\r\n".encode())
    assert received.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("reset", [True, False])
def test_a_connection_is_cut_before_the_status_line(api: MessagesApi, client: Any, stream: bool, reset: bool) -> None:
    api.cut_connection(reset=reset)
    expected = ConnectionResetError if reset else http.client.RemoteDisconnected
    with pytest.raises(expected) as caught:
        client.ask(stream=stream)
    assert type(caught.value) is expected
    client.close()
    assert client.text() == "reply to 1 messages", "the next connection is served"


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_stream_is_cut_after_whole_events(api: MessagesApi, client: Any, events_of: Events, after: int) -> None:
    api.cut_connection(after_events=after)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.ask(stream=True)
    assert len(events_of(caught.value.partial)) == after


def test_an_answer_without_a_stream_is_cut_in_the_body(api: MessagesApi, client: Any) -> None:
    api.cut_connection(after_events=1)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.ask()
    assert caught.value.expected


def test_a_held_answer_waits_for_its_gate_and_others_pass(
    api: MessagesApi, client: Any, make_client: Callable[[MessagesApi], Any]
) -> None:
    gate = api.slow(content="late")
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(client.text("held")))
    thread.start()
    gate.wait_reached()
    assert make_client(api).text("quick") == "reply to 1 messages"
    assert results == []
    gate.open()
    thread.join(30)
    assert results == ["late"]


def test_a_stream_is_held_in_the_middle(api: MessagesApi) -> None:
    gate = api.slow(after_events=2)
    host, _, port = api.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    connection.request("POST", "/v1/messages", json.dumps(asked))
    response = connection.getresponse()
    gate.wait_reached()
    begun = response.read1()
    while begun.count(b"\n\n") < 2:
        begun += response.read1()
    assert begun.count(b"event: ") == 2
    gate.open()
    assert b"message_stop" in response.read()
    connection.close()


def test_stopping_ends_held_answers_and_idle_connections(make_client: Callable[[MessagesApi], Any]) -> None:
    before = set(threading.enumerate())
    api = MessagesApi().start()
    idle, waiting = make_client(api), make_client(api)
    assert idle.text() == "reply to 1 messages"
    gate, errors = api.slow(), []

    def ask() -> None:
        try:
            waiting.ask()
        except (OSError, http.client.HTTPException) as error:
            errors.append(type(error))

    thread = threading.Thread(target=ask)
    thread.start()
    gate.wait_reached()
    api.stop()
    thread.join(30)
    assert errors
    assert set(threading.enumerate()) == before
    assert idle.connection.sock.recv(1) == b""


def test_many_at_once(api: MessagesApi, make_client: Callable[[MessagesApi], Any]) -> None:
    api.reply("once", times=7)
    results: list[str] = []
    clients = [make_client(api) for _ in range(16)]
    threads = [threading.Thread(target=lambda c=client: results.append(c.text())) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["once"] * 7 + ["reply to 1 messages"] * 9
    assert len(api.turns) == 16


def test_an_answer_that_cannot_be_sent_fails_at_the_end(make_client: Callable[[MessagesApi], Any]) -> None:
    api = MessagesApi().start().add(Answer("odd", headers={"x-odd": "☃"}))
    with pytest.raises(http.client.RemoteDisconnected):
        make_client(api).ask()
    with pytest.raises(AnswerFailed, match="UnicodeEncodeError"):
        api.stop()


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"no request at all\r\n\r\n"])
def test_what_is_no_request_disturbs_nothing(api: MessagesApi, client: Any, junk: bytes) -> None:
    raw(api, junk)
    assert client.text() == "reply to 1 messages"
    assert len(api.requests) == 1


def test_nagles_algorithm_is_off(api: MessagesApi, client: Any) -> None:
    client.ask()
    assert api._server is not None
    (connection,) = api._server._sockets
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


class TestProxy:
    @pytest.mark.parametrize(
        ("line", "address", "how"),
        [
            ("CONNECT Example.COM:443", "example.com:443", "proxy CONNECT"),
            ("CONNECT [2001:db8::1]:8443", "[2001:db8::1]:8443", "proxy CONNECT"),
            ("GET http://example.com/path?api_key=hidden", "example.com:80", "proxy GET"),
            ("GET https://user:hidden@example.com/", "example.com:443", "proxy GET"),
            ("PROPFIND http://example.com:8080/", "example.com:8080", "proxy PROPFIND"),
        ],
    )
    def test_what_is_meant_for_elsewhere_is_refused_and_recorded(
        self, api: MessagesApi, line: str, address: str, how: str
    ) -> None:
        received = raw(api, f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert received.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert f"refused, it would leave the machine: {address}".encode() in received
        (escape,) = api.escapes
        assert (escape.address, escape.how) == (address, how)
        assert api.requests == []
        with pytest.raises(LeftTheMachine, match="would have left the machine") as caught:
            api.assert_nothing_left()
        assert address in str(caught.value)
        assert "hidden" not in str(caught.value)

    def test_a_client_that_takes_the_proxy_to_this_server_is_served(self, api: MessagesApi, client: Any) -> None:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]}).encode()
        assert client.request("POST", f"{api.url}/v1/messages?beta=true", body).status == 200
        assert (api.turns[0].path, api.turns[0].query, api.escapes) == ("/v1/messages", "beta=true", [])

    def test_a_tunnel_to_this_server_is_served(self, api: MessagesApi) -> None:
        """Release 1.0.0 does not know NO_PROXY."""
        place = api.url.removeprefix("http://")
        host, _, port = place.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        connection.set_tunnel(host, int(port))
        connection.request("POST", "/v1/messages", b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')
        assert b"reply to 1 messages" in connection.getresponse().read()
        connection.close()
        assert (len(api.turns), api.escapes) == (1, [])

    def test_another_port_of_this_machine_is_refused_but_nothing_left(self, api: MessagesApi) -> None:
        received = raw(api, b"CONNECT localhost:1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"connect to it directly (NO_PROXY)" in received
        assert api.escapes == []

    def test_tolerated_hosts_are_refused_without_failing(self) -> None:
        with MessagesApi(tolerate=["example.com:443", "example.org"]) as api:
            for place in ("example.com:443", "example.org:1", "example.com:444"):
                assert raw(api, f"CONNECT {place} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).startswith(b"HTTP/1.1 403")
            told = {escape.address: escape.process for escape in (*api.tolerated, *api.escapes)}
        # This very process asked, which is never tolerated, where it can be told from a child.
        expected = 0 if set(told.values()) == {"test"} else 2
        assert len(api.tolerated) == expected
        assert len(api.escapes) == 3 - expected
