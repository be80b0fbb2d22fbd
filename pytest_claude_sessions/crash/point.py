"""Points at which a manager is interrupted, and the calls that they are counted by."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BEFORE = "before"
AFTER = "after"
KILLS = (BEFORE, AFTER)
ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EROFS": errno.EROFS}
KINDS = (*KILLS, *ERRORS)
"""Killed just before the call is made, killed just after it was made, or the call fails with that error."""

FLUSHES = frozenset({"fsync", "fdatasync", "sync_file_range", "syncfs", "msync"})
"""Calls that change nothing which a process could read."""


@dataclass(frozen=True, slots=True)
class Point:
    """What happens at which call.

    :param kind: one of :data:`KINDS`
    :param number: of the call among those that change the manager's files, from 1
    """

    kind: str
    number: int

    @property
    def error(self) -> int | None:
        """The number of the error that the call fails with; None where the manager is killed."""
        return ERRORS.get(self.kind)

    def __str__(self) -> str:
        what = f"killed just {self.kind}" if self.kind in KILLS else f"{self.kind} at"
        return f"{what} change {self.number}"


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes a file of the manager's, or opens one for that.

    :param name: of the system call
    :param path: the file; of a rename the new name
    """

    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.name} {self.path}"


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, and what is to happen.

    :param directories: changes below them count
    :param untraced: a program whose processes are somebody else's: Claude
    :param point: None watches alone
    """

    directories: tuple[str, ...]
    untraced: str = ""
    point: Point | None = None

    def covers(self, path: str) -> bool:
        """Whether a file, given by its absolute path, is below the directories or one of them."""
        plain = os.path.normpath(path)
        return any(plain == top or plain.startswith(top + os.sep) for top in self.directories)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        point = [self.point.kind, self.point.number] if self.point else None
        return {"directories": self.directories, "untraced": self.untraced, "point": point}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Watched:
        """Back from plain data."""
        point = Point(*data["point"]) if data["point"] else None
        return cls(tuple(data["directories"]), data["untraced"], point)


def is_idle(name: str, path: str) -> bool:
    """Whether a call finds done already what it is to do: `mkdir -p` and `rm -f` make many of them."""
    if name in ("mkdir", "mkdirat"):
        return os.path.lexists(path)
    return name in ("unlink", "unlinkat", "rmdir", "remove") and not os.path.lexists(path)


def opens_to_change(flags: int) -> bool:
    """Whether an open with these flags makes, cuts or may write a file."""
    return bool(flags & (os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR))


def real_and_named(directories: Sequence[os.PathLike[str]]) -> tuple[str, ...]:
    """Directories by the names given, and by those that they have without links."""
    named = [os.path.abspath(directory) for directory in directories]
    return tuple(dict.fromkeys([*named, *(os.path.realpath(name) for name in named)]))
