"""Things in a transcript's place that are no transcript: links, FIFOs, sockets, directories (QUA-09)."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class OddFile:
    """Something that is put where a transcript should be.

    :ivar name: how to ask for it.
    :ivar description: what it is, in a few words.
    :ivar resumed: what release 2.1.329 does when it is asked to resume it (measured).
    :ivar make: makes it at a path where nothing is.
    """

    name: str
    description: str
    resumed: str
    make: Callable[[Path], None]

    def put(self, path: Path) -> Path:
        """Put it in the place of whatever is at the path now.

        :param path: the transcript's path. A link out of the tree leads to what was there, moved outside.
        :returns: The file that must stay as it is: the target of a link out of the tree, else the path itself.
        :raises OSError: when the file system cannot hold such a thing.
        """
        outside = outside_of(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif self.make is _link_outside and path.is_file() and not path.is_symlink():
            outside.parent.mkdir(parents=True, exist_ok=True)
            path.replace(outside)
        elif os.path.lexists(path):
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.make(path)
        return outside if self.make is _link_outside else path


def outside_of(path: Path) -> Path:
    """Where a link out of `projects/` points: beside the config directory, `<config dir>.outside/<file name>`."""
    config_dir = path.parents[2]
    return config_dir.with_name(config_dir.name + ".outside") / path.name


def _directory(path: Path) -> None:
    path.mkdir()
    (path / "kept.txt").write_text("not a transcript\n", encoding="utf-8")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # The name of a socket has about 100 bytes at most, and a test's directory is often longer: bind from within.
    before = os.getcwd()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.chdir(path.parent)
        listener.bind(path.name)
    finally:
        os.chdir(before)
        listener.close()


def _link_outside(path: Path) -> None:
    target = outside_of(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.write_text('{"type":"summary","summary":"outside"}\n', encoding="utf-8")
    path.symlink_to(target)


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("nothing-is-here"))


def _link_loop(path: Path) -> None:
    path.symlink_to(path.name)


_KINDS = (
    OddFile("directory", "a directory of that name with a file in it", "fails: EISDIR", _directory),
    OddFile("fifo", "a named pipe, which blocks whoever opens it", "hangs", _fifo),
    OddFile("socket", "a Unix socket that nobody listens on", "fails: ENXIO", _socket),
    OddFile("link_outside", "a symbolic link to a file outside the config directory", "follows it", _link_outside),
    OddFile("dangling_link", "a symbolic link to nothing", "No conversation found", _dangling_link),
    OddFile("link_loop", "a symbolic link to itself", "No conversation found", _link_loop),
)

ODD_FILES: Mapping[str, OddFile] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Every kind, by its name."""
