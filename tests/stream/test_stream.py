"""Frames in the forms of the releases, raw and as lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_sessions.claude.release import NEWEST, OBSERVED, UnknownRelease
from pytest_claude_sessions.stream import Stream

USER = ["type", "message"]


def kinds(stream: Stream) -> list[str]:
    return [frame["type"] + (f"/{frame['subtype']}" if "subtype" in frame else "") for frame in stream.frames()]


def only(stream: Stream, kind: str) -> dict[str, Any]:
    return next(frame for frame in stream.frames() if kind in (frame["type"], frame.get("subtype")))


@pytest.mark.parametrize("release", OBSERVED)
def test_a_turn_has_the_frames_that_the_release_printed(release: str) -> None:
    # facts/cli-behaviour.json, `fresh` of every release
    stream = Stream(release).turn("hello")
    assert kinds(stream) == ["system/init", "assistant", "result/success"]
    assert {frame["session_id"] for frame in stream.frames()} == {stream.session_id}
    assert only(stream, "assistant")["message"]["content"] == [{"type": "text", "text": "hello"}]
    assert only(stream, "result")["result"] == "hello"
    assert stream.exit_code == 0


def test_the_release_shows_in_its_init() -> None:
    assert only(Stream().init(), "init")["claude_code_version"] == NEWEST
    assert only(Stream("2.0.77").init(), "init")["claude_code_version"] == "2.0.77"
    assert "claude_code_version" not in only(Stream("1.0.128").init(), "init")


def test_a_version_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownRelease, match=r"'2\.1\.x'.*2\.1\."):
        Stream("2.1.x")


def test_conversations_have_ids_of_their_own_unless_told() -> None:
    assert Stream().session_id != Stream().session_id
    assert only(Stream(session_id="mine").init(), "init")["session_id"] == "mine"


def test_cwd_and_model_are_those_asked_for() -> None:
    init = only(Stream(cwd="/srv/app", model="claude-test").init(), "init")
    assert (init["cwd"], init["model"]) == ("/srv/app", "claude-test")


@pytest.mark.parametrize(
    ("release", "keys"),
    [
        ("1.0.0", [*USER, "session_id"]),
        ("1.0.31", [*USER, "parent_tool_use_id", "session_id"]),
        ("2.0.0", [*USER, "parent_tool_use_id", "session_id", "uuid"]),
        ("2.1.50", [*USER, "parent_tool_use_id", "session_id", "uuid", "tool_use_result"]),
        ("2.1.160", [*USER, "parent_tool_use_id", "session_id", "uuid", "timestamp", "tool_use_result"]),
    ],
)
def test_a_tool_result_has_the_keys_of_its_release(release: str, keys: list[str]) -> None:
    # measured 2026-11-21 with a Bash tool use that may not run
    stream = Stream(release).init().tool_use("Bash", {"command": "ls"}, id="toolu_1")
    frame = only(stream.tool_result("no way", is_error=True), "user")
    assert list(frame) == keys
    block = {"type": "tool_result", "content": "no way", "is_error": True, "tool_use_id": "toolu_1"}
    assert frame["message"]["content"] == [block]
    assert frame.get("tool_use_result", "Error: no way") == "Error: no way"


def test_a_tool_result_belongs_to_the_last_tool_use_of_the_turn() -> None:
    stream = Stream().init().tool_use("Read", id="toolu_1").tool_use("Read", id="toolu_2").tool_result("text")
    assert only(stream, "user")["message"]["content"][0]["tool_use_id"] == "toolu_2"
    named = Stream().init().tool_use("Read", id="toolu_1").tool_use("Read", id="toolu_2").tool_result("x", id="toolu_1")
    assert only(named, "user")["message"]["content"][0]["tool_use_id"] == "toolu_1"


def test_a_result_says_the_last_text_and_counts_the_tool_results() -> None:
    stream = Stream().init().text("first").tool_use("Bash").tool_result("x").text("last").thinking("hm").result()
    assert (only(stream, "result")["result"], only(stream, "result")["num_turns"]) == ("last", 2)
    assert only(Stream().init().result(), "result")["result"] == ""


def test_a_result_takes_fields_of_the_test() -> None:
    stream = Stream().init().result("done", num_turns=7, structured_output={"a": 1}, total_cost_usd=2.5)
    result = only(stream, "result")
    assert (result["num_turns"], result["structured_output"], result["total_cost_usd"]) == (7, {"a": 1}, 2.5)


def test_an_old_release_counts_messages_for_turns() -> None:
    # measured on 1.0.128: a turn with a tool use, then a plain one
    stream = Stream("1.0.128").init().text("I will").tool_use("Bash").tool_result("x").text("done").result()
    stream.turn("again")
    assert [frame["num_turns"] for frame in stream.frames() if frame["type"] == "result"] == [4, 6]
    plain = Stream("2.0.0").turn("a").turn("b").frames()
    assert [frame["num_turns"] for frame in plain if frame["type"] == "result"] == [1, 3]


def test_results_are_numbered_where_the_release_numbers_them() -> None:
    frames = Stream().turn("a").turn("b").error_result("no", subtype="error_max_turns").frames()
    results = [frame for frame in frames if frame["type"] == "result"]
    assert [result["result_index"] for result in results] == [0, 1, 2]
    assert (results[2]["subtype"], results[2]["is_error"], results[2]["errors"]) == ("error_max_turns", True, ["no"])


def test_a_reset_is_announced_under_the_old_id_and_names_no_session() -> None:
    # Measured on 2.1.329: only the init that follows names the id whose transcript exists.
    stream = Stream().turn("before")
    old = stream.session_id
    stream.reset().text("after").result()
    assert kinds(stream)[3:] == [
        "conversation_reset",
        "system/background_tasks_changed",
        "system/init",
        "assistant",
        "result/success",
    ]
    reset = only(stream, "conversation_reset")
    assert reset["session_id"] == old != stream.session_id
    assert reset["new_conversation_id"] == reset["uuid"] not in (old, stream.session_id)
    assert {frame["session_id"] for frame in stream.frames()[5:]} == {stream.session_id}


def test_an_older_release_resets_without_a_word() -> None:
    stream = Stream("2.1.160").turn("before").reset("the-new-one").text("after").result()
    assert kinds(stream)[3:] == ["system/init", "assistant", "result/success"]
    assert [frame["session_id"] for frame in stream.frames()[3:]] == ["the-new-one"] * 3


@pytest.mark.parametrize(("release", "status"), [("2.1.50", []), ("2.1.112", ["system/status"])])
def test_partial_messages_spell_the_text_around_the_whole_frame(release: str, status: list[str]) -> None:
    stream = Stream(release).partial("one two  three")
    frames = stream.frames()
    events = [frame["event"] for frame in frames if frame["type"] == "stream_event"]
    spelled = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    assert spelled == "one two  three" == only(stream, "assistant")["message"]["content"][0]["text"]
    assert kinds(stream)[: len(status)] == status
    assert kinds(stream)[-4:] == ["assistant", "stream_event", "stream_event", "stream_event"]
    assert [event["type"] for event in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]


def test_partial_pieces_can_be_given() -> None:
    stream = Stream().partial("abc", pieces=["a", "bc"])
    deltas = [
        frame["event"].get("delta", {}).get("text") for frame in stream.frames() if frame["type"] == "stream_event"
    ]
    assert [delta for delta in deltas if delta] == ["a", "bc"]


def test_hook_frames_share_the_id_of_their_hook() -> None:
    stream = Stream().hook("SessionStart", stdout="hi\n")
    started, response = stream.frames()
    assert kinds(stream) == ["system/hook_started", "system/hook_response"]
    assert started["hook_id"] == response["hook_id"]
    assert (response["hook_name"], response["output"], response["outcome"]) == (
        "SessionStart:startup",
        "hi\n",
        "success",
    )
    assert Stream().hook("Stop", exit_code=2).frames()[1]["outcome"] == "error"


def test_a_release_before_hook_ids_prints_one_frame_in_its_own_form() -> None:
    (response,) = Stream("2.0.77").hook("SessionStart", stdout="hi\n").frames()
    assert response["subtype"] == "hook_response"
    assert "hook_id" not in response
    assert (response["hook_event"], response["stdout"]) == ("SessionStart", "hi\n")


def test_a_rate_limit_says_what_it_knows() -> None:
    info = only(Stream().rate_limit(resets_at=1795223771.4, utilization=0.9), "rate_limit_event")["rate_limit_info"]
    assert info == {
        "status": "allowed_warning",
        "resetsAt": 1795223771,
        "rateLimitType": "five_hour",
        "utilization": 0.9,
        "isUsingOverage": False,
    }
    assert "resetsAt" not in only(Stream().rate_limit("rejected"), "rate_limit_event")["rate_limit_info"]


def test_what_a_subagent_says_names_its_tool_use() -> None:
    frames = Stream().text("inner", parent="toolu_9").thinking("hm", parent="toolu_9").frames()
    assert [frame["parent_tool_use_id"] for frame in frames] == ["toolu_9", "toolu_9"]


def test_any_frame_can_be_put_in_and_behind_a_result() -> None:
    stream = Stream().turn("a").trailing({"type": "system", "subtype": "later"}).frame({"type": "mystery"})
    assert kinds(stream)[-2:] == ["system/later", "mystery"]
    assert kinds(Stream().turn("a").state("idle"))[-1] == "system/session_state_changed"


@settings(deadline=None)
@given(st.text())
def test_lines_hold_every_text_on_one_line(text: str) -> None:
    line = Stream().text(text).lines()[0]
    assert "\n" not in line
    assert json.loads(line)["message"]["content"][0]["text"] == text
    line.encode()  # a lone surrogate is escaped, as JavaScript does it


def test_stdout_is_the_lines_with_their_ends() -> None:
    stream = Stream().noise("not json").turn("hi")
    assert stream.stdout() == "".join(line + "\n" for line in stream.lines())
    assert [json.loads(line) for line in stream.lines()[1:]] == stream.frames()


def test_what_was_asked_of_the_sdk_is_shown_as_allowed() -> None:
    stream = Stream().init().asks_permission("Bash", {"command": "ls"}, result="a.txt").text("done").result()
    assert kinds(stream) == ["system/init", "assistant", "user", "assistant", "result/success"]
    assert only(stream, "user")["message"]["content"][0]["content"] == "a.txt"
    assert len(stream.lines()) == 5
