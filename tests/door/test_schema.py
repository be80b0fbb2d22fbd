"""The published schema: one text in both places, every method both ways, and the same for two validators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pytest_claude_sessions
from pytest_claude_sessions.door.protocol import METHODS
from pytest_claude_sessions.door.schema import wrong_with
from pytest_claude_sessions.manager import CAPABILITIES, KINDS

PACKAGED = Path(pytest_claude_sessions.__file__).parent / "door" / "protocol.schema.json"
PUBLISHED = Path(__file__).parents[2] / "docs" / "protocol.schema.json"
NOW = "2026-01-02T03:04:05.678901Z"


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"now": NOW, **params}}


def answer(result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "result": result}


ENTRY = {"session_id": None, "project": "/p", "display": "hello", "timestamp": NOW, "resumable": False}
RIGHT = [
    ("get_session", "request", request("get_session", key="\ud800")),
    ("get_session", "answer", answer(None)),
    ("set_session", "request", request("set_session", key="k", session_id=["no", "id"])),
    ("dispatch", "answer", answer({"ok": False, "error": "busy"})),
    ("dispatch", "answer", {"jsonrpc": "2.0", "id": 7, "error": {"code": -32601, "message": "no such method"}}),
    ("metrics", "answer", answer({"claude_session_resume_failures_total": 1})),
    ("list_sessions", "answer", answer([ENTRY])),
    ("current_session", "answer", answer(None)),
    ("install_lifecycle_settings", "request", request("install_lifecycle_settings", retention_days="thirty")),
    ("rate_limited_sessions", "answer", answer([{"session_id": "s", "cwd": "/w", "resets_at": None}])),
]
WRONG = [
    ("get_session", "request", request("get_session"), "request.params must contain ['key'] properties"),
    ("get_session", "request", {**request("get_session", key="k"), "jsonrpc": "1.0"}, "request.jsonrpc must be same"),
    ("get_session", "answer", answer(7), "answer.result must be string or null"),
    ("dispatch", "answer", answer({"session_id": "s"}), "answer.result must contain ['ok'] properties"),
    ("dispatch", "answer", answer({"ok": True, "sessionId": "s"}), "answer.result must not contain {'sessionId'}"),
    ("dispatch", "answer", answer({"ok": False, "error": "tired"}), "answer.result.error must be one of"),
    ("list_sessions", "answer", answer([{**ENTRY, "timestamp": "2026-01-02 03:04"}]), "answer.result[0].timestamp"),
    ("idle_state", "answer", answer("asleep"), "answer.result must be one of"),
    ("sweep_stale_sessions", "answer", answer(True), "answer.result must be integer"),
    ("shutdown", "answer", {"jsonrpc": "2.0", "id": 7}, "answer must contain ['result'] properties"),
]


def schema() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PACKAGED.read_text())
    return data


def test_published_schema_is_the_one_that_is_used() -> None:
    assert PUBLISHED.read_text() == PACKAGED.read_text()


def test_every_method_is_described_both_ways() -> None:
    methods = {*METHODS, "initialize", "shutdown"}
    described = {name for name in schema()["definitions"] if "." in name}
    assert described == {f"{method}.{direction}" for method in methods for direction in ("request", "answer")}
    assert {method for needed in CAPABILITIES.values() for method in needed} == set(METHODS)
    for method, told in METHODS.items():
        params = schema()["definitions"][f"{method}.request"]["properties"]["params"]["properties"]
        assert [*params] == [*told.parameters, "now"]
    assert tuple(schema()["definitions"]["kind"]["enum"]) == KINDS


@pytest.mark.parametrize(("method", "direction", "message"), RIGHT)
def test_right_messages(method: str, direction: str, message: dict[str, Any]) -> None:
    assert wrong_with(message, method, direction) == ""


@pytest.mark.parametrize(("method", "direction", "message", "told"), WRONG)
def test_wrong_messages_are_told_by_their_place(
    method: str, direction: str, message: dict[str, Any], told: str
) -> None:
    assert wrong_with(message, method, direction).startswith(told)


def test_another_validator_agrees() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft7Validator.check_schema(schema())
    for method, direction, message, *told in [*RIGHT, *WRONG]:
        definition = {"$ref": f"#/definitions/{method}.{direction}", "definitions": schema()["definitions"]}
        assert jsonschema.Draft7Validator(definition).is_valid(message) == (not told), (method, message)
