"""What the program answers to the SDK's requests, release by release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.claude.release import OBSERVED, Release
from pytest_claude_sessions.stream import Stream
from pytest_claude_sessions.stream.composer import Composer
from pytest_claude_sessions.stream.control import answers

from .conftest import Run, respond


def answered(release: str, subtype: str, **fields: Any) -> list[dict[str, Any]]:
    return list(answers(Composer(Release.of(release), "s", "/srv"), "r1", {"subtype": subtype, **fields}))


@pytest.mark.parametrize("release", OBSERVED)
def test_initialize_is_answered_by_every_release(release: str) -> None:
    (answer,) = answered(release, "initialize", hooks=None)
    assert answer["type"] == "control_response"
    assert (answer["response"]["subtype"], answer["response"]["request_id"]) == ("success", "r1")
    assert "commands" in answer["response"]["response"]


def test_initialize_grows_with_the_releases() -> None:
    def keys(release: str, **fields: Any) -> set[str]:
        return set(answered(release, "initialize", **fields)[0]["response"]["response"])

    assert keys("1.0.98") == {"commands", "output_style", "available_output_styles"}
    assert keys("1.0.128") - keys("1.0.98") == {"models", "account"}
    assert keys("2.1.50") - keys("2.1.0") == {"pid"}
    assert keys("2.1.112") - keys("2.1.50") == {"agents"}
    newest = answered("2.1.329", "initialize", hooks={"Stop": []})[0]["response"]
    assert (newest["response"]["hook_on_failure_supported"], newest["response"]["hooks_applied"]) == (True, True)
    assert "hooks_applied" not in keys("2.1.329", hooks=None)
    assert newest["pending_permission_requests"] == []


@pytest.mark.parametrize(
    ("release", "reply"),
    [
        ("2.1.0", []),
        ("2.1.50", [{"error": "Unsupported control request subtype: bogus"}]),
        (
            "2.1.329",
            [{"error": "Unsupported control request subtype: bogus", "error_code": "unsupported_request"}],
        ),
    ],
)
def test_an_unknown_request_is_refused_or_ignored(release: str, reply: list[dict[str, str]]) -> None:
    inner = [
        {k: v for k, v in answer["response"].items() if k.startswith("error")} for answer in answered(release, "bogus")
    ]
    assert inner == reply


def test_an_unknown_mode_is_refused_by_the_newest_alone() -> None:
    assert answered("2.1.160", "set_permission_mode", mode="nonsense")[0]["response"]["response"] == {
        "mode": "nonsense"
    }
    (refusal,) = answered("2.1.329", "set_permission_mode", mode="nonsense")
    assert refusal["response"]["error"] == (
        "Cannot set permission mode: must be one of acceptEdits, auto, bypassPermissions, default, dontAsk, plan"
    )


def test_a_mode_and_a_model_are_told_around_the_answer() -> None:
    answer, status = answered("2.1.112", "set_permission_mode", mode="plan")
    assert (answer["response"]["response"], status["permissionMode"]) == ({"mode": "plan"}, "plan")
    note, answer = answered("2.1.329", "set_model", model="claude-test")
    assert note["message"]["content"] == "<local-command-stdout>Set model to `claude-test`</local-command-stdout>"
    assert answer["response"]["response"] == {"model": "claude-test"}
    assert len(answered("2.1.0", "set_permission_mode", mode="plan")) == 2
    assert [answer["response"].get("response") for answer in answered("2.1.50", "set_model", model="x")] == [None]


@pytest.mark.parametrize(
    ("subtype", "fields", "error"),
    [
        ("rewind_files", {"user_message_id": "u"}, "File rewinding is not enabled."),
        ("stop_task", {"task_id": "t1"}, "No task found with ID: t1"),
        ("mcp_reconnect", {"serverName": "files"}, "Server not found: files"),
        ("mcp_toggle", {"serverName": "files", "enabled": True}, "Server not found: files"),
    ],
)
def test_what_is_not_there_is_refused_by_name(subtype: str, fields: dict[str, Any], error: str) -> None:
    assert answered("2.1.160", subtype, **fields)[0]["response"]["error"] == error


def test_a_client_can_change_the_mode_and_the_model(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        run.messages.append(await connected.get_server_info())
        await connected.set_permission_mode("acceptEdits")
        await connected.set_model("claude-test")
        await respond(connected, run, "hello")

    stream = Stream(model="claude-mine")
    run = client(stream, talk)
    assert run.error is None
    assert stream.init().frames()[0]["model"] == "claude-mine"
    assert run.messages[0]["output_style"] == "default"
    init = next(message for message in run.messages[1:] if getattr(message, "subtype", "") == "init")
    assert (init.data["permissionMode"], init.data["model"]) == ("acceptEdits", "claude-test")


def test_what_the_sdk_asked_is_kept(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        with pytest.raises(Exception, match="must be one of"):
            await connected.set_permission_mode("nonsense")

    run = client(Stream(), talk)
    assert [message["request"]["subtype"] for message in run.transport.written] == ["initialize", "set_permission_mode"]
