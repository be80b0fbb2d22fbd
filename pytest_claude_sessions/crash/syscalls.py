"""The system calls that change files, on x86-64, and where each names the file."""

from __future__ import annotations

import os
from dataclasses import dataclass

from . import ptrace
from .point import Change, Watched, is_idle, opens_to_change

_HERE = 0xFFFFFFFFFFFFFF9C  # AT_FDCWD, as 64 bits hold it
_HERE_32 = 0xFFFFFF9C
_FICLONE, _FICLONERANGE = 0x40049409, 0x4020940D
_IOCTL = 16


@dataclass(frozen=True, slots=True)
class Form:
    """How a call names its files.

    :param name: of the call
    :param paths: places of paths among its arguments, each with that of the directory it is relative to, or None
    :param fd: place of a descriptor
    :param flags: place of an open's flags
    """

    name: str
    paths: tuple[tuple[int | None, int], ...] = ()
    fd: int | None = None
    flags: int | None = None


def _path(name: str, *places: int, flags: int | None = None) -> Form:
    return Form(name, tuple((None, place) for place in places), flags=flags)


def _at(name: str, *places: int, flags: int | None = None) -> Form:
    return Form(name, tuple((place, place + 1) for place in places), flags=flags)


def _fd(name: str, place: int = 0) -> Form:
    return Form(name, fd=place)


_OPENAT2 = 437
FORMS: dict[int, Form] = {
    1: _fd("write"),
    2: _path("open", 0, flags=1),
    _IOCTL: _fd("ioctl"),
    18: _fd("pwrite64"),
    20: _fd("writev"),
    40: _fd("sendfile"),
    74: _fd("fsync"),
    75: _fd("fdatasync"),
    76: _path("truncate", 0),
    77: _fd("ftruncate"),
    82: _path("rename", 0, 1),
    83: _path("mkdir", 0),
    84: _path("rmdir", 0),
    85: _path("creat", 0),
    86: _path("link", 1),
    87: _path("unlink", 0),
    88: _path("symlink", 1),
    90: _path("chmod", 0),
    91: _fd("fchmod"),
    92: _path("chown", 0),
    93: _fd("fchown"),
    94: _path("lchown", 0),
    132: _path("utime", 0),
    133: _path("mknod", 0),
    188: _path("setxattr", 0),
    189: _path("lsetxattr", 0),
    190: _fd("fsetxattr"),
    235: _path("utimes", 0),
    257: _at("openat", 0, flags=2),
    258: _at("mkdirat", 0),
    259: _at("mknodat", 0),
    260: _at("fchownat", 0),
    263: _at("unlinkat", 0),
    264: _at("renameat", 0, 2),
    265: _at("linkat", 2),
    266: _at("symlinkat", 1),
    268: _at("fchmodat", 0),
    275: _fd("splice", 2),
    277: _fd("sync_file_range"),
    280: _at("utimensat", 0),
    285: _fd("fallocate"),
    296: _fd("pwritev"),
    306: _fd("syncfs"),
    316: _at("renameat2", 0, 2),
    326: _fd("copy_file_range", 2),
    328: _fd("pwritev2"),
    _OPENAT2: _at("openat2", 0, flags=2),
    452: _at("fchmodat2", 0),
}
"""By number. Those that work on a descriptor alone change nothing of a pipe or a socket: these are in no directory."""


def change_in(pid: int, call: ptrace.Entry, watched: Watched) -> Change | None:
    """The change of a watched file that a process is about to make; None for any other call."""
    form = FORMS.get(call.number)
    if form is None or not _changes(pid, call, form):
        return None
    paths = [_named(pid, call, directory, place) for directory, place in form.paths]
    if form.fd is not None:
        paths.append(_of_descriptor(pid, call.arguments[form.fd]))
    if not any(path and watched.covers(path) for path in paths) or is_idle(form.name, paths[-1]):
        return None
    return Change(form.name, paths[-1])


def _changes(pid: int, call: ptrace.Entry, form: Form) -> bool:
    if call.number == _IOCTL:
        return call.arguments[1] in (_FICLONE, _FICLONERANGE)
    if form.flags is None:
        return True
    flags = call.arguments[form.flags]
    return opens_to_change(ptrace.number_at(pid, flags) if call.number == _OPENAT2 else flags)


def _named(pid: int, call: ptrace.Entry, directory: int | None, place: int) -> str:
    path = ptrace.text_at(pid, call.arguments[place])
    if os.path.isabs(path):
        return path
    base = _link(pid, "cwd") if directory is None else _of_descriptor(pid, call.arguments[directory])
    return os.path.join(base, path) if path else base


def _of_descriptor(pid: int, number: int) -> str:
    return _link(pid, "cwd") if number in (_HERE, _HERE_32) else _link(pid, f"fd/{number & 0xFFFFFFFF}")


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""
