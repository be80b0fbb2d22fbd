"""Read-only and full directories in memory, for code of the same process: pyfakefs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, cast

from .permission import WithoutWriteModes
from .unavailable import Refused

_PLENTY = 1 << 40


class InMemory:
    """A copy of a real directory in a fake file system, which all file functions of the process see instead.

    Whoever the real user is, the fake one is not root and owns the copy. An `fs` that is active already is
    used as it is. The rest of the disk is not there.
    """

    def __init__(self, path: str, *, own_device: bool = False) -> None:
        try:
            from pyfakefs import helpers
            from pyfakefs.fake_filesystem_unittest import Patcher
        except ImportError:
            raise Refused("pyfakefs is missing (pip install 'pytest-claude-sessions[fakefs]')") from None
        self._helpers: Any = helpers
        self._before = (helpers.get_uid(), helpers.get_gid())
        self._patcher = Patcher()
        self._patcher.setUp()
        self._files = cast(Any, self._patcher.fs)
        self._modes: WithoutWriteModes | None = None
        self.path = path
        try:
            helpers.set_uid(0)  # to build it, whatever the modes of the original
            if own_device:
                self._files.add_mount_point(path, total_size=_PLENTY)
            if own_device or not self._files.exists(path):
                self._files.add_real_directory(path, read_only=False)
            user = self._before[0] or 1
            for directory, _, files in os.walk(path):
                for entry in (directory, *(os.path.join(directory, name) for name in files)):
                    os.chown(entry, user, user, follow_symlinks=False)
            helpers.set_uid(user)
            helpers.set_gid(user)
        except BaseException:
            self.release()
            raise

    def make_read_only(self, writable: Sequence[str]) -> None:
        """Take the write modes away, which bind the fake user. Raises Refused."""
        self._modes = WithoutWriteModes(self.path, writable)
        self._modes.check()

    def used(self) -> int:
        """Bytes used on the directory's own device."""
        return int(self._files.get_disk_usage(self.path).used)

    def size(self) -> int:
        """Bytes of the directory's own device, used or free."""
        return int(self._files.get_disk_usage(self.path).total)

    def set_size(self, size: int) -> None:
        """Give the directory's own device a size in bytes."""
        self._files.set_disk_usage(size, self.path)

    def release(self) -> None:
        """Bring back the real file system, with nothing changed."""
        if self._modes is not None:
            self._modes.release()
        self._patcher.tearDown()
        self._helpers.set_uid(self._before[0])
        self._helpers.set_gid(self._before[1])
