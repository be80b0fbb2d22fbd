from __future__ import annotations

import json
import os
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_claude_sessions.claude import transcript
from pytest_claude_sessions.claude.conversation import load
from pytest_claude_sessions.claude.release import OBSERVED, Release

NOW = 1_795_231_974.966


def records(version: str, turns: int = 2) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for number in range(1, turns + 1):
        made += transcript.turn_records(
            Release.of(version),
            session_id="s",
            cwd="/repo",
            prompt=f"p{number}",
            reply=f"r{number}",
            now=NOW + number * 10,
            parent=transcript.leaf_of(made),
            number=number,
        )
    return made


@pytest.mark.parametrize("version", OBSERVED)
def test_records_hang_together(version: str) -> None:
    made = records(version)
    linked = [record for record in made if "parentUuid" in record]
    assert linked[0]["parentUuid"] is None
    for before, after in pairwise(linked):
        assert after["parentUuid"] == before["uuid"]
    assert len({record["uuid"] for record in linked}) == len(linked)
    assert all(record["version"] == version and record["cwd"] == "/repo" for record in linked)
    assert transcript.leaf_of(made) == linked[-1]["uuid"]


@pytest.mark.parametrize("version", OBSERVED)
def test_what_was_written_is_read_back(version: str, tmp_path: Path) -> None:
    path = tmp_path / "p" / "s.jsonl"
    transcript.append(str(path), records(version, 3), 0o600)
    read = load(str(path), Release.of(version))
    assert read.turns == [("p1", "r1"), ("p2", "r2"), ("p3", "r3")]
    assert read.resumable
    assert not read.dangling
    assert read.cwd == "/repo"
    assert read.leaf == transcript.leaf_of(read.records)


def test_the_prompt_is_on_disk_before_the_answer_since_2_1_112() -> None:
    # Measured with a slow API: up to 2.1.50 nothing but queue operations is there while the model is asked.
    for version, early in (("1.0.128", []), ("2.0.77", ["queue-operation"]), ("2.1.112", ["user", "attachment"])):
        turn = transcript.Turn(Release.of(version), session_id="s", cwd="/", prompt="p", now=NOW)
        types = [record["type"] for record in turn.prompt_records()]
        assert types[-len(early) :] == early if early else types == []


def test_a_failed_request_leaves_no_answer_record() -> None:
    turn = transcript.Turn(Release.of("2.1.329"), session_id="s", cwd="/", prompt="p", now=NOW)
    turn.prompt_records()
    types = [record["type"] for record in turn.late_records() + turn.after_error()]
    assert types == ["last-prompt", "atis-latch", "cost-state"]


def test_a_user_and_an_assistant_record_alone() -> None:
    release = Release.of("2.1.112")
    user = transcript.user_record(release, session_id="s", cwd="/", prompt="p", now=NOW)
    answer = transcript.assistant_record(release, session_id="s", cwd="/", reply="r", now=NOW, parent=user["uuid"])
    assert user["message"] == {"role": "user", "content": "p"}
    assert user["timestamp"] == "2026-11-21T03:32:54.966Z"
    assert answer["parentUuid"] == user["uuid"]
    assert answer["message"]["content"] == [{"type": "text", "text": "r"}]


@pytest.mark.parametrize("text", ["é 漢 🎉", "\u2028", "a\nb\x07", "\ud800 alone", ""])
def test_a_record_is_one_line_of_utf8(text: str) -> None:
    line = transcript.dump({"a": text})
    assert "\n" not in line
    assert json.loads(line.encode()) == {"a": text}


def test_letters_stay_as_they_are() -> None:
    assert transcript.dump({"a": "é", "b": 1}) == '{"a":"é","b":1}'


def test_append_adds_to_what_is_there_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    before = os.umask(0)
    try:
        transcript.append(str(path), [{"a": 1}], 0o600)
        transcript.append(str(path), [{"a": 2}], 0o644)
    finally:
        os.umask(before)
    assert path.read_text() == '{"a":1}\n{"a":2}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
