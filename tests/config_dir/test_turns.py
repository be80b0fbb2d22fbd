from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_sessions.claude.release import OBSERVED, Release
from pytest_claude_sessions.claude.transcript import dump
from pytest_claude_sessions.config_dir import Transcript, Turn
from pytest_claude_sessions.config_dir.building import conversation_records
from pytest_claude_sessions.config_dir.turns import text_of, turns_in

from .conftest import NOON
from .test_transcript import ANY_CHARACTERS


def joined_pairs(text: str) -> str:
    """The text as JSON holds it: two halves of a surrogate pair that stand together are one character there."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@settings(deadline=None)
@given(
    release=st.sampled_from(OBSERVED),
    turns=st.lists(st.tuples(st.text(ANY_CHARACTERS), st.none() | st.text(ANY_CHARACTERS)), max_size=4),
)
def test_any_text_is_read_back_as_it_was_written(release: str, turns: list[tuple[str, str | None]]) -> None:
    records = conversation_records(
        Release.of(release), turns, session_id="0" * 8 + "-0000-4000-8000-" + "0" * 12, cwd="/work", now=NOON
    )
    data = "".join(dump(record) + "\n" for record in records).encode()
    transcript = Transcript.parse(data)
    assert transcript.skipped == ()
    assert list(transcript.records) == paired(records)
    assert [(turn.prompt, turn.reply) for turn in transcript.turns] == [
        (joined_pairs(prompt), None if reply is None else joined_pairs(reply)) for prompt, reply in turns
    ]


def paired(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: paired(part) for key, part in value.items()}
    if isinstance(value, list):
        return [paired(part) for part in value]
    return joined_pairs(value) if isinstance(value, str) else value


def user(content: Any = "hello", **fields: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": content}, **fields}


def assistant(text: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}]
    return {"type": "assistant", "message": {"role": "assistant", "content": content}, **fields}


def test_only_what_a_user_sent_begins_a_turn() -> None:
    records = [
        {"type": "summary", "summary": "user said hello"},
        user("first", uuid="1"),
        user([{"type": "tool_result", "tool_use_id": "t", "content": "a result"}]),
        user("from a subagent", isSidechain=True),
        user("made up", isMeta=True),
        user("what was said so far", isCompactSummary=True),
        user(None),
        {"type": "user", "message": "no object"},
        {"type": "attachment", "message": {"content": "an attachment"}},
        user([{"type": "text", "text": "second"}, {"type": "image"}, {"type": "text", "text": "line two"}]),
    ]
    assert [turn.prompt for turn in turns_in(records)] == ["first", "second\nline two"]


def test_an_answer_in_several_records_is_one_reply() -> None:
    records = [assistant("before any prompt"), user(), assistant("one"), assistant("two"), user("next")]
    assert [turn.reply for turn in turns_in(records)] == ["one\ntwo", None]


def test_a_subagents_answer_is_no_reply() -> None:
    records = [user(), assistant("from a subagent", isSidechain=True)]
    assert next(turns_in(records)).reply is None


def test_a_record_that_stands_there_twice_is_one_turn() -> None:
    records = [user(uuid="1"), assistant("hi", uuid="2")] * 2
    assert [(turn.prompt, turn.reply, turn.user_uuid) for turn in turns_in(records)] == [("hello", "hi", "1")]


def test_the_record_of_a_failed_request_is_an_error() -> None:
    limit = assistant("You've hit your limit", isApiErrorMessage=True)
    assert [turn.is_error for turn in turns_in([user(), assistant("hi"), user(), limit])] == [False, True]
    assert isinstance(next(turns_in([user(), limit])), Turn)


def test_content_that_is_no_text_has_none() -> None:
    assert text_of(None) == text_of(7) == text_of({}) == text_of([7, {"type": "text"}]) == ""
