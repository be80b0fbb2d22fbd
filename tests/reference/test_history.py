"""The history of the reference manager: anything may be in its files, and very much."""

from __future__ import annotations

import json
import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import ConfigDir, HistoryEntry
from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.history import History
from pytest_claude_sessions.reference.history_prompts import instant_of, readable
from pytest_claude_sessions.reference.lines import BLOCK, LONGEST, lines_from_end, lines_from_start, record_in

A = "4bb63347-fb0d-4478-85b2-c7d1a7f248fa"
B = "dae96318-c8b1-4a2e-9f3d-1c2d3e4f5a6b"
NOON = datetime(2025, 11, 18, 12, tzinfo=UTC)
GIGABYTE = 1 << 30


@pytest.fixture
def config(tmp_path: Path) -> ConfigDir:
    return ConfigDir(tmp_path / "config").create()


@given(content=st.binary(max_size=300) | st.lists(st.binary(max_size=BLOCK)).map(b"\n".join))
def test_lines_from_the_end_are_the_lines(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(content)
    lines = [line for line in content.split(b"\n") if line]
    assert [line for line in lines_from_end(path) if line] == lines[::-1]
    assert [line.rstrip(b"\n") for line in lines_from_start(path) if line and line != b"\n"] == lines


@pytest.mark.parametrize("excess", [0, 1, BLOCK, 3 * BLOCK + 7])
def test_a_line_that_is_too_long_is_passed_by(tmp_path: Path, excess: int) -> None:
    path = tmp_path / "file"
    long = b"x" * (LONGEST + excess)
    path.write_bytes(b"first\n" + long + b"\nlast\n")
    kept = [long] if excess == 0 else []
    assert [line for line in lines_from_end(path) if line] == [b"last", *kept, b"first"]
    assert list(lines_from_start(path, LONGEST + 1)) == [
        b"first\n",
        long + b"\n" if excess == 0 else None,
        b"last\n",
    ]


@pytest.mark.parametrize(("where", "size"), [("first", 1 << 26), ("between", GIGABYTE), ("last", 1 << 26)])
def test_a_gigabyte_line_is_never_held(config: ConfigDir, where: str, size: int) -> None:
    lines = [
        HistoryEntry(prompt, NOON + timedelta(minutes=n), "/p", i) for n, (i, prompt) in enumerate([(A, "a"), (B, "b")])
    ]
    if where != "first":
        config.add_history_lines(lines[0])
    if where == "last":
        config.add_history_lines(lines[1])
    # A hole: as long as any other line for whoever reads it, and no bytes on the disk.
    with config.history_path.open("ab") as stream:
        stream.truncate(stream.tell() + size)
    config.add_history_lines(b"\n")
    config.add_history_lines(*{"first": lines, "between": lines[1:], "last": []}[where])
    tracemalloc.start()
    try:
        listed = History(config.path).newest(20)
        assert tracemalloc.get_traced_memory()[1] < 4 * LONGEST
    finally:
        tracemalloc.stop()
    assert [entry.session_id for entry in listed] == [B, A]


def test_a_gigabyte_line_in_a_transcript_is_never_held(config: ConfigDir) -> None:
    path = config.add_conversation(turns=["before"], session_id=A, cwd="/p").path
    with path.open("ab") as stream:
        stream.truncate(stream.tell() + GIGABYTE)
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n")
    (entry,) = History(config.path).newest(20)
    assert (entry.session_id, entry.project, entry.display, entry.resumable) == (A, "/p", "before", True)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([A, "\ud800", "a\nb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HISTORY_LINE = st.fixed_dictionaries(
    {}, optional={"display": ANY_JSON, "timestamp": ANY_JSON, "project": ANY_JSON, "sessionId": ANY_JSON | st.just(A)}
).map(lambda record: json.dumps(record).encode())
ANY_LINE = (
    st.binary(max_size=100).map(lambda line: line.replace(b"\n", b" "))
    | HISTORY_LINE
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
)


@given(before=st.lists(ANY_LINE, max_size=5), after=st.lists(ANY_LINE, max_size=5), cut=st.integers(0, 200))
def test_anything_may_be_in_a_history(
    before: list[bytes], after: list[bytes], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("config")
    good = HistoryEntry("good", NOON, "/good", B).line().encode()
    content = b"".join(line + b"\n" for line in before) + good + b"".join(line + b"\n" for line in after)
    (directory / "history.jsonl").write_bytes(content[: max(len(content) - cut, content.index(good) + len(good))])
    history = History(directory)
    (entry,) = [entry for entry in history.newest(1000) if entry.session_id == B]
    assert (entry.timestamp, entry.project, entry.resumable) == (NOON, "/good", False)
    assert B in [entry.session_id for entry in history.find("GOOD", 1000)]
    current = history.current(Path("/good"))
    assert current is not None
    assert current.session_id == B
    assert history.resolve("dae9") == B
    for entry in history.newest(1000):
        assert entry.timestamp.tzinfo is not None
        assert readable(entry.display + entry.project) == entry.display + entry.project


@given(lines=st.lists(ANY_LINE, max_size=8))
def test_anything_may_be_in_a_transcript(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    config = ConfigDir(tmp_path_factory.mktemp("config") / "config").create()
    good = config.add_conversation(turns=["good"], session_id=A, cwd="/good", now=NOON).path
    good.with_name(f"{B}.jsonl").write_bytes(b"\n".join(lines))
    history = History(config.path)
    assert A in [entry.session_id for entry in history.newest(20)]
    assert [entry.session_id for entry in history.find("good", 20)][-1:] == [A]
    assert history.resolve("4bb6") == A


@given(text=st.text())
def test_readable_text_is_printable_and_can_be_written(text: str) -> None:
    shown = readable(text)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert shown.encode("utf-8").decode("utf-8") == shown
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1762443128241, datetime(2025, 11, 6, 15, 32, 8, 241000, UTC)),
        (1762443128241.7, datetime(2025, 11, 6, 15, 32, 8, 241000, UTC)),
        (1762443128, datetime(2025, 11, 6, 15, 32, 8, 0, UTC)),
        (1762443128.5, datetime(2025, 11, 6, 15, 32, 8, 500000, UTC)),
        ("2025-11-06T15:32:08.241Z", datetime(2025, 11, 6, 15, 32, 8, 241000, UTC)),
        ("2025-11-06T16:32:08.241+01:00", datetime(2025, 11, 6, 15, 32, 8, 241000, UTC)),
        *[
            (none, None)
            for none in (0, -1, 10**18, 10**400, float("nan"), float("inf"), True, None, [], {}, "soon", "20251106")
        ],
    ],
)
def test_instants(stamp: object, expected: datetime | None) -> None:
    assert instant_of(stamp) == expected


@pytest.mark.parametrize("line", [b"[" * 10**6, b'{"a":' * 10**6, b"\xff\xfe", b"9" * 10**5, b"", b"\0"])
def test_what_is_no_record(line: bytes) -> None:
    assert record_in(line) is None


def test_lines_a_little_out_of_order_are_put_in_order(config: ConfigDir) -> None:
    entries = [
        HistoryEntry("p", NOON + timedelta(minutes=n), "/p", f"{n:08x}-0000-4000-8000-000000000000") for n in range(100)
    ]
    for pair in range(0, 100, 2):
        config.add_history_lines(entries[pair + 1], entries[pair])
    expected = [entry.session_id for entry in reversed(entries)]
    assert [entry.session_id for entry in History(config.path).newest(20)] == expected[:20]


def test_equal_times_are_listed_in_one_order(config: ConfigDir) -> None:
    config.add_history_lines(*[HistoryEntry("p", NOON, "/p", session_id) for session_id in (B, A, B)])
    assert [entry.session_id for entry in History(config.path).newest(20)] == [A, B]


def test_of_two_transcripts_of_one_id_the_newer_counts(config: ConfigDir) -> None:
    config.add_conversation(turns=["old"], session_id=A, cwd="/old", now=NOON)
    config.add_conversation(turns=["new"], session_id=A, cwd="/new", now=NOON + timedelta(days=1))
    (entry,) = History(config.path).newest(20)
    assert entry.project == "/new"


@pytest.mark.parametrize("limit", [-1, True, None, 1.5, "20"])
def test_a_limit_that_is_none_is_refused(config: ConfigDir, limit: object) -> None:
    with pytest.raises(ManagerError, match="limit is"):
        History(config.path).newest(limit)  # type: ignore[arg-type]  # what is given is wrong on purpose


def test_a_limit_of_zero_is_nothing(config: ConfigDir) -> None:
    config.add_conversation(history=True)
    assert History(config.path).newest(0) == []


def test_a_missing_config_dir_is_empty(tmp_path: Path) -> None:
    history = History(tmp_path / "none")
    assert history.newest(20) == []
    assert history.find("x", 20) == []
    assert history.current(tmp_path) is None
    with pytest.raises(ManagerError) as refused:
        history.resolve("x")
    assert refused.value.kind == "not_found"
