from __future__ import annotations

import datetime as dt

from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.config_dir.building import asked, conversation_records
from pytest_claude_sessions.config_dir.turns import time_of


def test_numbered_turns_have_prompts_and_replies() -> None:
    assert asked(2) == [("prompt 1", "reply 1"), ("prompt 2", "reply 2")]
    assert asked(["a", ("b", None)]) == [("a", "reply 1"), ("b", None)]


def test_a_reply_is_later_than_its_prompt(any_release: str, noon: dt.datetime) -> None:
    """1.0.0 takes the first of the records with the newest time for the end of a conversation (measured)."""
    records = conversation_records(Release.of(any_release), asked(2), session_id="id", cwd="/work", now=noon)
    spoken = [time_of(record["timestamp"]) for record in records if record["type"] in ("user", "assistant")]
    minute, second = dt.timedelta(minutes=1), dt.timedelta(seconds=1)
    assert spoken == [noon - minute - second, noon - minute, noon - second, noon]


def test_a_prompt_without_an_answer_is_there_whatever_the_release_waits_for(
    any_release: str, noon: dt.datetime
) -> None:
    records = conversation_records(
        Release.of(any_release), [("one", "two"), ("three", None)], session_id="id", cwd="/work", now=noon
    )
    assert [record["type"] for record in records if record["type"] in ("user", "assistant")] == [
        "user",
        "assistant",
        "user",
    ]
