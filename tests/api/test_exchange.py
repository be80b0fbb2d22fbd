from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.api import Answer, ApiRequest
from pytest_claude_sessions.api.answer import STATUSES
from pytest_claude_sessions.api.answers import Answers
from pytest_claude_sessions.api.exchange import Exchange, Outgoing

Events = Callable[[bytes], list[tuple[str, Any]]]


def request(stream: bool = False, messages: int = 3, path: str = "/v1/messages") -> ApiRequest:
    sent = [{"role": "user", "content": "x"}] * messages
    return ApiRequest("POST", path, body={"model": "claude-test", "stream": stream, "messages": sent})


def body_of(outgoing: Outgoing) -> Any:
    return json.loads(b"".join(outgoing.chunks))


def test_the_default_says_how_many_messages_it_got() -> None:
    told = body_of(Exchange(Answers().take).answer(request(messages=5)))
    assert told["content"] == [{"type": "text", "text": "reply to 5 messages"}]
    assert (told["model"], told["role"], told["stop_reason"]) == ("claude-test", "assistant", "end_turn")


def test_message_ids_are_never_repeated_not_even_by_another_server() -> None:
    exchanges = [Exchange(Answers().take), Exchange(Answers().take)]
    ids = [body_of(exchange.answer(request()))["id"] for exchange in exchanges for _ in range(3)]
    assert len(set(ids)) == 6
    assert all(identity.startswith("msg_") for identity in ids)


@pytest.mark.parametrize("status", STATUSES)
def test_every_error_has_its_status_type_and_request_id(status: int) -> None:
    outgoing = Exchange(Answers().error(status, "told").take).answer(request(stream=True))
    told = body_of(outgoing)
    assert (outgoing.status, outgoing.reason, outgoing.stream) == (status, STATUSES[status][0], False)
    assert told["error"] == {"type": STATUSES[status][1], "message": "told"}
    assert told["type"] == "error"
    assert told["request_id"] == dict(outgoing.headers)["request-id"]


def test_a_stream_breaks_off_with_an_error_event(events_of: Events) -> None:
    outgoing = Exchange(Answers().overloaded(after_events=2).take).answer(request(stream=True))
    told = events_of(b"".join(outgoing.chunks))
    assert [name for name, _ in told] == ["message_start", "content_block_start", "error"]
    assert told[-1][1]["error"]["type"] == "overloaded_error"
    assert outgoing.status == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "the request body is not valid JSON"),
        ([], "the request body is not valid JSON"),
        ({"messages": [1]}, "model: Field required"),
        ({"model": "m", "messages": []}, "messages: at least one message is required"),
        ({"model": "m", "messages": "hi"}, "messages: at least one message is required"),
    ],
)
def test_a_request_that_the_api_would_refuse_is_refused_and_takes_no_answer(body: Any, told: str) -> None:
    answers = Answers().reply("kept")
    outgoing = Exchange(answers.take).answer(ApiRequest("POST", "/v1/messages", body=body))
    assert outgoing.status == 400
    assert body_of(outgoing)["error"] == {"type": "invalid_request_error", "message": told}
    assert answers.pending == ("reply 'kept' (1 times)",)


def test_counting_tokens_takes_no_answer() -> None:
    answers = Answers().unauthorized()
    exchange = Exchange(answers.take)
    counted = body_of(exchange.answer(request(path="/v1/messages/count_tokens")))
    assert list(counted) == ["input_tokens"]
    usage = body_of(Exchange(Answers().take).answer(request()))["usage"]
    assert usage["input_tokens"] == counted["input_tokens"] > 0
    assert len(answers.pending) == 1


@pytest.mark.parametrize(("method", "body"), [("GET", b"{}"), ("POST", b"{}"), ("HEAD", b"")])
def test_anything_else_is_200(method: str, body: bytes) -> None:
    outgoing = Exchange(Answers().unauthorized().take).answer(ApiRequest(method, "/api/event_logging/batch"))
    assert (outgoing.status, b"".join(outgoing.chunks)) == (200, body)


def test_a_function_makes_the_reply_of_the_request() -> None:
    answers = Answers().reply_with(lambda asked: f"{asked.model} got {len(asked.messages)}")
    assert body_of(Exchange(answers.take).answer(request()))["content"][0]["text"] == "claude-test got 3"


def test_a_function_may_choose_an_answer() -> None:
    answers = Answers().reply_with(lambda asked: Answer("inner", reply=lambda again: "chosen"))
    assert body_of(Exchange(answers.take).answer(request()))["content"][0]["text"] == "chosen"


def test_a_function_that_raises_is_answered_500_and_told_once() -> None:
    def broken(asked: ApiRequest) -> str:
        raise LookupError("no such reply")

    exchange = Exchange(Answers().reply_with(broken).take)
    outgoing = exchange.answer(request())
    assert outgoing.status == 500
    assert "LookupError: no such reply" in body_of(outgoing)["error"]["message"]
    assert [(told, type(error)) for told, error in exchange.take_failures()] == [
        ("POST /v1/messages of 3 messages", LookupError)
    ]
    assert exchange.take_failures() == []


def test_answers_that_lead_nowhere_end() -> None:
    loop = Answer("loop", reply=lambda asked: loop)
    exchange = Exchange(Answers().add(loop).take)
    assert exchange.answer(request()).status == 500
    assert "without end" in str(exchange.take_failures()[0][1])


def test_tool_uses_have_ids_of_their_own() -> None:
    exchange = Exchange(Answers().tool_use("Bash", {"command": "ls"}, text="first", times=2).take)
    first, second = (body_of(exchange.answer(request())) for _ in range(2))
    assert [block["type"] for block in first["content"]] == ["text", "tool_use"]
    assert first["stop_reason"] == "tool_use"
    assert first["content"][1]["input"] == {"command": "ls"}
    assert first["content"][1]["id"] != second["content"][1]["id"]


@pytest.mark.parametrize(("after", "sent"), [(0, 0), (1, 1), (4, 4), (99, 6)])
def test_a_cut_stream_ends_after_its_events(after: int, sent: int) -> None:
    outgoing = Exchange(Answers().cut_connection(after).take).answer(request(stream=True))
    assert (outgoing.cut, len(outgoing.chunks)) == (True, sent)


def test_a_cut_answer_without_a_stream_stops_half_way() -> None:
    outgoing = Exchange(Answers().cut_connection(1).take).answer(request())
    assert 0 < len(outgoing.chunks[0]) < outgoing.length
