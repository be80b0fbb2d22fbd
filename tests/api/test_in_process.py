from __future__ import annotations

import builtins
import socket
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.api import AnswerFailed, InvalidInput, LeftTheMachine, MessagesApi, MissingPackage

requests = pytest.importorskip("requests")
pytest.importorskip("responses")

URL = "https://api.anthropic.com/v1/messages"


def ask(url: str = URL, stream: bool = False, **options: Any) -> Any:
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hé"}]}
    return requests.post(url, json=body, headers={"X-Api-Key": "sk-ant-0123456789"}, **options)


def test_the_same_queue_is_served_without_a_server() -> None:
    api = MessagesApi().reply("one").overloaded()
    with api.in_process():
        assert ask().json()["content"][0]["text"] == "one"
        overloaded = ask()
        assert (overloaded.status_code, overloaded.json()["error"]["type"]) == (529, "overloaded_error")
        assert overloaded.headers["X-Should-Retry"] == "false"
        assert ask().json()["content"][0]["text"] == "reply to 1 messages"
    assert [request.prompt for request in api.turns] == ["hé"] * 3
    assert {request.api_key_masked for request in api.turns} == {"***6789"}


def test_a_stream_is_read_line_by_line(events_of: Callable[[bytes], list[tuple[str, Any]]]) -> None:
    with MessagesApi().reply("é☃").in_process():
        response = ask(stream=True)
        assert response.headers["Content-Type"].startswith("text/event-stream")
        told = events_of(b"\n".join(response.iter_lines(delimiter=b"\n")))
    assert told[2][1]["delta"]["text"] == "é☃"


def test_other_routes_of_the_api() -> None:
    api = MessagesApi()
    with api.in_process():
        assert requests.head("https://api.anthropic.com").status_code == 200
        assert "input_tokens" in requests.post(f"{URL}/count_tokens?beta=true", json={"messages": []}).json()
        assert requests.post("https://api.anthropic.com/api/x", data="text").json() == {}
    assert [str(request) for request in api.requests] == [
        "HEAD /",
        "POST /v1/messages/count_tokens",
        "POST /api/x",
    ]


def test_another_base_url() -> None:
    with MessagesApi().in_process("http://gateway.invalid:8080/anthropic/"):
        assert ask("http://gateway.invalid:8080/anthropic/v1/messages").status_code == 200
        with pytest.raises(LeftTheMachine):
            ask("http://gateway.invalid:8080/other")
        with pytest.raises(LeftTheMachine):
            ask("http://gateway.invalid:8080/anthropicx/v1/messages")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_anything_else_fails_by_name(method: str) -> None:
    api = MessagesApi()
    with api.in_process():
        with pytest.raises(LeftTheMachine, match=r"outside\.invalid:8443, requests"):
            requests.request(method, "https://user:pass@outside.invalid:8443/x")
        with pytest.raises(LeftTheMachine):
            requests.request(method, "https://api.anthropic.com.outside.invalid/v1/messages")
    assert [escape.host for escape in api.escapes] == ["outside.invalid", "api.anthropic.com.outside.invalid"]
    with pytest.raises(LeftTheMachine) as caught:
        api.assert_nothing_left()
    assert len(caught.value.escapes) == 2
    assert "pass" not in str(caught.value)


def test_loopback_is_let_through(api: MessagesApi) -> None:
    with api.in_process(), requests.Session() as session:
        session.trust_env = False
        assert session.post(f"{api.url}/v1/other").json() == {}
    assert [str(request) for request in api.requests] == ["POST /v1/other"]


def test_a_cut_before_the_answer_is_a_connection_error() -> None:
    with MessagesApi().cut_connection().in_process(), pytest.raises(requests.ConnectionError, match="cut before"):
        ask()


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_in_the_body_is_a_broken_body(stream: bool) -> None:
    with (
        MessagesApi().cut_connection(after_events=2).in_process(),
        pytest.raises(requests.exceptions.ChunkedEncodingError),
    ):
        ask(stream=stream)


def test_what_came_before_the_cut_can_be_read() -> None:
    with MessagesApi().cut_connection(after_events=2).in_process():
        response = requests.post(URL, json={"model": "m", "stream": True, "messages": [1]}, stream=True)
        came: list[bytes] = []
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            came.extend(response.iter_content(16))
    assert b"".join(came).count(b"event: ") == 2


@pytest.mark.parametrize("timeout", [0.001, (5, 0.001)])
def test_an_answer_that_is_slower_than_the_clients_time_out(timeout: Any) -> None:
    api = MessagesApi()
    api.slow(60)
    with api.in_process(), pytest.raises(requests.ReadTimeout):
        ask(timeout=timeout)


def test_a_client_without_a_time_out_waits() -> None:
    api = MessagesApi()
    api.slow(0.1, content="late")
    with api.in_process():
        assert ask().json()["content"][0]["text"] == "late"


def test_an_open_gate_lets_the_answer_through() -> None:
    api = MessagesApi()
    gate = api.slow(content="late")
    gate.open()
    with api.in_process():
        assert ask().json()["content"][0]["text"] == "late"
    assert gate.reached == 1


def test_a_function_that_raised_fails_at_the_end() -> None:
    api = MessagesApi().reply_with(lambda request: 1 / 0)  # type: ignore[arg-type,return-value]  # it raises before it returns anything
    with pytest.raises(AnswerFailed, match="ZeroDivisionError"), api.in_process():
        assert ask().status_code == 500


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesApi().in_process():
        monkeypatch.setattr(socket, "socket", None)
        assert ask().status_code == 200


def test_requests_is_itself_again_afterwards() -> None:
    send = requests.adapters.HTTPAdapter.send
    with MessagesApi().in_process():
        assert requests.adapters.HTTPAdapter.send is not send
    assert requests.adapters.HTTPAdapter.send is send


@pytest.mark.parametrize("url", ["", "api.anthropic.com", "ftp://x", "https://"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="base_url is an http or https URL"), MessagesApi().in_process(url):
        pass


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "responses":
            raise ModuleNotFoundError("No module named 'responses'", name="responses")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackage) as caught, MessagesApi().in_process():
        pass
    assert str(caught.value) == "MessagesApi.in_process() needs the package responses: pip install responses"
