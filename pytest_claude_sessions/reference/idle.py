"""Whether Claude is at work for a user, from what the hooks left in the home (source 000, IDL-*)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from .lease import started_at
from .lifecycle import MODULE, RUNNING, SENTINEL

IdleState = Literal["unknown", "busy", "idle"]


def idle_state(home: Path, *, dispatching: bool) -> IdleState:
    """`busy` while a turn runs, else `idle` once one has stopped, else `unknown` (IDL-05).

    A turn runs as long as its process does and no hook has told its end: one that was killed tells nothing, and a stop
    with background tasks left is no end (IDL-06). The sentinel's age does not matter.

    :param home: of the user who runs Claude
    :param dispatching: whether a Claude of the manager's own is running
    """
    module = home / MODULE
    if dispatching or any(_is_running(module / RUNNING / name) for name in _names(module / RUNNING)):
        return "busy"
    return "idle" if os.path.lexists(module / SENTINEL) else "unknown"


def _names(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if name.isdecimal()]
    except OSError:
        return []


def _is_running(note: Path) -> bool:
    try:
        told = note.read_text("utf-8", "replace")
    except OSError:
        return False  # the turn ended meanwhile
    now = started_at(int(note.name))
    # On Linux the note is the process's line in /proc, elsewhere what `ps` says of its start.
    fields = told.rpartition(")")[2].split()
    return now is not None and now in (told.strip(), fields[19] if len(fields) > 19 else None)
