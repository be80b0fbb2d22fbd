"""What counts as a change of a watched file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.count import counted, told
from pytest_claude_sessions.crash.point import Point, Watched, is_idle, opens_to_change, real_and_named
from pytest_claude_sessions.suite.verdict import PASSED, CheckResult


def test_watched_again_from_plain_data() -> None:
    for point in (None, Point("EIO", 3)):
        watched = Watched(("/a", "/b"), "/bin/claude", point)
        assert Watched.from_json(watched.as_json()) == watched


@pytest.mark.parametrize(
    ("path", "covered"),
    [("/a/b", True), ("/a/b/c", True), ("/a/bc", False), ("/a", False), ("/a/b/../c", False), ("/x/../a/b/c", True)],
)
def test_directory_covers_what_is_below_it(path: str, covered: bool) -> None:
    assert Watched(("/a/b",)).covers(path) is covered


def test_directory_behind_a_link_is_watched_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert real_and_named([tmp_path / "link"]) == (str(tmp_path / "link"), str((tmp_path / "real").resolve()))


def test_opens_that_change() -> None:
    assert [opens_to_change(f) for f in (os.O_RDONLY, os.O_CREAT, os.O_TRUNC, os.O_RDWR)] == [False, True, True, True]


def test_point_in_words() -> None:
    assert [str(Point("before", 2)), str(Point("EIO", 1))] == ["killed just before change 2", "EIO at change 1"]


def test_counts_of_several_checks() -> None:
    def result(name: str, kind: str, tried: int, survived: int) -> CheckResult:
        crash = {"form": "traced", "work": "w", "kind": kind, "tried": tried, "survived": survived}
        return CheckResult(name, "STO-06", PASSED, 0.1, crash=crash)

    found = counted([result("b", "after", 4, 3), CheckResult("c", "STO-01", PASSED, 0.1), result("a", "before", 4, 4)])
    assert found is not None
    assert [entry["test"] for entry in found["series"]] == ["a", "b"]
    assert told(found) == "crash points (traced): 8 tried, 7 survived (before 4, after 4)"
    assert counted([CheckResult("c", "STO-01", PASSED, 0.1)]) is None


def test_what_is_done_already_is_no_change(tmp_path: Path) -> None:
    there, gone = str(tmp_path), str(tmp_path / "gone")
    idle = [(name, path) for name in ("mkdir", "unlinkat", "openat") for path in (there, gone) if is_idle(name, path)]
    assert idle == [("mkdir", there), ("unlinkat", gone)]
