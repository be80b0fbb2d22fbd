from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.api import AnswerGate, ApiRequest, InvalidInput
from pytest_claude_sessions.api.answers import Answers

REQUEST = ApiRequest("POST", "/v1/messages", body={"model": "m", "messages": [{"role": "user", "content": "x"}]})
OTHER = ApiRequest("POST", "/v1/messages", body={"model": "small", "messages": []})
RESET = datetime(2030, 1, 1, 6, 16, tzinfo=UTC)


def labels(answers: Answers, count: int) -> list[str]:
    return [answers.take(REQUEST).label for _ in range(count)]


def test_answers_are_taken_in_order_and_then_the_default() -> None:
    answers = Answers().reply("one").unauthorized(times=2).overloaded()
    assert labels(answers, 5) == [
        "reply 'one'",
        "401 authentication_error",
        "401 authentication_error",
        "529 overloaded_error",
        "reply to N messages",
    ]


def test_an_answer_for_always_is_never_used_up() -> None:
    answers = Answers().server_error(times=None).reply("never reached")
    assert set(labels(answers, 9)) == {"500 api_error"}


def test_an_answer_waits_for_a_request_that_it_is_meant_for() -> None:
    answers = Answers().rate_limited(when=lambda request: request.model == "m").reply("next")
    assert answers.take(OTHER).label == "reply 'next'"
    assert answers.take(OTHER).label == "reply to N messages"
    assert answers.take(REQUEST).label == "429 rate_limit_error"


def test_pending_says_what_no_request_took() -> None:
    answers = Answers().reply("a", times=2).cut_connection(3, times=None)
    answers.take(REQUEST)
    assert answers.pending == ("reply 'a' (1 times)", "connection cut after 3 events (always)")
    assert answers.clear_answers().pending == ()


def test_a_predicate_may_look_at_the_queue() -> None:
    answers = Answers()
    answers.reply("a", when=lambda request: len(answers.pending) == 1)
    assert answers.take(REQUEST).label == "reply 'a'"


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=6), st.integers(0, 20))
def test_no_answer_is_lost_or_doubled(entries: list[tuple[int, bool]], asked: int) -> None:
    answers = Answers()
    all_or_none: dict[bool, Callable[[ApiRequest], bool]] = {True: lambda _: True, False: lambda _: False}
    expected = []
    for number, (times, meant) in enumerate(entries):
        answers.reply(str(number), times=times, when=all_or_none[meant])
        expected += [f"reply '{number}'"] * (times if meant else 0)
    expected += ["reply to N messages"] * asked
    assert labels(answers, asked) == expected[:asked]


def test_a_usage_limit_has_the_headers_that_were_observed() -> None:
    answer = Answers().rate_limited(RESET, retry_after_s=1.5).take(REQUEST)
    assert dict(answer.headers) == {
        "x-should-retry": "false",
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": str(int(RESET.timestamp())),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "anthropic-ratelimit-unified-overage-status": "rejected",
        "retry-after": "1.5",
    }


def test_a_reset_time_is_an_instant_whatever_its_zone() -> None:
    there = RESET.astimezone(timezone(timedelta(hours=9)))
    headers = Answers().rate_limited(there).take(REQUEST).headers
    assert headers["anthropic-ratelimit-unified-reset"] == str(int(RESET.timestamp()))
    unknown = Answers().rate_limited().take(REQUEST).headers
    assert "anthropic-ratelimit-unified-reset" not in unknown


@pytest.mark.parametrize(("retry", "sent"), [(True, "true"), (False, "false"), (None, None)])
def test_the_client_is_told_whether_to_retry(retry: bool | None, sent: str | None) -> None:
    assert Answers().overloaded(retry=retry).take(REQUEST).headers.get("x-should-retry") == sent


def test_slow_gives_its_gate() -> None:
    answers, gate = Answers(), AnswerGate()
    assert answers.slow(gate) is gate
    assert answers.slow(2.5).opens_after_s == 2.5
    assert answers.slow().opens_after_s is None
    assert answers.take(REQUEST).gate is gate


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda a: a.error(418), "unknown error status 418, known are 400, 401, 403, 404, 413, 429, 500, 504, 529"),
        (lambda a: a.error(200), "unknown error status 200"),
        (lambda a: a.error(500, headers={"x": "a\r\nb: c"}), "a header is one line of ASCII"),
        (lambda a: a.error(500, headers={"x": "é"}), "a header is one line of ASCII"),
        (lambda a: a.reply("x", times=0), "times is a whole number of 1 or more, not 0"),
        (lambda a: a.reply("x", times=1.5), "times is a whole number of 1 or more, not 1.5"),
        (lambda a: a.reply("x", times=True), "times is a whole number of 1 or more, not True"),
        (lambda a: a.reply("x", pieces=0), "pieces is a whole number of 1 or more, not 0"),
        (lambda a: a.reply(None), "a reply is a text or a list of content blocks, not None"),
        (lambda a: a.reply_with("x"), "reply_with takes a function of the request, not 'x'"),
        (lambda a: a.tool_use("Bash", "ls"), "the input of a tool is a mapping, not 'ls'"),
        (lambda a: a.rate_limited(datetime(2030, 1, 1)), "resets_at is an aware datetime or None"),
        (lambda a: a.rate_limited(1893456000), "resets_at is an aware datetime or None, not 1893456000"),
        (lambda a: a.rate_limited(claim="hourly"), "unknown limit 'hourly', known are five_hour"),
        (lambda a: a.rate_limited(retry_after_s=-1), "retry_after_s is 0 or more seconds, not -1"),
        (lambda a: a.overloaded(after_events=-1), "after_events is a whole number of 0 or more, not -1"),
        (lambda a: a.cut_connection(-1), "after_events is a whole number of 0 or more, not -1"),
        (lambda a: a.slow(-1), "0 or more finite seconds, not -1"),
        (lambda a: a.slow(after_events="2"), "after_events is a whole number of 0 or more, not '2'"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_leaves_the_queue_alone(call: Callable[[Any], Any], told: str) -> None:
    answers = Answers()
    with pytest.raises(InvalidInput) as caught:
        call(answers)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert answers.pending == ()
