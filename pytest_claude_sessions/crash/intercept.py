"""The in-process form: each change that Python code makes to watched files passes here first.

The functions of `os` are replaced, and files are opened to write by the standard library's own I/O in Python, whose
system calls are these functions. What a program that the manager starts changes, or a C extension, is not seen.
"""

from __future__ import annotations

import builtins
import importlib
import io
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from .point import AFTER, BEFORE, Change, Watched, is_idle, opens_to_change

# Each function with the places of the arguments that name files: by path, or by descriptor.
_BY_PATH: dict[str, tuple[int, ...]] = {
    "rename": (0, 1),
    "replace": (0, 1),
    "link": (1,),
    "symlink": (1,),
    "unlink": (0,),
    "remove": (0,),
    "mkdir": (0,),
    "rmdir": (0,),
    "mkfifo": (0,),
    "mknod": (0,),
    "chmod": (0,),
    "lchmod": (0,),
    "chown": (0,),
    "lchown": (0,),
    "truncate": (0,),
    "utime": (0,),
    "setxattr": (0,),
}
_BY_DESCRIPTOR: dict[str, int] = {
    "write": 0,
    "writev": 0,
    "pwrite": 0,
    "pwritev": 0,
    "ftruncate": 0,
    "posix_fallocate": 0,
    "fchmod": 0,
    "fchown": 0,
    "fsync": 0,
    "fdatasync": 0,
    "sendfile": 0,
    "copy_file_range": 1,
    "splice": 1,
}
_DIRECTORIES = ("dir_fd", "dst_dir_fd", "src_dir_fd")


class Interception:
    """Watches this process's changes from :meth:`arm` on."""

    def __init__(self) -> None:
        self._watched: Watched | None = None
        self._told: Callable[[Change], None] = lambda change: None
        self._number = 0
        self._counting = threading.Lock()
        self._opened: dict[int, str] = {}

    def install(self) -> None:
        """Put the watch in place; until it is armed, everything passes. To be called before others import from `os`."""
        for name, places in _BY_PATH.items():
            self._replace(name, partial(_named, places))
        for name, place in _BY_DESCRIPTOR.items():
            self._replace(name, partial(self._described, place))
        self._replace("open", _opened_to_change)
        read_only, to_write = builtins.open, importlib.import_module("_pyio").open

        def opened(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            chosen = to_write if set(mode) & set("wax+") else read_only
            return chosen(file, mode, *more, **named)

        builtins.open = io.open = opened

    def arm(self, watched: Watched, told: Callable[[Change], None]) -> None:
        """Begin.

        :param told: is told each change before it is made
        """
        self._watched, self._told, self._number = watched, told, 0

    def _replace(self, name: str, paths_of: Callable[[tuple[Any, ...], dict[str, Any]], list[str]]) -> None:
        real = getattr(os, name, None)
        if real is None:
            return

        def call(*arguments: Any, **named: Any) -> Any:
            watched = self._watched
            if watched is None:
                return real(*arguments, **named)
            paths = paths_of(arguments, named)
            if not any(path and watched.covers(path) for path in paths) or is_idle(name, paths[-1]):
                return self._noted(name, paths, real(*arguments, **named))
            kind = self._kind(Change(name, paths[-1]))
            if kind == BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            elif kind is not None and kind != AFTER:
                assert watched.point is not None
                number = watched.point.error
                assert number is not None
                raise OSError(number, os.strerror(number), paths[-1])
            result = self._noted(name, paths, real(*arguments, **named))
            if kind == AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        call.__name__ = name
        setattr(os, name, call)
        for capable in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if real in capable:
                capable.add(call)

    def _kind(self, change: Change) -> str | None:
        """Count a change; what is to happen at it."""
        with self._counting:
            self._number += 1
            self._told(change)
            point = self._watched.point if self._watched else None
            return point.kind if point is not None and point.number == self._number else None

    def _noted(self, name: str, paths: list[str], result: Any) -> Any:
        if name == "open" and paths:
            self._opened[result] = paths[0]
        return result

    def _described(self, place: int, arguments: tuple[Any, ...], named: dict[str, Any]) -> list[str]:
        number = arguments[place]
        descriptor = number if isinstance(number, int) else number.fileno()
        try:
            return [os.readlink(f"/proc/self/fd/{descriptor}")]
        except OSError:
            return [self._opened.get(descriptor, "")]


def _named(places: tuple[int, ...], arguments: tuple[Any, ...], named: dict[str, Any]) -> list[str]:
    return [_path(arguments[place], named) for place in places if place < len(arguments)]


def _path(value: Any, named: dict[str, Any]) -> str:
    if isinstance(value, int):
        return f"/proc/self/fd/{value}"
    path = os.fsdecode(value)
    directory = next((named[name] for name in _DIRECTORIES if named.get(name) is not None), None)
    if directory is not None and not os.path.isabs(path):
        path = os.path.join(os.readlink(f"/proc/self/fd/{directory}"), path)
    return os.path.abspath(path)


def _opened_to_change(arguments: tuple[Any, ...], named: dict[str, Any]) -> list[str]:
    flags: int = named.get("flags", arguments[1] if len(arguments) > 1 else 0)
    return [_path(arguments[0], named)] if opens_to_change(flags) else []
