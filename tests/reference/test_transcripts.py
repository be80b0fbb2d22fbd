"""Claude's own files as the reference reads them: which Claudes run, and which transcripts hold a conversation."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.reference import lines as lines_module
from pytest_claude_sessions.reference.lines import lines_with
from pytest_claude_sessions.reference.transcripts import Transcripts

ID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("pid", "runs"),
    # With names of their own: two workers of pytest-xdist must collect the same ones.
    [
        pytest.param(os.getpid(), True, id="mine"),
        pytest.param(0, False, id="zero"),
        pytest.param(-1, False, id="negative"),
        pytest.param(10**30, False, id="impossible"),
        pytest.param(None, False, id="none"),
        pytest.param("x", False, id="text"),
    ],
)
def test_an_entry_counts_when_its_process_lives(claude_config_dir: ConfigDir, pid: object, runs: bool) -> None:
    sessions = claude_config_dir.path / "sessions"
    sessions.mkdir(exist_ok=True)
    (sessions / "1.json").write_text(json.dumps({"sessionId": ID, "pid": pid}))
    assert Transcripts(claude_config_dir.path).is_running(ID) is runs


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["user", "assistant", "summary", "us\u00e9r"]),
        "message": st.sampled_from([{"role": "user", "content": "hello"}, "hello", None]),
        "isSidechain": st.booleans(),
        "uuid": st.text(max_size=3),
    },
)
ODD = st.sampled_from(
    [
        b'{"type":"\\u0075ser","message":{}}',
        b'\xef\xbb\xbf{"type":"user","message":{}}',
        b'{"type":"user","message":{"content":"\xff"}}',
        b'["user"]',
        b'{"type":"user"',
        b"",
        b'"' + b"x" * 70_000 + b'"',
    ]
)


@given(
    lines=st.lists(st.one_of(RECORDS.map(lambda record: json.dumps(record).encode()), ODD), max_size=6),
    end=st.sampled_from([b"", b"\n"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_first_prompt_tells_what_the_whole_file_does(
    claude_config_dir: ConfigDir, lines: list[bytes], end: bytes
) -> None:
    path = claude_config_dir.project_dir() / f"{ID}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(lines) + end)
    transcripts = Transcripts(claude_config_dir.path)
    assert transcripts.holds_conversation(path) is (transcripts.chain(path) is not None)


def test_line_that_is_too_long_hides_none_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LONGEST_RECORD", 3 * 10**6)
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b'"user"' * 10**6 + b"\n" + b'{"type":"user"}\nother\n' + b'"user" at the end')
    assert list(lines_with(path, b'"user"')) == [b'{"type":"user"}', b'"user" at the end']


def test_what_is_no_file_has_no_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert [list(lines_with(tmp_path / name, b"x")) for name in ("fifo", "missing", ".")] == [[], [], []]
