"""`python -m pytest_claude_sessions.stream.check`: whether the installed SDK still parses recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.stream.check import main
from pytest_claude_sessions.stream.sdk import Sdk

from .test_recordings import KEPT


@pytest.fixture
def newest(sdk: Sdk) -> None:
    if not sdk.refuses_corrupt_lines:
        pytest.skip(f"claude-agent-sdk {sdk.version} is older than the recordings")


def changed(tmp_path: Path, change: Any) -> Path:
    """A copy of a kept recording with its first typed event changed."""
    events = [json.loads(line) for line in (KEPT / "two_turns.jsonl").read_text().splitlines()]
    change(next(event for event in events if event.get("as") == "AssistantMessage"))
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_the_kept_recordings_are_parsed_as_they_were(newest: None, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(path) for path in sorted(KEPT.glob("*.jsonl"))]
    assert main(paths) == 0
    assert capsys.readouterr().out.count("all parsed as when it was recorded") == len(paths)


def test_a_frame_that_is_refused_is_told(newest: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed(tmp_path, lambda event: event["out"].pop("message"))
    assert main([str(path)]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{path}:")
    assert "assistant was AssistantMessage with claude-agent-sdk" in line
    assert "is MessageParseError: " in line


def test_a_frame_that_is_read_as_something_else_is_told(
    newest: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(tmp_path, lambda event: event.update({"as": "OtherMessage"}))
    assert main([str(path)]) == 1
    assert "was OtherMessage" in capsys.readouterr().out


def test_a_frame_that_is_understood_at_last_is_no_fault(newest: None, tmp_path: Path) -> None:
    assert main([str(changed(tmp_path, lambda event: event.update({"as": "passed over"})))]) == 0


def test_a_bad_file_and_a_good_one(newest: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing.jsonl"), str(KEPT / "two_turns.jsonl")]) == 2
    told = capsys.readouterr()
    assert "nothing.jsonl: cannot be read" in told.err
    assert "all parsed" in told.out


def test_without_files_it_tells_its_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "FILE..." in capsys.readouterr().err
