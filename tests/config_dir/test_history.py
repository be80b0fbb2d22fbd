from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import History, HistoryEntry
from pytest_claude_sessions.config_dir.history import append_history, read_history

from .conftest import NOON
from .test_transcript import ANY_CHARACTERS
from .test_turns import joined_pairs


def test_a_line_is_what_the_program_writes() -> None:
    """As in facts `history`: these keys, in this order, and epoch milliseconds."""
    moment = dt.datetime(2026, 11, 21, 1, 16, 11, 399_000, tzinfo=dt.UTC)
    line = HistoryEntry("first question", moment, "/home/user/repo1", "bb5fa687").line()
    assert line == (
        '{"display":"first question","pastedContents":{},"timestamp":1795223771399,'
        '"project":"/home/user/repo1","sessionId":"bb5fa687"}\n'
    )


def test_what_is_unknown_is_left_out() -> None:
    assert json.loads(HistoryEntry("x", None).line()) == {"display": "x", "pastedContents": {}}


@given(
    st.lists(
        st.builds(
            HistoryEntry,
            st.text(ANY_CHARACTERS).map(joined_pairs),
            st.none() | st.integers(0, 4102444800000).map(lambda ms: NOON.fromtimestamp(ms / 1000, dt.UTC)),
            st.none() | st.text(ANY_CHARACTERS).map(joined_pairs),
            st.none() | st.uuids().map(str),
        ),
        max_size=5,
    )
)
def test_entries_are_read_back_as_they_were_written(entries: list[HistoryEntry]) -> None:
    from pytest_claude_sessions.config_dir import Transcript

    data = "".join(entry.line() for entry in entries).encode()
    read = [HistoryEntry.of(record) for record in Transcript.parse(data).records]
    assert [(e.display, e.project, e.session_id) for e in read] == [
        (e.display, e.project, e.session_id) for e in entries
    ]
    for there, here in zip(read, entries, strict=True):
        if here.timestamp is None or there.timestamp is None:
            assert there.timestamp is here.timestamp
        else:
            assert abs(there.timestamp - here.timestamp) <= dt.timedelta(milliseconds=1)


def test_bad_lines_are_skipped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    entry = HistoryEntry("good", NOON, "/repo", "id")
    append_history(path, [entry, "no json\n", b"\xff\n", "[]\n", '{"display":7,"timestamp":"x"}\n', b"\n", '{"disp'])
    read = read_history(path)
    assert read.entries == (entry, HistoryEntry("", None))
    assert [skipped.reason for skipped in read.skipped] == ["not json", "not json", "not an object", "torn"]


def test_lines_are_appended_and_private(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append_history(path, [HistoryEntry("one", NOON)])
    append_history(path, ["\ud83d is written as it is\n"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().count(b"\n") == 2
    assert path.read_bytes().endswith(b"\xed\xa0\xbd is written as it is\n")


def test_a_history_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == History(())
