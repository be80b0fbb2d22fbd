"""One process at a time in the fake's own directory."""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class Exclusive:
    """`with Exclusive(directory):` holds the directory's lock; the kernel gives it back when the holder dies.

    :param directory: CLAUDE_FAKE_DIR.
    """

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, "lock")
        self._fd = -1

    def __enter__(self) -> None:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)


def replace_file(path: str, text: str) -> None:
    """Put `text` in the place of the file at once: readers see the old one or the new one."""
    new = f"{path}.{os.getpid()}"
    with open(new, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(new, path)
