from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import Entry, snapshot


def test_every_kind_of_thing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True, mode=0o750)
    (root / "sub" / "file").write_bytes(b"abc")
    (root / "sub" / "file").chmod(0o640)
    os.utime(root / "sub" / "file", ns=(5, 7_000_000_009))
    (root / "link").symlink_to("sub/file")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "fifo")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
    tree = snapshot(root)
    assert sorted(tree.entries) == ["fifo", "link", "loop", "sock", "sub", "sub/file"]
    digest = hashlib.sha256(b"abc").hexdigest()
    assert tree.entries["sub/file"] == Entry("file", 3, 0o640, 7_000_000_009, sha256=digest)
    assert tree.entries["link"].target == "sub/file"
    kinds = {name: entry.kind for name, entry in tree.entries.items()}
    assert (kinds["fifo"], kinds["sock"], kinds["loop"], kinds["sub"]) == (
        "fifo",
        "socket",
        "link",
        "directory",
    )
    assert "sub" in tree
    assert len(tree) == 6


def test_a_link_to_a_directory_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("x")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    assert list(snapshot(tmp_path / "root").entries) == ["link"]


def test_a_root_that_is_missing_is_empty_and_a_file_is_itself(tmp_path: Path) -> None:
    assert len(snapshot(tmp_path / "nothing")) == 0
    (tmp_path / "file").write_text("x")
    assert snapshot(tmp_path / "file").entries["."].size == 1


def test_a_name_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    assert snapshot(tmp_path / "none").diff(snapshot(tmp_path))[0].startswith(r"added 'caf\udce9' (1 B")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_there_without_a_hash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0)
    assert snapshot(tmp_path).entries["file"].sha256 is None


def test_looking_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_text("x")
    assert snapshot(tmp_path).diff(snapshot(tmp_path)) == []
