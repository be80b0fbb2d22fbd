"""Damaged transcripts as each release reads them: measured with copies damaged in these ways against a loopback API.

The numbers are the messages that the real release sent for one more prompt; a transcript of three turns, undamaged,
makes seven, and one more in the releases that add a system message.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.claude import transcript
from pytest_claude_sessions.claude.conversation import Conversation, load, text_of
from pytest_claude_sessions.claude.release import OBSERVED, Release, parse_version

NOW = 1_795_231_974.966
SINCE_1_0_31 = OBSERVED[1:]


def lines(version: str) -> list[str]:
    made: list[dict[str, Any]] = []
    for number in (1, 2, 3):
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
    return [transcript.dump(record) for record in made]


def spoken(version: str) -> tuple[list[str], list[int]]:
    """The lines of a transcript and where its three prompts and answers stand."""
    made = lines(version)
    return made, [i for i, line in enumerate(made) if json.loads(line)["type"] in ("user", "assistant")]


def read(tmp_path: Path, version: str, text: list[str] | bytes) -> Conversation:
    path = tmp_path / "t.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else "".join(line + "\n" for line in text).encode())
    return load(str(path), Release.of(version))


def sent(conversation: Conversation, version: str) -> int:
    return conversation.sent(Release.of(version), "/repo")


BROKEN = {
    # version: messages sent when the 1st, 2nd, ... 6th of the prompts and answers cannot be read
    "1.0.31": [7, 5, 5, 3, 3, 7],
    "1.0.98": [7, 5, 5, 3, 3, 7],
    "1.0.128": [7, 5, 5, 3, 3, 7],
    "2.0.77": [6, 5, 4, 3, 2, 7],
    "2.1.0": [6, 5, 4, 3, 2, 7],
    "2.1.50": [7, 5, 5, 3, 3, 7],
    "2.1.112": [7, 5, 5, 5, 5, 7],
    "2.1.160": [8, 6, 6, 6, 6, 8],
    "2.1.329": [8, 6, 6, 6, 6, 8],
}


@pytest.mark.parametrize("version", BROKEN)
def test_a_line_that_cannot_be_read(version: str, tmp_path: Path) -> None:
    counts = []
    for which in range(6):
        made, at = spoken(version)
        made[at[which]] = "garbage"
        counts.append(sent(read(tmp_path, version, made), version))
    # The first line broken: 2.1.112 and later still find the attachments that hang on it, so it is left out here.
    first = 0 if parse_version(version) < (2, 1, 112) else 1
    assert counts[first:] == BROKEN[version][first:]


@pytest.mark.parametrize("version", OBSERVED)
def test_a_torn_answer_leaves_an_unanswered_prompt(version: str, tmp_path: Path) -> None:
    made, at = spoken(version)
    torn = "".join(line + "\n" for line in made[: at[5]]) + made[at[5]][:60]
    conversation = read(tmp_path, version, torn.encode())
    if version == "1.0.0":
        # It writes no answer of its own: the prompt and the next one become one message.
        assert not conversation.dangling
        assert sent(conversation, version) == 5
    else:
        assert conversation.dangling
        assert conversation.turns[-1] == ("p3", "No response requested.")
        assert sent(conversation, version) == 7 + bool(Release.of(version).behaviour["system_messages"])


@pytest.mark.parametrize(("version", "begun"), [("2.1.114", False), ("2.1.160", True), ("2.1.329", False)])
def test_a_turn_that_had_begun_is_gone_on_with(version: str, begun: bool, tmp_path: Path) -> None:
    made = transcript.Turn(Release.of(version), session_id="s", cwd="/repo", prompt="p1", now=NOW).prompt_records()
    whole = [transcript.dump(record) for record in made]
    conversation = read(tmp_path, version, whole)
    assert (conversation.dangling, conversation.failed) == (True, begun)
    bare = [line for line in whole if json.loads(line)["type"] != "attachment"]
    assert not read(tmp_path, version, bare).failed


@pytest.mark.parametrize(("version", "fewer"), [("2.1.114", 0), ("2.1.160", 1), ("2.1.329", 0)])
def test_a_token_spares_the_system_message_of_one_release(
    version: str, fewer: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAUDE_CODE_OAUTH_TOKEN", raising=False)
    conversation = read(tmp_path, version, lines(version))
    by_key = sent(conversation, version)
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "made-up")
    assert sent(conversation, version) == by_key - fewer


@pytest.mark.parametrize("version", SINCE_1_0_31)
def test_a_torn_prompt_is_as_if_it_had_not_been_written(version: str, tmp_path: Path) -> None:
    made, at = spoken(version)
    torn = "".join(line + "\n" for line in made[: at[4]]) + made[at[4]][:60]
    conversation = read(tmp_path, version, torn.encode())
    assert [turn[0] for turn in conversation.turns] == ["p1", "p2"]


HARMLESS = {
    "unknown records": lambda made: [x for line in made for x in (line, '{"type":"brand-new","x":1}')],
    "scalars at the end": lambda made: [*made, "[1]", '"s"', "3"],
    "blank lines": lambda made: [x for line in made for x in (line, "")],
    "another cwd": lambda made: [line.replace("/repo", "/elsewhere") for line in made],
    "another session id": lambda made: [line.replace('"sessionId":"s"', '"sessionId":"other"') for line in made],
}


@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.parametrize("version", OBSERVED)
def test_what_does_no_harm(version: str, kind: str, tmp_path: Path) -> None:
    conversation = read(tmp_path, version, HARMLESS[kind](lines(version)))
    assert conversation.resumable
    assert conversation.turns == [("p1", "r1"), ("p2", "r2"), ("p3", "r3")]


@pytest.mark.parametrize("version", OBSERVED)
def test_crlf_and_a_missing_last_line_end_do_no_harm(version: str, tmp_path: Path) -> None:
    for text in ("\r\n".join(lines(version)) + "\r\n", "\n".join(lines(version))):
        assert len(read(tmp_path, version, text.encode()).turns) == 3


@pytest.mark.parametrize(("version", "turns"), [("2.0.0", 2), ("2.0.77", 3), ("2.1.329", 3)])
def test_a_byte_order_mark_costs_the_first_record_in_old_releases(version: str, turns: int, tmp_path: Path) -> None:
    made, at = spoken(version)
    text = "".join(line + "\n" for line in made[at[0] :])
    conversation = read(tmp_path, version, b"\xef\xbb\xbf" + text.encode())
    assert len([prompt for prompt, _ in conversation.turns]) == turns


@pytest.mark.parametrize("text", [b"", b"  \n\n\t\n", b"garbage\n", b'{"type":"summary","summary":"x"}\n', b"{"])
@pytest.mark.parametrize("version", OBSERVED)
def test_nothing_to_resume(version: str, text: bytes, tmp_path: Path) -> None:
    conversation = read(tmp_path, version, text)
    assert not conversation.resumable
    assert conversation.messages == []


def test_a_file_that_is_not_there_cannot_be_resumed(tmp_path: Path) -> None:
    assert not load(str(tmp_path / "none.jsonl"), Release.of("2.1.329")).resumable


@pytest.mark.parametrize(("version", "resumable"), [("2.1.50", True), ("2.1.112", False), ("2.1.329", False)])
@pytest.mark.parametrize("mistake", ["sidechain", "no time stamp"])
def test_an_odd_last_record_is_refused_since_2_1_112(
    version: str, resumable: bool, mistake: str, tmp_path: Path
) -> None:
    made, at = spoken(version)
    last = json.loads(made[at[5]])
    if mistake == "sidechain":
        last["isSidechain"] = True
    else:
        del last["timestamp"]
    made[at[5]] = transcript.dump(last)
    assert read(tmp_path, version, made).resumable == resumable


@pytest.mark.parametrize(("version", "last"), [("2.1.50", "p3"), ("2.1.112", "r3")])
def test_the_newest_or_the_last_record_is_the_leaf(version: str, last: str, tmp_path: Path) -> None:
    made, at = spoken(version)
    old = json.loads(made[at[5]])
    old["timestamp"] = "2020-01-01T00:00:00.000Z"
    made[at[5]] = transcript.dump(old)
    conversation = read(tmp_path, version, made)
    assert next(text_of(r) for r in reversed(conversation.chain) if r["type"] in ("user", "assistant")) == last


@pytest.mark.parametrize(("version", "kept"), [("2.0.0", True), ("2.0.77", False), ("2.1.329", False)])
def test_an_api_error_is_no_answer(version: str, kept: bool, tmp_path: Path) -> None:
    made, at = spoken(version)
    error = json.loads(made[at[5]])
    error["isApiErrorMessage"] = True
    made[at[5]] = transcript.dump(error)
    conversation = read(tmp_path, version, made)
    assert not conversation.dangling
    assert (("assistant", "r3") in conversation.messages) == kept
    # Without it the prompt and the next one become one message.
    assert sent(conversation, version) == (7 if kept else 5 + bool(Release.of(version).behaviour["system_messages"]))


def test_a_loop_of_parents_ends(tmp_path: Path) -> None:
    made, at = spoken("2.1.112")
    first, last = json.loads(made[at[0]]), json.loads(made[at[5]])
    first["parentUuid"] = last["uuid"]
    made[at[0]] = transcript.dump(first)
    assert read(tmp_path, "2.1.112", made).turns == [("p1", "r1"), ("p2", "r2"), ("p3", "r3")]


def test_the_newest_release_says_when_the_directory_is_another(tmp_path: Path) -> None:
    conversation = read(tmp_path, "2.1.329", lines("2.1.329"))
    release = Release.of("2.1.329")
    assert conversation.sent(release, "/elsewhere") == conversation.sent(release, "/repo") + 1


def test_text_of_blocks_is_joined() -> None:
    blocks = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert text_of({"message": {"content": blocks}}) == "a\nb"
    assert text_of({"message": {"content": None}}) == ""
