"""Points are where they are said to be: what is on the disk afterwards shows whether a call was made."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.point import Point, Watched, real_and_named
from pytest_claude_sessions.crash.ptrace import NoTracing, check_machine
from pytest_claude_sessions.crash.tracer import command_prefix

WORK = 'cd "$1" && printf one >f.new && chmod 600 f.new && mv f.new f'
CHANGES = ["openat f.new", "write f.new", "fchmodat f.new", "renameat2 f"]


@pytest.fixture(autouse=True)
def _can_be_traced() -> None:
    try:
        check_machine()
    except NoTracing as reason:
        pytest.skip(str(reason))


def traced(tmp_path: Path, point: Point | None, *command: str, untraced: str = "") -> tuple[int, list[str], str]:
    """Run a command; its status, the changes, and what it wrote on stderr."""
    files, report = tmp_path / "files", tmp_path / "report"
    files.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    watched = Watched(real_and_named([files]), untraced, point)
    words = command or ("bash", "-c", WORK, "sh", str(files))
    done = subprocess.run([*command_prefix(watched, str(report)), *words], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return done.returncode, [f"{name} {Path(path).name}" for name, path in lines], done.stderr


def found(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (tmp_path / "files").iterdir()}


def test_changes_of_a_shell_and_of_what_it_starts_are_seen(tmp_path: Path) -> None:
    status, changes, _ = traced(tmp_path, None)
    assert (status, changes, found(tmp_path)) == (0, CHANGES, {"f": "one"})


@pytest.mark.parametrize(
    ("kind", "number", "left"),
    [
        ("before", 1, {}),
        ("after", 1, {"f.new": ""}),
        ("before", 2, {"f.new": ""}),
        ("after", 2, {"f.new": "one"}),
        ("before", 4, {"f.new": "one"}),
        ("after", 4, {"f": "one"}),
    ],
)
def test_kill_comes_just_before_or_just_after_the_call(
    tmp_path: Path, kind: str, number: int, left: dict[str, str]
) -> None:
    status, changes, _ = traced(tmp_path, Point(kind, number))
    assert status == 137
    assert changes == CHANGES[:number]
    assert found(tmp_path) == left


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ENOSPC", "No space left on device"), ("EIO", "Input/output error"), ("EROFS", "Read-only file system")],
)
@pytest.mark.parametrize(
    ("number", "left"), [(1, {}), (2, {"f.new": ""}), (3, {"f.new": "one"}), (4, {"f.new": "one"})]
)
def test_call_that_fails_is_not_made_and_the_program_is_told(
    tmp_path: Path, kind: str, said: str, number: int, left: dict[str, str]
) -> None:
    status, changes, stderr = traced(tmp_path, Point(kind, number))
    assert (status, changes) == (1, CHANGES[:number])
    assert said in stderr
    assert found(tmp_path) == left


def test_only_that_one_call_fails(tmp_path: Path) -> None:
    again = f"({WORK}) || ({WORK})"
    status, changes, _ = traced(tmp_path, Point("EIO", 2), "bash", "-c", again, "sh", str(tmp_path / "files"))
    assert (status, changes) == (0, [*CHANGES[:2], *CHANGES])


def test_processes_beside_the_one_that_is_stopped_end_too(tmp_path: Path) -> None:
    """The shell would go on after its child's end, and make the file in the end."""
    work = 'cd "$1"; mkdir one; touch two'
    status, changes, _ = traced(tmp_path, Point("before", 1), "bash", "-c", work, "sh", str(tmp_path / "files"))
    assert (status, changes, found(tmp_path)) == (137, ["mkdir one"], {})


def test_what_claude_does_is_not_the_managers(tmp_path: Path) -> None:
    claude = tmp_path / "claude"
    claude.write_text('#!/bin/sh\necho of claude >"$1/its"\n')
    claude.chmod(0o755)
    words = ("bash", "-c", f'"{claude}" "$1"; echo >"$1/own"', "sh", str(tmp_path / "files"))
    status, changes, _ = traced(tmp_path, Point("before", 3), *words, untraced=str(claude))
    assert (status, changes) == (0, ["openat own", "write own"])
    assert found(tmp_path)["its"] == "of claude\n"


def test_changes_elsewhere_and_reads_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "there").write_text("text")
    work = 'cat "$1/files/there" >"$1/elsewhere"; mkdir "$1/files beside"; ln "$1/elsewhere" "$1/files/linked"'
    status, changes, _ = traced(tmp_path, None, "bash", "-c", work, "sh", str(tmp_path))
    assert (status, changes) == (0, ["linkat linked"])


def test_threads_are_followed(tmp_path: Path) -> None:
    work = "import sys, threading; t = threading.Thread(target=open, args=(sys.argv[1], 'w')); t.start(); t.join()"
    words = (sys.executable, "-S", "-c", work, str(tmp_path / "files" / "of a thread"))
    assert traced(tmp_path, None, *words)[:2] == (0, ["openat of a thread"])
    assert traced(tmp_path, Point("EROFS", 1), *words)[1] == ["openat of a thread"]


def test_command_that_is_not_there(tmp_path: Path) -> None:
    status, changes, stderr = traced(tmp_path, None, "no-such-command")
    assert (status, changes) == (127, [])
    assert "no-such-command: No such file or directory" in stderr


def test_strace_sees_the_same(tmp_path: Path) -> None:
    """Another tracer as a witness: the same calls on the same files, in the same order."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    files, log = tmp_path / "files", tmp_path / "log"
    files.mkdir()
    names = "trace=openat,write,fchmodat,renameat2"
    command = ["strace", "-f", "-y", "-e", names, "-e", "signal=none", "-o", str(log), "bash", "-c", WORK, "sh"]
    subprocess.run([*command, str(files)], check=True)
    seen = [line for line in log.read_text().splitlines() if "f.new" in line and "O_RDONLY" not in line]
    called = [re.search(r"(\w+)\(", line) for line in seen]
    assert [call[1] for call in called if call] == [change.split()[0] for change in CHANGES]
