from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.bind.attempt import (
    append_refusal,
    error_name,
    write_refusal,
    write_refusal_of_child,
)


def test_a_write_that_passes_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    os.utime(tmp_path, ns=(1, 2))
    assert write_refusal(str(tmp_path)) is None
    assert write_refusal(str(tmp_path), b"data") is None
    assert write_refusal_of_child([], str(tmp_path)) is None
    assert append_refusal(str(tmp_path / "file")) is None
    assert os.listdir(tmp_path) == ["file"]
    assert tmp_path.stat().st_mtime_ns == 2
    assert (tmp_path / "file").read_text() == "kept"


def test_a_refusal_carries_its_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for refusal in (write_refusal(missing), write_refusal_of_child([], missing), append_refusal(missing)):
        assert refusal is not None
        assert (refusal.errno, error_name(refusal)) == (errno.ENOENT, "ENOENT")


def test_data_that_does_not_fit_is_a_refusal_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    refusal = write_refusal(str(tmp_path), b"x")
    assert refusal is not None
    assert error_name(refusal) == "ENOSPC"
    assert os.listdir(tmp_path) == []


def test_a_child_that_cannot_try_is_not_taken_for_a_refusal(tmp_path: Path) -> None:
    complaint = [sys.executable, "-c", "import sys; print('no such namespace', file=sys.stderr); sys.exit(3)"]
    with pytest.raises(RuntimeError, match=r"^no such namespace$"):
        write_refusal_of_child(complaint, str(tmp_path))
    with pytest.raises(RuntimeError, match="exit status 0"):
        write_refusal_of_child([sys.executable, "-c", ""], str(tmp_path))


def test_errors_without_a_name_are_shown_as_they_are() -> None:
    assert error_name(OSError("odd")) == "odd"
