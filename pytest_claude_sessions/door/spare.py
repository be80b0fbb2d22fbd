"""Drivers started ahead of need: a restart then costs no start of an interpreter.

A driver knows nothing of its world before `initialize`, so that a process which waits for it can stand in for one
that is started then, as long as both would inherit the same things.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import Misconduct
from .child import Child

GRACE_S = 5.0
_INHERITED = (b"Umask:", b"Uid:", b"Gid:", b"Groups:")

Circumstances = tuple[object, ...]


class Spares:
    """Children that wait for their first request.

    :param count: how many of them there are at a time
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._waiting: list[tuple[Circumstances, Child]] = []

    @property
    def pids(self) -> frozenset[int]:
        """The process ids of those that wait."""
        return frozenset(child.pid for _, child in self._waiting)

    def take(self, argv: Sequence[str], env: Mapping[str, str]) -> Child | None:
        """A child that was started as one would be now; None when there is none.

        :param argv: the command
        :param env: its environment variables
        """
        now = _circumstances(argv, env)
        while self._waiting:
            circumstances, child = self._waiting.pop(0)
            if circumstances == now and child.status is None:
                return child
            _end(child)
        return None

    def start(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Start what is missing; where it cannot be told what a child inherits, none is started."""
        now = _circumstances(argv, env)
        try:
            while now is not None and len(self._waiting) < self._count:
                self._waiting.append((now, Child(argv, env)))
        except Misconduct:
            return  # told by the start that needs it

    def close(self) -> None:
        """End those that wait."""
        while self._waiting:
            _end(self._waiting.pop()[1])


def _end(child: Child) -> None:
    child.end_input()
    child.ends_within(GRACE_S)
    child.kill()


def _circumstances(argv: Sequence[str], env: Mapping[str, str]) -> Circumstances | None:
    """What a process inherits and a test may change: variables, directory, mounts, user, umask."""
    try:
        status = Path("/proc/thread-self/status").read_bytes()
        mounts = os.readlink("/proc/thread-self/ns/mnt")
        directory = os.getcwd()
    except OSError:
        return None
    inherited = tuple(line for line in status.splitlines() if line.startswith(_INHERITED))
    return (tuple(argv), dict(env), directory, mounts, inherited)
