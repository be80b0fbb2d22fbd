"""What the tests of the fake Messages API share: a started server and a client that hides nothing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_claude_sessions.api import MessagesApi


@dataclass(frozen=True)
class Response:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection."""

    def __init__(self, api: MessagesApi) -> None:
        host, _, port = api.url.removeprefix("http://").partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)

    def request(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        self.connection.request(method, target, body=body, headers=headers or {})
        answer = self.connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, answer.reason, told, answer.read())

    def ask(self, *texts: str, stream: bool = False, **extra: Any) -> Response:
        roles = ("user", "assistant")
        messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts or ("hello",))]
        body = {"model": "claude-test", "max_tokens": 10, "stream": stream, "messages": messages, **extra}
        return self.request("POST", "/v1/messages?beta=true", json.dumps(body).encode())

    def text(self, *texts: str) -> str:
        return "".join(block["text"] for block in self.ask(*texts).json["content"])

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with MessagesApi() as started:
        yield started


@pytest.fixture
def make_client() -> Iterator[Callable[[MessagesApi], Client]]:
    made: list[Client] = []

    def make(api: MessagesApi) -> Client:
        made.append(Client(api))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(api: MessagesApi, make_client: Callable[[MessagesApi], Client]) -> Client:
    return make_client(api)


@pytest.fixture
def events_of() -> Callable[[bytes], list[tuple[str, Any]]]:
    """Reads server-sent events strictly: one name and one line of data each, a blank line after."""

    def read(body: bytes) -> list[tuple[str, Any]]:
        *whole, rest = body.split(b"\n\n")
        assert rest == b"", f"the stream ends inside an event: {rest!r}"
        told = []
        for event in whole:
            name, data = event.split(b"\n")
            assert name.startswith(b"event: ")
            assert data.startswith(b"data: ")
            told.append((name[7:].decode(), json.loads(data[6:].decode())))
        return told

    return read
