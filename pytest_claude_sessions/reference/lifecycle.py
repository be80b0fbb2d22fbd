"""The managed settings: retention, and the hooks that tell when Claude is idle (source 000, RET-* and IDL-*)."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from ..manager import Installed, ManagerError
from .age import DAY_MS, AgeLimit
from .durable import sync_directory

FILE = "30-coder-lifecycle.json"
MODULE = ".claude-module"
SENTINEL = "last-stop"
RUNNING = "running"

# Each hook ends with status 0 whatever happens (2 would keep Claude from stopping), prints nothing (Claude would read
# it), and expands the home when it runs: the settings are those of every user of the machine. Without a home there is
# no place to write to.
_HEAD = f'[ -n "$HOME" ] || exit 0; d="$HOME/{MODULE}"; p="${{CLAUDE_PID:-$PPID}}"; {{ '
_TAIL = " } >/dev/null 2>&1; exit 0"
# The process that runs the turn, and since when it exists: a number that is used again is not taken for it.
_BEGUN = f'mkdir -p -- "$d/{RUNNING}"; {{ cat "/proc/$p/stat" || ps -o lstart= -p "$p"; }} >"$d/{RUNNING}/$p";'
_ENDED = f'rm -f -- "$d/{RUNNING}/$p";'
# Inside of a JSON text a quote is escaped, so these words can only be the field. `touch`, as it waits for nobody.
_AT_WORK = "LC_ALL=C tr -d '[:space:]' | LC_ALL=C grep -q '\"background_tasks\":\\[[^]]'"
_STOPPED = f'if {_AT_WORK}; then {_BEGUN} else {_ENDED} fi; mkdir -p -- "$d"; touch -- "$d/{SENTINEL}";'
_COMMANDS = {"UserPromptSubmit": _BEGUN, "Stop": _STOPPED, "StopFailure": _ENDED, "SessionEnd": _ENDED}


def install(directory: Path, retention_days: Any, limit: AgeLimit) -> Installed:
    """Write the settings file; the same request gives the same bytes (RET-04).

    :param directory: `/etc/claude-code/managed-settings.d`, or what stands for it
    :param retention_days: days that Claude keeps a transcript; None leaves that to Claude
    :param limit: how long the manager offers an id; longer than the retention it is warned about (RET-06)
    :returns: the path is None, with a warning, when the directory cannot be written (RET-03)
    :raises ManagerError: `invalid_setting` for what is not a whole number of days, at least 1 (RET-02)
    """
    days = _checked(retention_days)
    path = directory / FILE
    warnings: tuple[str, ...] = ()
    if days is not None and limit.limit_ms > days * DAY_MS:
        warnings = (
            f"retention: ids are offered for {limit.limit_ms / DAY_MS:g} days, "
            f"and Claude deletes transcripts after {days}: an id can outlive its conversation",
        )
    try:
        _write(path, json.dumps(settings(days), indent=2).encode() + b"\n")
    except OSError as error:
        skipped = f"unwritable: {path} was not written ({error.strerror or error}); Claude keeps its own settings"
        return Installed(None, (skipped, *warnings))
    return Installed(path, warnings)


def settings(days: int | None) -> dict[str, Any]:
    """The content of the file."""
    hooks = {
        event: [{"hooks": [{"type": "command", "command": _HEAD + command + _TAIL, "timeout": 5}]}]
        for event, command in _COMMANDS.items()
    }
    return ({} if days is None else {"cleanupPeriodDays": days}) | {"hooks": hooks}


def _checked(days: Any) -> int | None:
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or days < 1:
        raise ManagerError(
            "invalid_setting", f"retention_days is {days!r}: a whole number of days, at least 1, is expected"
        )
    return days


def _write(path: Path, content: bytes) -> None:
    """Put the file there in one step, readable for all: Claude runs as other users too.

    :raises OSError: with nothing changed
    """
    with contextlib.suppress(OSError):
        if path.read_bytes() == content and path.stat().st_mode & 0o444 == 0o444:
            return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Claude reads every *.json of the directory that does not begin with a dot.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    sync_directory(path.parent)
