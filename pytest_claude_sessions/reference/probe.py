"""Writing in a directory as the user who will: permission bits say nothing of mounts, quotas and root (BND-06)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

SIZE = 64 * 1024
"""Bytes that the probe writes: an empty file can still be made on a full disk."""

# The same for another user: a child alone can change who it is. The directory is its working directory.
_AS_ANOTHER = """
mkdir -m 700 "./$1" || exit 1
trap 'rm -f "./$1/probe"; rmdir "./$1"' EXIT
head -c "$2" /dev/zero > "./$1/probe"
"""


def write_problem(directory: Path, owner: os.stat_result) -> str | None:
    """Why the user cannot make a directory with a file in it there, None when that works; no trace is left (BND-07).

    :param owner: whose user and group ids the attempt is made with, where this process may take them on
    """
    name = f".claude-sessions-probe-{os.getpid()}-{os.urandom(6).hex()}"
    with contextlib.suppress(OSError):
        before = directory.stat()
        try:
            if os.geteuid() == 0 and owner.st_uid != 0:
                return _as_another(directory, name, owner)
            return _as_oneself(directory / name)
        finally:
            with contextlib.suppress(OSError):
                os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
    return "it is gone"


def _as_oneself(place: Path) -> str | None:
    try:
        place.mkdir(mode=0o700)
    except OSError as error:
        return error.strerror or str(error)
    probe = place / "probe"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb", buffering=0) as stream:
            left = SIZE
            while left:
                left -= stream.write(bytes(left))
            os.fsync(descriptor)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        probe.unlink(missing_ok=True)
        place.rmdir()
    return None


def _as_another(directory: Path, name: str, owner: os.stat_result) -> str | None:
    # It enters the directory by itself, as the user: one that is not reachable for that user is no good either.
    script = f'cd -- "$3" || exit 1\n{_AS_ANOTHER}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", name, str(SIZE), str(directory)],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"as user {owner.st_uid}: {said[0] if said else f'exit status {done.returncode}'}"
