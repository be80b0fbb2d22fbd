"""The failures of SPEC 6: what is printed, where, and the exit status."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun import freeze_time

from pytest_claude_sessions.stream import BadMoment, Stream

ASKED = "11111111-1111-4111-8111-111111111111"
NOT_FOUND = f"No conversation found with session ID: {ASKED}"


def ids(stream: Stream) -> list[str]:
    return [frame["session_id"] for frame in stream.frames()]


def subtypes(stream: Stream) -> list[str]:
    return [str(frame.get("subtype", frame["type"])) for frame in stream.frames()]


@pytest.mark.parametrize(
    ("release", "stderr", "errors", "names_asked"),
    [
        # facts/cli-behaviour.json, resume_unknown; the ids as the real program's output of 2026-11-21 had them
        ("1.0.0", [NOT_FOUND], None, None),
        ("1.0.128", [NOT_FOUND], None, None),
        ("2.1.0", [NOT_FOUND], None, None),
        ("2.1.50", [], [NOT_FOUND], False),
        ("2.1.112", [NOT_FOUND], [NOT_FOUND], False),
        ("2.1.160", [NOT_FOUND], [NOT_FOUND], False),
        ("2.1.329", [NOT_FOUND], [NOT_FOUND], True),
    ],
)
def test_a_dead_id_is_reported_as_the_release_does(
    release: str, stderr: list[str], errors: list[str] | None, names_asked: bool | None
) -> None:
    stream = Stream(release).not_found(ASKED)
    assert stream.stderr() == stderr
    assert [frame["errors"] for frame in stream.frames()] == ([] if errors is None else [errors])
    assert [frame["session_id"] == ASKED for frame in stream.frames()] == ([] if errors is None else [names_asked])
    assert stream.exit_code == 1


@pytest.mark.parametrize("report", ["stderr", "errors", "both", "silent"])
@pytest.mark.parametrize("names", ["requested", "fresh"])
def test_a_dead_id_can_be_reported_in_any_form(report: str, names: str) -> None:
    stream = Stream().not_found(ASKED, report=report, names=names, init=True, exit=3)
    assert stream.stderr() == ([NOT_FOUND] if report in ("stderr", "both") else [])
    assert subtypes(stream) == ["init"] + ["error_during_execution"] * (report in ("errors", "both"))
    assert {name == ASKED for name in ids(stream)} == {names == "requested"}
    assert len(set(ids(stream))) == 1
    assert stream.exit_code == 3


def test_a_dead_id_is_the_stream_s_when_none_is_given() -> None:
    stream = Stream("2.0.77", session_id=ASKED).not_found()
    assert stream.stderr() == [NOT_FOUND]


def test_a_dead_id_can_break_into_a_turn() -> None:
    stream = Stream().init().text("so far").not_found(ASKED)
    assert subtypes(stream) == ["init", "assistant", "error_during_execution"]
    assert (stream.stderr(), stream.exit_code) == ([NOT_FOUND], 1)


@pytest.mark.parametrize("wrong", [{"report": "loud"}, {"names": "mine"}, {"at": "noon"}])
def test_a_form_that_does_not_exist_is_refused_with_those_that_do(wrong: dict[str, str]) -> None:
    with pytest.raises(BadMoment, match="expected one of"):
        Stream().not_found(**wrong)  # type: ignore[arg-type]  # what is given is wrong on purpose


def test_starts_that_are_refused_say_so_on_stderr_alone() -> None:
    stream = Stream(session_id=ASKED).in_use()
    assert (stream.frames(), stream.exit_code) == ([], 1)
    assert stream.stderr() == [f"Error: Session ID {ASKED} is already in use."]
    assert "currently running as a background agent (bg)" in Stream().background_agent(ASKED).stderr()[0]
    other = Stream().refused("one", "two", errors=["three"], exit=4)
    assert (other.stderr(), other.frames()[0]["errors"], other.exit_code) == (["one", "two"], ["three"], 4)


def test_an_ephemeral_init_alone_names_an_id_that_is_not_the_conversation_s() -> None:
    stream = Stream(session_id="real").ephemeral_init("hi", "ghost")
    assert ids(stream) == ["ghost", "real", "real"]


def test_ephemeral_hooks_stand_around_a_turn_that_names_the_real_id() -> None:
    stream = Stream(session_id="real").ephemeral_hook("hi", "ghost")
    assert subtypes(stream) == ["hook_started", "hook_response", "init", "assistant", "success", "hook_response"]
    assert ids(stream) == ["ghost", "ghost", "real", "real", "real", "ghost"]


def test_no_frame_names_the_conversation() -> None:
    stream = Stream(session_id="real").ephemeral_all("hi")
    assert len(set(ids(stream))) == 1
    assert stream.session_id == "real" not in ids(stream)


@pytest.mark.parametrize(
    ("release", "event", "error"),
    [
        ("1.0.128", False, None),
        ("2.0.77", False, "rate_limit"),
        ("2.1.112", True, "rate_limit"),
        ("2.1.329", True, "rate_limit"),
    ],
)
def test_a_usage_limit_is_told_as_the_release_does(
    monkeypatch: pytest.MonkeyPatch, release: str, event: bool, error: str | None
) -> None:
    # facts/more-observations.json, usage_limit; the text names the local time, and the day when it is far
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        with freeze_time("2026-11-21T04:16:00Z"):
            stream = Stream(release).usage_limit(datetime(2026, 11, 21, 6, 16, tzinfo=UTC))
    time.tzset()
    assert subtypes(stream) == ["init"] + ["rate_limit_event"] * event + ["assistant", "success"]
    told, result = stream.frames()[-2:]
    assert told.get("error") == error
    assert told["message"]["model"] == "<synthetic>"
    assert (result["is_error"], stream.exit_code) == (True, 1)
    assert "resets 6:16am" in result["result"] == told["message"]["content"][0]["text"]
    if event:
        assert stream.frames()[1]["rate_limit_info"]["resetsAt"] == 1795241760


def test_a_usage_limit_without_a_time_names_none() -> None:
    stream = Stream().usage_limit()
    assert "resetsAt" not in stream.frames()[1]["rate_limit_info"]
    assert stream.frames()[-1]["result"] == "You've hit your limit"


@pytest.mark.parametrize(("failure", "status"), [("auth_failure", 401), ("overloaded", 529), ("server_error", 500)])
def test_failed_requests_carry_their_status(failure: str, status: int) -> None:
    stream: Stream = getattr(Stream(), failure)()
    told, result = stream.frames()[-2:]
    assert (told["api_error_status"], result["api_error_status"]) == (status, status)
    assert (result["terminal_reason"], stream.exit_code) == ("api_error", 1)


def test_a_failed_request_can_follow_what_was_said() -> None:
    stream = Stream().init().text("so far").overloaded()
    assert subtypes(stream) == ["init", "assistant", "assistant", "success"]


@pytest.mark.parametrize(
    ("at", "printed"),
    [("start", []), ("init", ["init"]), ("turn", ["init"]), ("end", ["init", "assistant"]), (None, [])],
)
def test_a_crash_comes_at_its_point(at: str | None, printed: list[str]) -> None:
    stream = Stream().crash(at, exit=3, stderr="boom\nbang")
    assert (subtypes(stream), stream.exit_code) == (printed, 3)
    assert stream.stderr() == ["boom", "bang"]


def test_a_crash_comes_where_it_is_written() -> None:
    stream = Stream().init().text("so far").crash(signal=signal.SIGKILL)
    assert (subtypes(stream), stream.exit_code) == (["init", "assistant"], -9)
    with pytest.raises(BadMoment, match="'later'"):
        Stream().crash("later")


def test_a_torn_line_is_the_last_one_and_has_no_end() -> None:
    whole = Stream(session_id="s").turn("hi")
    torn = Stream(session_id="s").turn("hi").torn()
    assert [len(stream.frames()) for stream in (whole, torn)] == [3, 2]
    assert len(torn.lines()) == 3
    assert not torn.stdout().endswith("\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn.lines()[-1])
    assert torn.exit_code == 1
    assert len(Stream().torn(exit=0).lines()) == 1


def test_noise_is_text_and_a_json_object_is_a_frame() -> None:
    stream = Stream().noise("[SandboxDebug] x", '{"type": "mystery"}', "[1]", "", stderr=["warning"]).turn("hi")
    assert stream.lines()[:4] == ["[SandboxDebug] x", '{"type":"mystery"}', "[1]", ""]
    assert stream.frames()[0] == {"type": "mystery"}
    assert stream.stderr() == ["warning"]


def test_a_hang_prints_nothing_more() -> None:
    stream: Any = Stream().init().hang()
    assert subtypes(stream) == ["init"]
    assert subtypes(Stream().hang("end")) == ["init", "assistant"]
