"""Reading what Claude said: which id, which failure, and what only looks like one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.reference.answer import Answer

ID, OTHER = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
WORDS = f"No conversation found with session ID: {ID}"


def answer(*frames: dict[str, Any], stderr: str = "", exit_status: int | None = 0) -> Answer:
    return Answer.of("\n".join(map(json.dumps, frames)).encode(), stderr.encode(), exit_status)


def result(**fields: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "is_error": False, "session_id": ID, "result": "text", **fields}


ASSISTANT = {"type": "assistant", "session_id": ID}


@pytest.mark.parametrize(
    "said",
    [
        answer(stderr=WORDS + "\n", exit_status=1),
        answer(result(is_error=True, subtype="error_during_execution", errors=[WORDS]), exit_status=1),
        answer(result(is_error=True, errors=["other", WORDS]), stderr=WORDS, exit_status=1),
        answer(stderr="warning: slow disk\n" + WORDS, exit_status=0),
    ],
)
def test_not_found_is_seen_wherever_it_stands(said: Answer) -> None:
    assert said.is_not_found(ID)
    assert not said.is_not_found(OTHER)
    assert not said.ok


@pytest.mark.parametrize(
    "said",
    [
        answer(ASSISTANT, result(result=WORDS)),
        answer(ASSISTANT, result(), stderr=WORDS),
        answer(result(errors=[WORDS])),
        answer(stderr=f"hook said: {WORDS}", exit_status=1),
        answer(stderr="No conversation found to continue", exit_status=1),
    ],
)
def test_same_words_elsewhere_are_not_it(said: Answer) -> None:
    assert not said.is_not_found(ID)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(exit_status=None), "timeout"),
        (answer(result(is_error=True, api_error_status=429)), "rate_limited"),
        (answer({"type": "assistant", "error": "rate_limit"}, result(is_error=True)), "rate_limited"),
        (answer(result(is_error=True, result="Spending cap reached resets 6:16am")), "rate_limited"),
        (answer(result(is_error=True, api_error_status=401)), "auth"),
        (answer(result(is_error=True, result="Invalid API key · Please run /login")), "auth"),
        (answer(result(is_error=True, result="API Error: 529 overloaded")), "claude_failed"),
        (answer(stderr=f"Session {ID} is currently running as a background agent (bg).", exit_status=1), "busy"),
        (answer(exit_status=1), "claude_failed"),
    ],
)
def test_failures_have_kinds(said: Answer, kind: str) -> None:
    assert not said.ok
    assert said.failure == kind


def test_ids_come_likeliest_first_without_those_of_hooks() -> None:
    said = answer(
        {"type": "system", "subtype": "hook_started", "session_id": "hook"},
        {"type": "system", "subtype": "init", "session_id": "init"},
        {"type": "assistant", "session_id": ID},
        result(),
        {"type": "system", "subtype": "hook_response", "session_id": "hook"},
    )
    assert said.session_ids() == [ID, "init"]


def test_ids_before_a_reset_are_history() -> None:
    reset = {"type": "conversation_reset", "session_id": "old", "new_conversation_id": "opaque"}
    said = answer({"type": "system", "subtype": "init", "session_id": "old"}, reset, ASSISTANT, result())
    assert said.was_reset
    assert said.session_ids() == [ID]


@given(st.binary(), st.binary())
def test_any_output_can_be_read(stdout: bytes, stderr: bytes) -> None:
    said = Answer.of(stdout, stderr, 0)
    assert isinstance(said.ok, bool)
    assert isinstance(said.failure, str)
    assert isinstance(said.session_ids(), list)
