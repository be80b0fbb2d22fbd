from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import snapshot

Change = Callable[[Path], object]
ABC = hashlib.sha256(b"abc").hexdigest()[:12]
XY = hashlib.sha256(b"xy").hexdigest()[:12]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "projects" / "-repo").mkdir(parents=True)
    (tmp_path / "projects").chmod(0o755)
    (tmp_path / "projects" / "-repo").chmod(0o755)
    transcript = tmp_path / "projects" / "-repo" / "a.jsonl"
    transcript.write_bytes(b"abc")
    transcript.chmod(0o600)
    os.utime(transcript, (100, 100))
    (tmp_path / "link").symlink_to("projects")
    return tmp_path


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, (100, 100))


A = "projects/-repo/a.jsonl"
CASES: dict[str, tuple[Change, list[str]]] = {
    "nothing": (lambda r: None, []),
    "added": (lambda r: write(r / "b", b"xy", 0o644), [f"added b (2 B, 0644, sha256 {XY})"]),
    "removed": (lambda r: (r / A).unlink(), [f"removed {A} (3 B, 0600, sha256 {ABC})"]),
    "other bytes": (lambda r: write(r / A, b"xy"), [f"changed {A}: size 3 -> 2 B; sha256 {ABC} -> {XY}"]),
    "other mode": (lambda r: (r / A).chmod(0o644), [f"changed {A}: mode 0600 -> 0644"]),
    "touched": (lambda r: os.utime(r / A, (102.5, 102.5)), [f"changed {A}: mtime +2.500 s"]),
    "touched, a little": (
        lambda r: os.utime(r / A, ns=(0, 100 * 10**9 - 5)),
        [f"changed {A}: mtime -5 ns"],
    ),
    "renamed": (lambda r: (r / A).rename(r / f"{A}.bak"), [f"renamed {A} -> {A}.bak (otherwise the same)"]),
    "renamed with another mode": (
        lambda r: ((r / A).chmod(0o644), (r / A).rename(r / f"{A}.bak")),
        [f"renamed {A} -> {A}.bak (mode 0600 -> 0644)"],
    ),
    "relinked": (
        lambda r: ((r / "link").unlink(), (r / "link").symlink_to("elsewhere")),
        ["changed link: target projects -> elsewhere"],
    ),
    "another kind": (
        lambda r: ((r / A).unlink(), (r / A).mkdir()),
        [f"changed {A}: was a file, is a directory"],
    ),
    "a directory": (lambda r: (r / "d").mkdir(mode=0o700), ["added d/ (0700)"]),
    "a directory's mode": (lambda r: (r / "projects").chmod(0o700), ["changed projects: mode 0755 -> 0700"]),
    "a link": (lambda r: (r / "l").symlink_to("a b"), ["added l -> 'a b' (link)"]),
    "a name with a line end": (
        lambda r: write(r / "a\nremoved x", b"xy"),
        [rf"added 'a\nremoved x' (2 B, 0600, sha256 {XY})"],
    ),
    "two of one content": (
        lambda r: (write(r / "z", b"abc"), (r / A).rename(r / f"{A}.bak")),
        [f"added z (3 B, 0600, sha256 {ABC})", f"renamed {A} -> {A}.bak (otherwise the same)"],
    ),
}


@pytest.mark.parametrize(("change", "lines"), CASES.values(), ids=CASES.keys())
def test_a_change_is_told(root: Path, change: Change, lines: list[str]) -> None:
    before = snapshot(root)
    change(root)
    assert sorted(before.diff(snapshot(root))) == sorted(lines)


def test_a_temporary_file_that_came_and_went_is_no_change(root: Path) -> None:
    before = snapshot(root)
    (root / "projects" / "probe").write_text("x")
    (root / "projects" / "probe").unlink()
    assert before.diff(snapshot(root)) == []


def test_times_can_be_left_out(root: Path) -> None:
    before = snapshot(root)
    os.utime(root / A, (1, 1))
    assert before.diff(snapshot(root), times=False) == []


def test_an_empty_file_is_never_taken_for_another(root: Path) -> None:
    (root / "old").touch(mode=0o644)
    before = snapshot(root)
    (root / "old").unlink()
    (root / "new").touch(mode=0o644)
    assert [line.split()[0] for line in before.diff(snapshot(root))] == ["added", "removed"]


def test_a_big_directory_is_one_line(root: Path) -> None:
    before = snapshot(root)
    for n in range(9):
        (root / "todos" / f"d{n}").mkdir(parents=True)
        (root / "todos" / f"d{n}" / "f").write_bytes(b"xy")
    assert before.diff(snapshot(root)) == ["added todos/ with 18 entries below, 18 B"]
    assert snapshot(root).diff(before) == ["removed todos/ with 18 entries below, 18 B"]


def test_a_big_directory_that_was_moved_is_told_by_its_files(root: Path) -> None:
    (root / "old").mkdir()
    for n in range(9):
        (root / "old" / f"f{n}").write_text(str(n))
    before = snapshot(root)
    (root / "old").rename(root / "new")
    lines = before.diff(snapshot(root))
    assert len([line for line in lines if line.startswith("renamed old/f")]) == 9
    assert [line for line in lines if not line.startswith("renamed")] == [
        "added new/ (0755)",
        "removed old/ (0755)",
    ]


def test_lines_beyond_the_limit_are_counted(root: Path) -> None:
    before = snapshot(root)
    for n in range(50):
        (root / f"f{n:02}").write_bytes(b"xy")
    lines = before.diff(snapshot(root), limit=10)
    assert len(lines) == 11
    assert lines[-1] == "and 40 more changes"
