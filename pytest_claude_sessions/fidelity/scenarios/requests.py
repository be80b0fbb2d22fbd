"""Requests that fail: limits, authentication, overload, cut connections; and the conversation afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..scenario import scenario
from ..stage import Stage


def _soon() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=1)).replace(minute=16, second=0, microsecond=0)


def _fails_and_is_resumed(stage: Stage, step: str) -> None:
    first = stage.claude(step=step)
    stage.subject.clear()
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume")


@scenario("usage_limit", "a usage limit with its reset time, signed in by token; then a resume")
def limit(stage: Stage) -> None:
    stage.sign_in_by_token()
    stage.fail("usage_limit", resets_at=_soon())
    _fails_and_is_resumed(stage, "limited")


@scenario("usage_limit_unknown_end", "a usage limit without a reset time, signed in by token")
def limit_unknown(stage: Stage) -> None:
    stage.sign_in_by_token()
    stage.fail("usage_limit")
    stage.claude(step="limited")


@scenario("usage_limit_in_conversation", "a usage limit in a resumed conversation")
def limit_later(stage: Stage) -> None:
    session_id = stage.conversation()
    stage.sign_in_by_token()
    stage.fail("usage_limit", resets_at=_soon())
    stage.claude("--resume", session_id, step="limited")


@scenario("auth_failure", "status 401; then a resume")
def unauthorized(stage: Stage) -> None:
    stage.fail("auth_failure")
    _fails_and_is_resumed(stage, "refused")


@scenario("overloaded", "status 529")
def overloaded(stage: Stage) -> None:
    stage.fail("overloaded")
    stage.claude(step="refused")


@scenario("server_error", "status 500")
def server_error(stage: Stage) -> None:
    stage.fail("server_error")
    stage.claude(step="refused")


@scenario("server_error_text", "status 500 with --output-format text")
def server_error_text(stage: Stage) -> None:
    stage.fail("server_error")
    stage.start("-p", "hello", step="refused")


@scenario("cut_connection", "the connection is cut before an answer begins; then a resume")
def cut_connection(stage: Stage) -> None:
    stage.fail("cut_connection")
    _fails_and_is_resumed(stage, "cut")


@scenario("cut_stream", "the connection is cut in the middle of an answer; then a resume")
def cut_stream(stage: Stage) -> None:
    stage.fail("cut_stream")
    _fails_and_is_resumed(stage, "cut")
