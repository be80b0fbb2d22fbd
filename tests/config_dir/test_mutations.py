from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.claude.transcript import dump
from pytest_claude_sessions.config_dir import DAMAGES, Damage, Transcript, mutations
from pytest_claude_sessions.config_dir.building import conversation_records

from .conftest import NOON

SESSION = "11111111-1111-4111-8111-111111111111"


def transcript(release: str) -> bytes:
    records = conversation_records(
        Release.of(release), [("one", "first"), ("two", "second")], session_id=SESSION, cwd="/work", now=NOON
    )
    return "".join(dump(record) + "\n" for record in records).encode()


def read(data: bytes) -> Transcript:
    return Transcript.parse(data, f"{SESSION}.jsonl")


@given(
    st.sampled_from(list(DAMAGES.values())),
    st.binary(max_size=200) | st.just(transcript("2.1.329")),
    st.uuids().map(str),
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_can_be_damaged_and_read(damage: Damage, data: bytes, session_id: str) -> None:
    damaged = damage.mutate(data, session_id)
    assert damaged == damage.mutate(data, session_id)
    assert read(damaged).size == len(damaged)


def test_a_damage_changes_the_bytes(any_release: str) -> None:
    data = transcript(any_release)
    assert [name for name, damage in DAMAGES.items() if damage.mutate(data, SESSION) == data] == []


TURNS_STAY = (
    *("no_final_newline", "nested_session_id_first", "crlf", "blank_lines", "unknown_record_types"),
    *("untyped_records", "not_objects", "bookkeeping_first", "torn_next_turn", "garbage_line", "nul_line"),
    *("nul_tail", "byte_order_mark", "foreign_session_id", "repeated_records"),
)
NO_TURN_STAYS = (
    *("empty", "white_space", "garbage", "binary", "nul_only", "summary_only", "bookkeeping_only"),
    *("no_user_turn", "sidechain_only", "all_torn", "one_line", "replies_only"),
)


def test_what_becomes_of_the_turns(any_release: str) -> None:
    data = transcript(any_release)
    left = {
        name: [(turn.prompt, turn.reply) for turn in read(DAMAGES[name].mutate(data, SESSION)).turns]
        for name in (*TURNS_STAY, *NO_TURN_STAYS)
    }
    whole = [("one", "first"), ("two", "second")]
    assert left == {name: whole if name in TURNS_STAY else [] for name in left}


def test_the_first_session_id_of_the_text_is_nested(any_release: str) -> None:
    data = mutations.nested_session_id_first(transcript(any_release), SESSION)
    first = next(line for line in data.split(b"\n") if b'"sessionId"' in line)
    assert "sessionId" not in json.loads(first)


def test_line_ends(any_release: str) -> None:
    data = transcript(any_release)
    assert not mutations.no_final_newline(data, SESSION).endswith(b"\n")
    assert mutations.crlf(data, SESSION).replace(b"\r\n", b"\n") == data
    assert b"\n\n" in mutations.blank_lines(data, SESSION)


def test_every_id_is_another_conversations(any_release: str) -> None:
    damaged = read(mutations.foreign_session_id(transcript(any_release), SESSION))
    assert damaged.ids == (mutations.FOREIGN_ID,)
    assert damaged.session_id == SESSION


def test_torn_is_the_last_line_alone(any_release: str) -> None:
    data = transcript(any_release)
    whole, damaged = read(data), read(mutations.torn_last_line(data, SESSION))
    assert damaged.torn
    assert damaged.records == whole.records[:-1]
    assert len(read(mutations.all_torn(data, SESSION)).skipped) == len(whole.records)


def test_a_torn_next_turn_ends_inside_a_character(any_release: str) -> None:
    data = transcript(any_release)
    damaged = mutations.torn_next_turn(data, SESSION)
    assert damaged.startswith(data)
    with pytest.raises(UnicodeDecodeError, match="unexpected end"):
        damaged.decode()


def test_nuls_cost_the_last_prompt(any_release: str) -> None:
    damaged = read(mutations.nul_block(transcript(any_release), SESSION))
    assert damaged.prompts == ("one",)
    assert [skipped.reason for skipped in damaged.skipped] == ["nul bytes"]


def test_an_unanswered_conversation_ends_with_its_prompt(any_release: str) -> None:
    damaged = read(mutations.unanswered(transcript(any_release), SESSION))
    assert damaged.replies == ("first", None)
    assert damaged.records[-1]["type"] == "user"


def test_half_a_surrogate_pair_and_bytes_that_are_no_utf8(any_release: str) -> None:
    data = transcript(any_release)
    assert read(mutations.lone_surrogate(data, SESSION)).prompts == ("one\ud83d", "two\ud83d")
    raw = mutations.invalid_utf8(data, SESSION)
    assert read(raw).prompts == ("one\ufffd(\ufffd", "two\ufffd(\ufffd")
    with pytest.raises(UnicodeDecodeError):
        raw.decode()
