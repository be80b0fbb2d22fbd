from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import audit


def told(event: str, *args: object) -> list[str]:
    return [path for path, _ in audit.paths(event, args)]


def test_paths_are_made_absolute() -> None:
    assert told("open", "a/b", "r", 0) == [os.path.join(os.getcwd(), "a/b")]
    assert told("open", b"/a/b", "r", 0) == ["/a/b"]
    assert told("open", Path("/a/b"), "r", 0) == ["/a/b"]


def test_a_file_descriptor_is_no_path() -> None:
    assert told("open", 3, "r", 0) == told("os.listdir", 3) == told("os.truncate", 3, 0) == []


def test_what_is_relative_to_a_directory_descriptor_is_left_out() -> None:
    assert told("os.remove", "name", 5) == []
    assert told("os.remove", "name", -1) == [os.path.join(os.getcwd(), "name")]
    assert told("os.rename", "one", "two", 5, -1) == [os.path.join(os.getcwd(), "two")]
    assert told("open", "name", None, 0) == []
    assert told("open", "/name", None, 0) == ["/name"]


def test_no_directory_means_the_current_one() -> None:
    assert told("os.listdir", None) == [os.path.join(os.getcwd(), ".")]


def test_a_links_target_is_relative_to_the_link() -> None:
    assert told("os.symlink", "../b", "/x/y/link", -1) == ["/x/y/../b", "/x/y/link"]


def test_a_null_byte_or_a_wrong_type_is_left_to_the_call_itself() -> None:
    assert told("shutil.chown", None, 1, 2) == []
    assert told("open", 1.5, "r", 0) == []


@pytest.mark.parametrize("event", sorted(audit.PATHS))
def test_events_with_too_few_arguments_are_harmless(event: str) -> None:
    assert told(event, 7) == []


def test_reading_source_is_told_from_writing_it() -> None:
    frame = sys._getframe()
    assert audit.by_python("open", ("/x.py", "r", os.O_RDONLY), "/x.py", frame)
    assert not audit.by_python("open", ("/x.py", "w", os.O_WRONLY | os.O_CREAT), "/x.py", frame)
    assert not audit.by_python("open", ("/x.json", "r", os.O_RDONLY), "/x.json", frame)
    assert not audit.by_python("os.listdir", ("/x",), "/x", frame)
