"""Python's audit events that name a file: which of their arguments is a path (PEP 578)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

_Paths = tuple[tuple[int, int | None, bool], ...]
_ONE: Final[_Paths] = ((0, None, True),)
_TWO: Final[_Paths] = ((0, None, True), (1, None, True))
PATHS: Final[dict[str, _Paths]] = {
    "open": _ONE,
    "os.listdir": _ONE,
    "os.scandir": _ONE,
    "os.chdir": _ONE,
    "os.truncate": _ONE,
    "os.setxattr": _ONE,
    "os.removexattr": _ONE,
    "os.mkdir": ((0, 2, False),),
    "os.remove": ((0, 1, False),),
    "os.rmdir": ((0, 1, False),),
    "os.rename": ((0, 2, False), (1, 3, False)),
    "os.link": ((0, 2, True), (1, 3, False)),
    "os.symlink": ((0, None, True), (1, 2, False)),
    "os.chmod": ((0, 2, True),),
    "os.chown": ((0, 3, True),),
    "os.utime": ((0, 3, True),),
    "shutil.copyfile": _TWO,
    "shutil.copymode": _TWO,
    "shutil.copystat": _TWO,
    "shutil.copytree": _TWO,
    "shutil.move": _TWO,
    "shutil.rmtree": ((0, 1, False),),
    "shutil.chown": _ONE,
    "shutil.make_archive": ((0, None, True), (2, None, True)),
    "shutil.unpack_archive": _TWO,
    "sqlite3.connect": _ONE,
}
"""Event -> for each path among its arguments: its index, that of its dir_fd, and whether links are followed."""

ONE_PATH: Final = frozenset(event for event, places in PATHS.items() if len(places) == 1)
"""The events that name one path, which is their first argument."""


def paths(event: str, args: tuple[Any, ...]) -> Iterator[tuple[str, bool]]:
    """The absolute paths that an event names, and whether it follows a link there."""
    for index, dir_fd_index, follows in PATHS[event]:
        given: Any = args[index] if index < len(args) else None
        if given is None and event in ("os.listdir", "os.scandir"):
            given = "."
        try:
            path = os.fsdecode(given)
        except (TypeError, ValueError):  # a file descriptor, or an argument that the call itself will refuse
            continue
        if os.path.isabs(path):
            yield path, follows
        elif event == "os.symlink" and index == 0:
            with_link = os.path.join(os.getcwd(), os.path.dirname(os.fsdecode(args[1])))
            yield os.path.join(with_link, path), follows
        elif not _relative_to_fd(event, args, dir_fd_index):
            yield os.path.join(os.getcwd(), path), follows


def _relative_to_fd(event: str, args: tuple[Any, ...], dir_fd_index: int | None) -> bool:
    # `os.open` does not tell its dir_fd, and shutil.rmtree works its way down by it. To open that directory
    # in the first place was an event of its own, so what is relative to it needs no second look.
    if event == "open":
        return args[1] is None
    return dir_fd_index is not None and dir_fd_index < len(args) and args[dir_fd_index] not in (-1, None)


_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def by_python(event: str, args: tuple[Any, ...], path: str, caller: FrameType) -> bool:
    """Whether the interpreter reads source, for an import or a traceback's lines: that touches nobody's data.

    :param event: the audit event.
    :param args: its arguments.
    :param path: the path that it names.
    :param caller: the frame that raised it.
    """
    if event == "open" and path.endswith((".py", ".pyc")):
        flags = args[2] if len(args) > 2 else 0
        return not (isinstance(flags, int) and flags & _WRITES)
    return event in ("os.listdir", "os.scandir") and "importlib" in caller.f_code.co_filename
