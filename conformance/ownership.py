"""Directories of another user, and writing as that one."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pytest_claude_sessions.suite.judgement import CouldNotRun

ANOTHER = 65534
"""A user who is neither root nor, on most machines, anybody."""


def another_user() -> int:
    """The id of a user to whom directories can be given.

    :raises CouldNotRun: where this process may not give any away
    """
    if os.geteuid() != 0:
        raise CouldNotRun(f"directories of another user take root, and this runs as user {os.geteuid()}")
    return ANOTHER


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[None]:
    """Let other users pass the directories above a path that is ours, as they can on a host; afterwards as before."""
    with contextlib.ExitStack() as undo:
        for directory in path.resolve().parents:
            mode = stat.S_IMODE(directory.stat().st_mode)
            if mode & 0o001:
                continue
            try:
                directory.chmod(mode | 0o011)
            except OSError as error:
                raise CouldNotRun(
                    f"another user cannot reach {path}: {directory} is closed ({error.strerror})"
                ) from error
            undo.callback(directory.chmod, mode)
        yield


def writes_as(user: int, directory: Path) -> str:
    """What a process of that user is told that makes a file there and removes it; empty when it can."""
    script = 'cd -- "$1" && echo here > ./written && rm ./written'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(directory)],
        cwd="/",
        user=user,
        group=user,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit status {done.returncode}"
