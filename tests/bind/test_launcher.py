from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytest_claude_sessions.bind.launcher import launch_prefix


def run(*argv: str | Path, **spec: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*launch_prefix(spec), *map(str, argv)], capture_output=True, text=True, cwd="/")


def test_the_program_takes_the_place_of_the_launcher() -> None:
    with subprocess.Popen(
        [
            *launch_prefix({}),
            sys.executable,
            "-c",
            "import os, sys; print(os.getpid(), sys.argv[1:])",
            "a b",
            "-c",
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.read() == f"{child.pid} ['a b', '-c']\n"


def test_exit_status_and_streams_are_the_programs() -> None:
    done = run("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    done = run(tmp_path / "claude")
    assert done.returncode == 127
    assert done.stderr.endswith(f"cannot start {tmp_path / 'claude'}: No such file or directory\n")


def test_a_set_up_that_fails_starts_nothing(tmp_path: Path) -> None:
    done = run("touch", tmp_path / "made", bind={"path": str(tmp_path / "missing"), "writable": []})
    assert done.returncode == 126
    assert done.stderr.startswith("pytest-claude-sessions: cannot set up: ")
    assert not (tmp_path / "made").exists()
