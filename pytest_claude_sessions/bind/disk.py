"""A full disk: writes that end with ENOSPC, for root too."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from .attempt import error_name, write_refusal
from .unavailable import BindUnavailable, Refused

_SLACK = 1 << 20  # bytes of the tmpfs beyond what is copied; the filler takes them
_ADVICE = "It takes root with CAP_SYS_ADMIN; reach='process' is content with files in memory (pyfakefs)"


class Device(Protocol):
    """A file system that is kept full."""

    note: str

    def free(self, size: int) -> int:
        """Make room; the bytes that became free."""

    def refill(self) -> None:
        """Take all the room there is."""

    def release(self) -> None:
        """Take the file system away."""


class Filled:
    """A directory on a full disk, until `release`; what was there at first is back then, and nothing else.

    path: absolute, links resolved. backend: `mount` (a tmpfs) or `pyfakefs`. reason: why not a better one.
    As on any disk, an empty file can still be created, and a file can grow to the end of its last page.
    """

    def __init__(self, path: Path, backend: str, reason: str, device: Device) -> None:
        self.path = path
        self.backend = backend
        self.reason = reason
        self._device = device
        self._released = False

    def free(self, size: int) -> int:
        """Make room for `size` bytes, in whole pages; returns the bytes that became free."""
        return self._device.free(size)

    def refill(self) -> None:
        """Fill what is free again."""
        self._device.refill()

    def release(self) -> None:
        """Give back the directory as it was before. More than once does no harm."""
        if not self._released:
            self._released = True
            self._device.release()

    def __enter__(self) -> Filled:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def fill(path: str | os.PathLike[str], *, reach: Literal["everything", "process"] = "everything") -> Filled:
    """Put an existing directory, with a copy of what is in it, on a disk of its own that is full.

    reach: who has to see it: `everything` (this process and its later children) or `process`.
    Raises BindUnavailable with every backend's reason; each is tried by really writing.
    """
    root = os.path.realpath(path)
    if not os.path.isdir(root):
        raise NotADirectoryError(f"a full disk needs an existing directory: {root}")
    backends: Mapping[str, Callable[[str], Device]] = {"mount": _Tmpfs}
    if reach == "process":
        backends = {**backends, "pyfakefs": _InMemory}
    reasons: dict[str, str] = {}
    for backend, make in backends.items():
        try:
            device = make(root)
            try:
                _try(root)
            except BaseException:
                device.release()
                raise
        except Refused as refusal:
            reasons[backend] = str(refusal)
            continue
        notes = [f"not {name}: {reason}" for name, reason in reasons.items()]
        return Filled(Path(root), backend, "; ".join([*filter(None, [device.note]), *notes]), device)
    raise BindUnavailable(f"a full disk at {root}", reasons, _ADVICE)


def _try(path: str) -> None:
    error = write_refusal(path, b"x")
    if error is None or error.errno != errno.ENOSPC:
        raise Refused(f"writing gave {error_name(error) if error else 'no error'} instead of ENOSPC")


class _Tmpfs:
    """A small tmpfs over the directory, and in it a file without a name that takes all the room."""

    def __init__(self, path: str) -> None:
        from . import mount

        page = os.sysconf("SC_PAGE_SIZE")
        before = os.stat(path)
        size = _SLACK + sum(-(-entry // page) * page for entry in _sizes(path))
        options = f"size={size},mode={stat.S_IMODE(before.st_mode):o},uid={before.st_uid},gid={before.st_gid}"
        original = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._page = page
        self._filler: int | None = None
        self._mount: mount.Mount | None = None
        try:
            self.note = mount.namespace_note(mount.enter_own_namespace())
            self._mount = mount.Mount.tmpfs(path, options)
            _copy(f"/proc/self/fd/{original}", path)
            self._filler = os.open(path, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            self.refill()
        except OSError as error:
            self.release()
            raise Refused(mount.refusal(error)) from None
        except BaseException:
            self.release()
            raise
        finally:
            os.close(original)

    def free(self, size: int) -> int:
        if self._filler is None:
            return 0
        filled = os.fstat(self._filler).st_size
        left = max(0, filled - -(-size // self._page) * self._page)
        os.ftruncate(self._filler, left)
        return filled - left

    def refill(self) -> None:
        if self._filler is None:
            return
        end = os.fstat(self._filler).st_size
        chunk = bytes(1 << 16)
        while True:
            try:
                end += os.pwrite(self._filler, chunk, end)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    return
                raise

    def release(self) -> None:
        if self._filler is not None:
            os.close(self._filler)
            self._filler = None
        if self._mount is not None:
            self._mount.release()


class _InMemory:
    """The directory on a device of its own in a fake file system."""

    note = "in memory: code of this process alone sees it, and nothing else of the disk"

    def __init__(self, path: str) -> None:
        from .memory import InMemory

        self._files = InMemory(path, own_device=True)
        self.refill()

    def free(self, size: int) -> int:
        self._files.set_size(self._files.size() + size)
        return size

    def refill(self) -> None:
        self._files.set_size(self._files.used())

    def release(self) -> None:
        self._files.release()


def _sizes(path: str) -> list[int]:
    return [
        os.lstat(os.path.join(directory, name)).st_size
        for directory, subdirectories, files in os.walk(path)
        for name in (*subdirectories, *files)
    ]


def _copy(source: str, target: str) -> None:
    """Copy a tree with modes, times, links and owners."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for directory, subdirectories, files in os.walk(source):
        for name in (*subdirectories, *files):
            entry = os.path.join(directory, name)
            owner = os.lstat(entry)
            os.lchown(os.path.join(target, os.path.relpath(entry, source)), owner.st_uid, owner.st_gid)
