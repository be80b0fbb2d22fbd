from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import ConfigDir, NoTranscript, Transcript

ANY_CHARACTERS = st.characters(exclude_categories=())
"""Every character that a Python text can hold, lone surrogates too."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(ANY_CHARACTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "message", "uuid", "content", "timestamp", "isSidechain", "sessionId", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def line(record: object) -> bytes:
    return json.dumps(record).encode() + b"\n"


USER = {"type": "user", "uuid": "u1", "message": {"role": "user", "content": "hello"}, "sessionId": "s"}


@given(st.binary(max_size=400))
@example(b"[" * 100_000)
@example(b"9" * 10_000)
@example(b'{"timestamp":"9999-12-31T23:59:59-23:59"}')
@example(b'{"timestamp":1e400}\n{"timestamp":NaN}')
def test_no_bytes_are_an_error(data: bytes) -> None:
    transcript = Transcript.parse(data)
    assert transcript.size == len(data)
    _ = (transcript.turns, transcript.ids, transcript.timestamps, transcript.cwd, transcript.releases)
    # Every line is accounted for: blank, a record, or skipped with a reason.
    told = len(transcript.records) + len(transcript.skipped)
    assert told == sum(1 for each in data.split(b"\n") if each.strip())


@given(st.lists(JSON, max_size=6))
def test_no_json_is_an_error(values: list[object]) -> None:
    transcript = Transcript.parse(b"".join(map(line, values)))
    _ = (transcript.turns, transcript.ids, transcript.timestamps, transcript.uuids, transcript.cwds)
    objects = [value for value in values if isinstance(value, dict) and "NaN" not in json.dumps(value)]
    assert len(transcript.records) <= len([value for value in values if isinstance(value, dict)])
    assert len(transcript.records) >= len([value for value in objects if "Infinity" not in json.dumps(value)])


def test_what_is_skipped_is_told_with_its_place() -> None:
    data = b"\n" + line(USER) + b"not json\r\n[1]\n" + b"\0\0" + line(USER) + b'{"type":"us'
    skipped = Transcript.parse(data).skipped
    assert [(each.line, each.reason) for each in skipped] == [
        (3, "not json"),
        (4, "not an object"),
        (5, "nul bytes"),
        (6, "torn"),
    ]
    for each in skipped:
        assert data[each.offset :].split(b"\n")[0] == data[each.offset : each.offset + each.size]
    assert skipped[2].excerpt.startswith(r"\x00\x00{")
    assert Transcript.parse(data).torn


def test_a_whole_last_line_without_a_line_end_is_a_record() -> None:
    transcript = Transcript.parse(line(USER).rstrip(b"\n"))
    assert transcript.prompts == ("hello",)
    assert not transcript.torn


def test_a_byte_order_mark_and_crlf_are_no_part_of_a_record() -> None:
    transcript = Transcript.parse(b"\xef\xbb\xbf" + line(USER).replace(b"\n", b"\r\n"))
    assert transcript.prompts == ("hello",)
    assert transcript.skipped == ()


def test_a_line_separator_inside_a_text_ends_no_line() -> None:
    record = {**USER, "message": {"role": "user", "content": "a\u2028b\x85c"}}
    data = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    assert Transcript.parse(data).prompts == ("a\u2028b\x85c",)


def test_the_file_name_is_the_id_whatever_the_records_say() -> None:
    transcript = Transcript.parse(line(USER) + line({"sessionId": "t"}), "dir/0f0f.jsonl")
    assert transcript.session_id == "0f0f"
    assert transcript.ids == ("s", "t")


def test_time_stamps_are_instants_in_utc() -> None:
    data = line({"timestamp": "2026-11-21T03:32:54.966Z"}) + line({"timestamp": "2026-11-21T05:32:54+02:00"})
    data += line({"timestamp": 1795231974966}) + line({"timestamp": "no time"}) + line({"timestamp": True})
    transcript = Transcript.parse(data)
    moment = dt.datetime(2026, 11, 21, 3, 32, 54, tzinfo=dt.UTC)
    exact = moment.replace(microsecond=966_000)
    assert transcript.timestamps == (exact, moment, exact)
    assert (transcript.started_at, transcript.ended_at) == (moment, exact)


def test_an_empty_transcript_has_no_times_and_no_turns() -> None:
    transcript = Transcript.parse(b"")
    assert (transcript.started_at, transcript.ended_at, transcript.turns, transcript.cwd) == (
        None,
        None,
        (),
        None,
    )


def test_a_missing_file_is_told_with_what_is_there(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation()
    with pytest.raises(NoTranscript, match=made.path.name) as caught:
        Transcript.read(made.path.with_name("other.jsonl"))
    assert caught.value.path == made.path.with_name("other.jsonl")
    with pytest.raises(NoTranscript, match="cannot be listed"):
        Transcript.read(config_dir.path / "nowhere" / "x.jsonl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.jsonl")
    with pytest.raises(NoTranscript, match="not a regular file"):
        Transcript.read(tmp_path / "x.jsonl")
