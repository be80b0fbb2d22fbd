"""mount(2), umount2(2) and unshare(2), and mounts that can be taken away again. Linux."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from .unavailable import Refused

MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000

# nosuid, nodev, noexec, noatime, nodiratime: the same bits in statvfs and mount
_KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048

_own_namespace = False


@functools.cache
def _libc() -> Any:
    if not sys.platform.startswith("linux"):
        raise Refused(f"mount(2) with binds is a thing of Linux, and this is {sys.platform}")
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """Call a C function that returns -1 on errors. Raises OSError, and Refused where there is none."""
    import ctypes

    function = getattr(_libc(), name, None)
    if function is None:
        raise Refused(f"the C library has no {name}()")
    result: int = function(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def mount(source: str, target: str, filesystem: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError with the errno of the kernel."""
    import ctypes

    names = (os.fsencode(source), os.fsencode(target), os.fsencode(filesystem))
    call("mount", *names, ctypes.c_ulong(flags), os.fsencode(options))


class Mount:
    """A mount of ours; found again by a descriptor, whatever was renamed or mounted over it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._pid = os.getpid()
        self._descriptor: int | None = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    @classmethod
    def bind(cls, path: str) -> Mount:
        """Bind a directory, with what is mounted below it, over itself."""
        back = follow_working_directory(path)
        mount(path, path, flags=MS_BIND | MS_REC)
        back()
        return cls(path)

    @classmethod
    def tmpfs(cls, path: str, options: str) -> Mount:
        """Mount an empty tmpfs. options: as in `mount -o`."""
        mount("tmpfs", path, "tmpfs", options=options)
        return cls(path)

    def release(self) -> None:
        """Take the mount away, and all that is mounted on it; open files keep working (MNT_DETACH)."""
        if self._descriptor is None or self._pid != os.getpid():
            return
        back = follow_working_directory(self.target)
        descriptor, self._descriptor = self._descriptor, None
        try:
            # Each call takes what is on top there. It may be gone already, with a mount that it was on.
            while _mount_id(descriptor) in _mounted_ids():
                call("umount2", os.fsencode(f"/proc/self/fd/{descriptor}"), MNT_DETACH)
        finally:
            os.close(descriptor)
            back()


def follow_working_directory(path: str) -> Callable[[], None]:
    """A function that enters the working directory anew when it is inside the path, whose mounts changed."""
    try:
        here = os.getcwd()
    except OSError:
        return lambda: None
    inside = here == path or here.startswith(path.rstrip("/") + "/")
    return (lambda: os.chdir(here)) if inside else (lambda: None)


def make_read_only(path: str) -> None:
    """Remount a bind read-only, its other flags kept."""
    flags = os.statvfs(path).f_flag & _KEPT_FLAGS
    mount("", path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def bind_read_only(path: str, writable: list[str]) -> list[Mount]:
    """A read-only bind of a directory with writable ones on top, as a container has them; outermost first.

    Raises OSError; nothing is left mounted then.
    """
    mounts: list[Mount] = []
    try:
        mounts.append(Mount.bind(path))
        # Bound before the directory turns read-only: a bind takes over the flags of what it binds.
        mounts.extend(Mount.bind(directory) for directory in sorted(writable, key=len))
        kept = tuple(f"{directory}/" for directory in writable)
        for place in mounts_below(path):
            if not f"{place}/".startswith(kept):
                with contextlib.suppress(FileNotFoundError):  # hidden by what is mounted above it
                    make_read_only(place)
        make_read_only(path)
    except BaseException:
        for made in reversed(mounts):
            made.release()
        raise
    return mounts


def mounts_below(path: str) -> list[str]:
    """The mount points inside a directory, from /proc/self/mountinfo."""
    fields = [line[4] for line in _mount_table()]
    # Blank, tab, newline and backslash stand there as \\040 and so on.
    plain = (re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), field) for field in fields)
    points = {os.fsdecode(field) for field in plain}
    return sorted(point for point in points if point.startswith(path.rstrip("/") + "/"))


def _mount_table() -> list[list[bytes]]:
    with open("/proc/self/mountinfo", "rb") as table:
        return [line.split(b" ") for line in table]


def _mounted_ids() -> set[int]:
    return {int(line[0]) for line in _mount_table()}


def _mount_id(descriptor: int) -> int:
    with open(f"/proc/self/fdinfo/{descriptor}", "rb") as facts:
        return next(int(line.split()[1]) for line in facts if line.startswith(b"mnt_id:"))


def enter_own_namespace() -> str:
    """Give the process a mount namespace of its own, once: mounts then vanish with it, even with a kill.

    Returns "" when it has one, else why not. Threads and children that were there before would stay in the
    old namespace and not see the mounts, so it is entered only when there are none. Raises Refused.
    """
    global _own_namespace
    _libc()
    if _own_namespace:
        return ""
    others = len(os.listdir("/proc/self/task")) - 1
    if others:
        return f"{others} other thread(s) would not see a private mount namespace"
    children = _children()
    if children:
        return f"{children} running child(ren) would not see a private mount namespace"
    try:
        call("unshare", CLONE_NEWNS)
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        _own_namespace = True
    except OSError as error:
        return f"no private mount namespace: {error.strerror}"
    return ""


def namespace_note(why_shared: str) -> str:
    """What to say of a mount, given what `enter_own_namespace` returned."""
    return why_shared and f"mounted where a killed run would leave it behind: {why_shared}"


def refusal(error: OSError) -> str:
    """Why a mount failed, with what it takes."""
    needs = ", it takes CAP_SYS_ADMIN" if error.errno in (errno.EPERM, errno.EACCES) else ""
    where = f"{error.filename}: " if error.filename not in (None, "mount") else ""
    return f"{where}{error.strerror or error}{needs}"


def _children() -> int:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listed:
            return len(listed.read().split())
    except OSError:  # a kernel without this file
        return 0
