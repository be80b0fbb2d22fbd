"""`sessions/<pid>.json`: which conversations have a process (facts `running`)."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from .instant import epoch_ms

DIRECTORY: Final = "sessions"
DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o644

# Measured while the program waited for the API: which keys each release writes, in its order.
_KEYS: Final[dict[tuple[int, ...], tuple[str, ...]]] = {
    (2, 1, 112): ("pid", "sessionId", "cwd", "startedAt", "kind", "entrypoint"),
    (2, 1, 114): ("pid", "sessionId", "cwd", "startedAt", "version", "kind", "entrypoint"),
    (2, 1, 160): ("pid", "sessionId", "cwd", "startedAt", "procStart", "version", "kind", "entrypoint"),
    (2, 1, 329): (
        *("pid", "sessionId", "cwd", "startedAt", "procStart", "version"),
        *("kind", "entrypoint", "status", "updatedAt", "statusUpdatedAt"),
    ),
}


def running_record(
    version: tuple[int, ...],
    *,
    pid: int,
    session_id: str,
    cwd: str,
    started_at: datetime,
    updated_at: datetime,
    status: str = "idle",
    kind: str = "interactive",
    entrypoint: str = "cli",
) -> dict[str, Any]:
    """The object that a release keeps of a running process, with the keys it has in that release.

    :param version: the release's numbers. One older than the first that was seen to keep such a file (2.1.112) is
        given that one's form.
    :param pid: of the process.
    :param session_id: of its conversation.
    :param cwd: where it works.
    :param started_at: written as epoch milliseconds.
    :param updated_at: written as epoch milliseconds.
    :param status: "idle" between turns, "busy" during one.
    :param kind: "interactive" (`-p` too), or "bg" for a background agent.
    :param entrypoint: "cli" at a terminal, "sdk-cli" for `-p`.
    """
    everything: dict[str, Any] = {
        "pid": pid,
        "sessionId": session_id,
        "cwd": cwd,
        "startedAt": epoch_ms(started_at),
        "procStart": process_start(pid),
        "version": ".".join(map(str, version)),
        "kind": kind,
        "entrypoint": entrypoint,
        "status": status,
        "updatedAt": epoch_ms(updated_at),
        "statusUpdatedAt": epoch_ms(updated_at),
    }
    since = max((known for known in _KEYS if known <= version), default=min(_KEYS))
    return {key: everything[key] for key in _KEYS[since] if everything[key] is not None}


def process_start(pid: int) -> str | None:
    """When the kernel started a process, in clock ticks since boot, as the program notes it; None where unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field is the command in parentheses and may hold anything; the 22nd is the start.
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return None


def write_running(config_dir: Path, record: dict[str, Any]) -> Path:
    """Write the object to its file and give the path; the directory has mode 0700, the file 0644 (measured)."""
    directory = config_dir / DIRECTORY
    directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    path = directory / f"{record['pid']}.json"
    path.write_text(json.dumps(record, separators=(",", ":")), encoding="utf-8")
    os.chmod(path, FILE_MODE)
    return path
