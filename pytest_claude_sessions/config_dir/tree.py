"""A directory tree as it was at one moment, and what changed since: what every negative check looks at (SPEC 7).

Nothing is opened but regular files, and these without following links or waiting, so a FIFO, socket or device in
the tree is told and left alone (QUA-09).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from .tree_diff import changes

Kind = Literal["file", "directory", "link", "fifo", "socket", "device"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the tree.

    :ivar kind: what it is; a symbolic link is a "link" whatever it points to.
    :ivar size: in bytes; of a file alone, otherwise 0.
    :ivar mode: permission bits.
    :ivar mtime_ns: time of the last change, in ns since the epoch; 0 for a directory, whose time changes with its
        contents.
    :ivar sha256: of a file's bytes, in hex; None when it could not be read, and for everything else.
    :ivar target: where a link points; None for everything else.
    """

    kind: Kind
    size: int
    mode: int
    mtime_ns: int
    sha256: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """What `snapshot` saw.

    :ivar root: the directory that was looked at.
    :ivar entries: path below the root (with `/`; bytes that are not UTF-8 as surrogates) -> what is there.
    """

    root: Path
    entries: Mapping[str, Entry]

    def diff(self, later: Tree, *, times: bool = True, limit: int = 40) -> list[str]:
        """What changed from this tree to a later one, in lines for a reader; none when nothing did.

        A file that vanished in one place and turned up with the same bytes in another is told as renamed; a
        directory that came or went with many entries is one line.

        :param later: the tree to compare with.
        :param times: whether a file whose time stamp alone differs counts as changed.
        :param limit: how many lines at most; what is left out is counted in one more.
        """
        return changes(self.entries, later.entries, times=times, limit=limit)

    def __contains__(self, path: object) -> bool:
        return path in self.entries

    def __len__(self) -> int:
        return len(self.entries)


def snapshot(path: str | os.PathLike[str]) -> Tree:
    """Look at a directory tree, the directory itself left out.

    What goes away meanwhile is left out; what cannot be read is there without its hash. A root that does not exist
    is an empty tree.

    :param path: the directory. When it is anything else, the tree has this one entry, named ".".
    """
    root = Path(path)
    entries: dict[str, Entry] = {}
    try:
        status = os.lstat(root)
    except OSError:
        return Tree(root, MappingProxyType(entries))
    if stat.S_ISDIR(status.st_mode):
        for name, entry in _walk(os.fspath(root), ""):
            entries[name] = entry
    else:
        entries["."] = _entry(os.fspath(root), status)
    return Tree(root, MappingProxyType(entries))


def _walk(directory: str, prefix: str) -> Iterator[tuple[str, Entry]]:
    try:
        with os.scandir(directory) as found:
            names = sorted(entry.name for entry in found)
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        try:
            status = os.lstat(path)
        except OSError:
            continue
        yield prefix + name, _entry(path, status)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(path, prefix + name + "/")


def _entry(path: str, status: os.stat_result) -> Entry:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        return Entry("file", status.st_size, mode, status.st_mtime_ns, sha256=_hash(path))
    if stat.S_ISDIR(status.st_mode):
        return Entry("directory", 0, mode, 0)
    if stat.S_ISLNK(status.st_mode):
        try:
            target = os.readlink(path)
        except OSError:
            target = None
        return Entry("link", 0, mode, status.st_mtime_ns, target=target)
    kind: Kind = "device"
    if stat.S_ISFIFO(status.st_mode):
        kind = "fifo"
    elif stat.S_ISSOCK(status.st_mode):
        kind = "socket"
    return Entry(kind, 0, mode, status.st_mtime_ns)


def _hash(path: str) -> str | None:
    try:
        # Should a FIFO have taken the file's place since it was looked at, opening it does not wait either.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(fd, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
