"""Read-only by modes: for users whom modes bind, which root's powers exclude."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from .attempt import append_refusal, write_refusal
from .unavailable import Refused

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class WithoutWriteModes:
    """A directory tree whose write modes are taken away, writable subdirectories apart.

    Raises Refused, with the modes back, when something in it is still writable.
    """

    def __init__(self, path: str, writable: Sequence[str]) -> None:
        self._before: list[tuple[str, int]] = []
        self._path = path
        self._writable = tuple(writable)
        try:
            for entry in self._entries():
                self._take_write_mode(entry)
        except BaseException:
            self.release()
            raise

    def check(self) -> None:
        """Try to write in every directory and to every file. Raises Refused, naming the first that allows."""
        for entry in self._entries():
            if not _refuses(entry):
                raise Refused(f"writing still passed at {entry}, without write modes")

    def release(self) -> None:
        """Give back the modes; entries that are gone are passed over."""
        while self._before:
            entry, mode = self._before.pop()
            try:
                os.chmod(entry, mode)
            except FileNotFoundError:
                continue

    def _entries(self) -> Iterator[str]:
        for directory, subdirectories, files in os.walk(self._path, onerror=_refuse):
            yield directory
            subdirectories[:] = [name for name in subdirectories if os.path.join(directory, name) not in self._writable]
            for name in files:
                file = os.path.join(directory, name)
                if stat.S_ISREG(os.lstat(file).st_mode):
                    yield file

    def _take_write_mode(self, entry: str) -> None:
        mode = stat.S_IMODE(os.stat(entry).st_mode)
        if not mode & _WRITE:
            return
        try:
            os.chmod(entry, mode & ~_WRITE)
        except PermissionError as error:  # somebody else's, and often not writable for us in the first place
            if _refuses(entry):
                return
            raise Refused(f"the modes of {entry} cannot be changed: {error.strerror}") from None
        self._before.append((entry, mode))


def _refuses(entry: str) -> bool:
    return (write_refusal(entry) if os.path.isdir(entry) else append_refusal(entry)) is not None


def _refuse(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be looked into: {error.strerror}")
