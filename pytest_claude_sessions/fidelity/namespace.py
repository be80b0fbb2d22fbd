"""Commands put before a program so that it sees another world: binds, a full disk, managed settings."""

from __future__ import annotations

import functools
import shlex
import subprocess
from pathlib import Path

from .scenario import CannotPlay

_UNSHARE = ("unshare", "-r", "-m")


@functools.cache
def _why_not() -> str | None:
    try:
        done = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"unshare cannot be started: {error.strerror}"
    return None if done.returncode == 0 else f"this machine lets nobody make mount namespaces: {done.stderr.strip()}"


def _wrapped(script: str, *arguments: str) -> list[str]:
    reason = _why_not()
    if reason is not None:
        raise CannotPlay(reason)
    return [*_UNSHARE, "sh", "-ec", script, "sh", *arguments]


def read_only(directory: Path, *, writable: Path | None = None) -> list[str]:
    """The program sees a directory mounted read-only.

    :param writable: a directory below it that is writable all the same
    :raises CannotPlay: where the machine makes no mount namespace
    """
    script = 'mount --bind "$1" "$1"; '
    if writable is not None:
        script += f"mount --bind {shlex.quote(str(writable))} {shlex.quote(str(writable))}; "
        # The bind on top keeps its own flags when the one below is remounted.
    script += 'mount -o remount,bind,ro "$1"; '
    return _wrapped(script + 'shift; exec "$@"', str(directory))


def full_disk(directory: Path, *, free_kib: int) -> list[str]:
    """The program sees a directory on a disk of its own that has hardly any space left; what is on it is kept.

    :param free_kib: how much can still be written, in KiB
    :raises CannotPlay: where the machine makes no mount namespace
    """
    script = (
        'kept="$1"; free="$2"; shift 2; seed=$(mktemp -d); cp -a "$kept/." "$seed/"; '
        'mount -t tmpfs -o size=4m,mode=755 tmpfs "$kept"; cp -a "$seed/." "$kept/"; '
        'left=$(df -k --output=avail "$kept" | tail -n 1); '
        'dd if=/dev/zero of="$kept/.ballast" bs=1024 count=$((left - free)) 2>/dev/null || true; '
        'status=0; "$@" || status=$?; rm -f "$kept/.ballast"; '
        'rm -rf "$seed"; mkdir "$seed"; cp -a "$kept/." "$seed/"; umount "$kept"; '
        'find "$kept" -mindepth 1 -delete; cp -a "$seed/." "$kept/"; rm -rf "$seed"; exit $status'
    )
    return _wrapped(script, str(directory), str(free_kib))


def managed_settings(directory: Path, scratch: Path) -> list[str]:
    """The program finds a directory's files as /etc/claude-code/managed-settings.d.

    :param directory: what stands there
    :param scratch: an empty directory
    :raises CannotPlay: where the machine makes no mount namespace
    """
    script = (
        'own="$1"; scratch="$2"; shift 2; mount -t tmpfs tmpfs "$scratch"; mkdir "$scratch/upper" "$scratch/work"; '
        'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$scratch/upper,workdir=$scratch/work" /etc; '
        'mkdir -p /etc/claude-code/managed-settings.d; cp -a "$own/." /etc/claude-code/managed-settings.d/; exec "$@"'
    )
    return _wrapped(script, str(directory), str(scratch))
