"""Writing files so that a crash leaves the old or the new, and no other user can read them (STO-06, STO-12)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ..manager import ManagerError

UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOTDIR}


def unwritable(path: Path, error: OSError) -> ManagerError:
    """The refusal for a file that cannot be written, with the cause."""
    return ManagerError("unwritable", f"cannot write {path}: {error.strerror or error}; nothing was saved")


def open_private(path: Path, flags: int) -> int:
    """Open a file that its owner alone can read, whatever the umask."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def private_directory(path: Path) -> None:
    """Make a directory that its owner alone can enter."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def replace_bytes(path: Path, content: bytes, *, through_power_cut: bool = True) -> None:
    """Put `content` in the place of the file at `path` in one step that survives a crash.

    :param through_power_cut: whether it must survive one of the machine too, not of the process alone
    :raises ManagerError: `unwritable`, with the earlier file intact
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(content)
                if through_power_cut:
                    stream.flush()
                    os.fsync(stream.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        if through_power_cut:
            sync_directory(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def sync_directory(path: Path) -> None:
    """Make a rename in this directory last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path, suffix: str) -> Path:
    """Rename a file to a name with this suffix that is not taken, its bytes, mode and times as they were.

    A link is renamed itself, never what it points to.

    :raises OSError: when it cannot be moved; it is then where it was
    """
    regular = path.is_file() and not path.is_symlink()
    number = 0
    while True:
        target = path.with_name(path.name + suffix + (f"-{number}" if number else ""))
        number += 1
        if not regular:
            if os.path.lexists(target):
                continue
            os.rename(path, target)
            return target
        try:
            # Taking the name first keeps a file of that name from ever being overwritten.
            os.close(open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            continue
        try:
            os.replace(path, target)
        except OSError:
            target.unlink()
            raise
        return target
