from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.api import ApiRequest, mask

SECRET = "sk-ant-api03-0123456789abcdef"


def parsed(body: Any = None, **headers: str) -> ApiRequest:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ApiRequest.parse("POST", "/v1/messages?beta=true", pairs, b"" if body is None else json.dumps(body).encode())


def test_the_wire_is_taken_apart() -> None:
    messages = [{"role": "user", "content": "hi"}]
    request = parsed({"model": "m", "stream": True, "messages": messages}, Content_Type="application/json")
    assert (request.method, request.path, request.query) == ("POST", "/v1/messages", "beta=true")
    assert (request.model, request.stream, request.messages) == ("m", True, messages)
    assert request.headers["content-type"] == "application/json"
    assert request.size > 0
    assert str(request) == "POST /v1/messages of 1 messages"


def test_it_cannot_be_changed() -> None:
    request = parsed({})
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.method = "GET"  # type: ignore[misc]  # what is frozen is written to on purpose
    with pytest.raises(TypeError):
        request.headers["x"] = "y"  # type: ignore[index]  # what is frozen is written to on purpose


@pytest.mark.parametrize("name", ["X-Api-Key", "Authorization", "Cookie", "Proxy-Authorization", "x-auth-token"])
def test_secret_headers_are_masked(name: str) -> None:
    request = ApiRequest.parse("POST", "/", [(name, SECRET)], b"")
    assert request.headers[name.lower()] == "***cdef"


def test_a_bearer_token_is_masked_behind_its_scheme() -> None:
    request = parsed(Authorization=f"Bearer {SECRET}")
    assert request.headers["authorization"] == "Bearer ***cdef"
    assert request.api_key_masked == mask(SECRET)


def test_secrets_in_the_query_are_masked() -> None:
    assert ApiRequest.parse("GET", f"/x?api_key={SECRET}&beta=true", [], b"").query == "api_key=***cdef&beta=true"


def test_no_key_is_none_and_a_short_one_is_hidden_whole() -> None:
    assert parsed().api_key_masked is None
    assert parsed(X_Api_Key="abc").api_key_masked == "***"


@pytest.mark.parametrize(
    ("headers", "user", "expected"),
    [
        ({"X_Claude_Code_Session_Id": "5f3e0a52-0f8c-4f0e-9c11-000000000001"}, None, "1"),
        ({}, '{"device_id":"d","account_uuid":"","session_id":"5f3e0a52-0f8c-4f0e-9c11-000000000002"}', "2"),
        ({}, "user_abc_account__session_5f3e0a52-0f8c-4f0e-9c11-000000000003", "3"),
        ({}, "someone", None),
        ({}, None, None),
    ],
)
def test_the_session_is_found_as_the_releases_send_it(
    headers: dict[str, str], user: str | None, expected: str | None
) -> None:
    found = parsed({"metadata": {"user_id": user}}, **headers).session_id
    assert found == (expected and f"5f3e0a52-0f8c-4f0e-9c11-00000000000{expected}")


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        ([{"role": "user", "content": "plain"}], "plain"),
        ([{"role": "user", "content": [{"type": "text", "text": "reminder"}, {"type": "text", "text": "p"}]}], "p"),
        ([{"role": "user", "content": "p"}, {"role": "system", "content": "# Environment"}], "p"),
        ([{"role": "user", "content": [{"type": "tool_result", "content": "x"}]}], ""),
        ([], ""),
        (["no message"], ""),
    ],
)
def test_the_prompt_is_the_last_text_of_the_user(messages: list[Any], prompt: str) -> None:
    assert parsed({"messages": messages}).prompt == prompt


@given(
    raw=st.binary()
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(lambda v: json.dumps(v).encode()),
    headers=st.lists(st.tuples(st.text(), st.text())),
    target=st.text(),
)
def test_no_request_is_too_odd_to_be_recorded(raw: bytes, headers: list[tuple[str, str]], target: str) -> None:
    request = ApiRequest.parse("POST", target, headers, raw)
    assert request.size == len(raw)
    assert isinstance(request.messages, list)
    assert isinstance(request.prompt, str)
    assert isinstance(str(request), str)
    assert request.session_id is None or isinstance(request.session_id, str)


@given(secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12))
def test_no_more_than_four_characters_of_a_secret_are_kept(secret: str) -> None:
    for value in (secret, f"Bearer {secret}"):
        kept = ApiRequest.parse("GET", "/", [("authorization", value)], b"").headers["authorization"]
        assert kept.endswith("***" + secret[-4:])
        assert secret not in kept
