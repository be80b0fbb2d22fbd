"""Mounts of a child alone: those of a container, and a directory in the place of `/etc/claude-code`. Linux."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from . import mount

ETC = "/etc"
MANAGED = "/etc/claude-code"


def enter(*, as_root: bool = True) -> None:
    """Give this process a mount namespace of its own; without root in a user namespace with the same ids.

    :param as_root: whether root makes it without a user namespace
    :raises OSError: when the kernel allows neither
    """
    uid, gid = os.geteuid(), os.getegid()
    if as_root and uid == 0:
        mount.call("unshare", mount.CLONE_NEWNS)
    else:
        mount.call("unshare", mount.CLONE_NEWUSER | mount.CLONE_NEWNS)
        # The same ids inside as outside: a program that asks who it is gets the answer it always gets.
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    mount.mount("none", "/", flags=mount.MS_REC | mount.MS_PRIVATE)


def bind_all(mounts: Sequence[Mapping[str, Any]]) -> None:
    """Make binds as container engines do: outermost target first, each from what its source is outside.

    :param mounts: `{"source", "target", "read_only"}` each
    :raises OSError: also for a target that does not exist, as in a container whose parent is read-only
    """
    opened = [(entry, os.open(entry["source"], os.O_PATH | os.O_CLOEXEC)) for entry in mounts]
    for entry, source in sorted(opened, key=lambda pair: pair[0]["target"].rstrip("/").count("/")):
        mount.mount(f"/proc/self/fd/{source}", entry["target"], flags=mount.MS_BIND | mount.MS_REC)
        if entry["read_only"]:
            mount.make_read_only(entry["target"])
        os.close(source)


def show_managed_settings(directory: str, scratch: str) -> None:
    """Let a directory stand in the place of `/etc/claude-code/managed-settings.d`; nothing else is in its parent.

    :param scratch: an empty directory, which is hidden meanwhile
    :raises OSError: when it cannot be mounted
    """
    settings = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    if os.path.isdir(MANAGED):
        mount.mount("tmpfs", MANAGED, "tmpfs", options="mode=755")
    else:
        _make_place_in_etc(scratch)
    place = f"{MANAGED}/managed-settings.d"
    os.mkdir(place)
    mount.mount(f"/proc/self/fd/{settings}", place, flags=mount.MS_BIND | mount.MS_REC)
    os.close(settings)


def _make_place_in_etc(scratch: str) -> None:
    """Put a copy of /etc, made of binds, in its place: the real one gets no mount point from us."""
    mount.mount("tmpfs", scratch, "tmpfs", options="mode=755")
    with os.scandir(ETC) as entries:
        for entry in entries:
            place = os.path.join(scratch, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)
                continue
            if entry.is_dir():
                os.mkdir(place)
            elif entry.is_file():
                os.close(os.open(place, os.O_WRONLY | os.O_CREAT, 0o644))
            else:
                continue
            mount.mount(entry.path, place, flags=mount.MS_BIND | mount.MS_REC)
    os.mkdir(os.path.join(scratch, os.path.basename(MANAGED)))
    mount.mount(scratch, ETC, flags=mount.MS_BIND | mount.MS_REC)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
