"""Really trying to write: the only proof that a directory is read-only. Root overrules modes, not mounts."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

_PROBE = """
import os, sys
path = sys.argv[1]
try:
    before = os.stat(os.path.dirname(path))
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(path)
    os.utime(os.path.dirname(path), ns=(before.st_atime_ns, before.st_mtime_ns))
except OSError as error:
    print("refused", error.errno)
else:
    print("written")
"""


def write_refusal(directory: str, data: bytes = b"") -> OSError | None:
    """The error with which creating a file with this data fails, or None; no trace is left."""
    path = _unused_name(directory)
    try:
        before = os.stat(directory)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        return error
    try:
        if data:
            os.write(descriptor, data)
    except OSError as error:
        return error
    finally:
        os.close(descriptor)
        os.unlink(path)
        os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
    return None


def append_refusal(file: str) -> OSError | None:
    """The error with which opening an existing file to append fails, or None; the file is left as it is."""
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK))
    except OSError as error:
        return error
    return None


def write_refusal_of_child(prefix: Sequence[str], directory: str) -> OSError | None:
    """The same as `write_refusal`, tried by a child.

    prefix: what stands before the child's command, `Bound.command([])`.
    Raises RuntimeError with what the child said when it could not even try.
    """
    import subprocess
    import sys

    path = _unused_name(directory)
    child = [*prefix, sys.executable, "-I", "-S", "-c", _PROBE, path]
    done = subprocess.run(child, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    verdict, _, number = done.stdout.strip().partition(" ")
    if done.returncode != 0 or verdict not in ("refused", "written"):
        said = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise RuntimeError(said.splitlines()[-1])
    return OSError(int(number), os.strerror(int(number)), path) if verdict == "refused" else None


def error_name(error: OSError) -> str:
    """`EROFS` and the like, for messages."""
    return errno.errorcode.get(error.errno or 0, str(error))


def _unused_name(directory: str) -> str:
    return os.path.join(directory, f".claude-sessions-attempt-{os.getpid()}-{os.urandom(6).hex()}")
