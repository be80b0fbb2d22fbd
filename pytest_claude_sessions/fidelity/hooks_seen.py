"""Hooks that write down what they are given, and what was written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_READ = ("session_id", "source", "reason", "stop_hook_active", "transcript_path", "error", "last_assistant_message")


def hook_settings(directory: Path, events: Iterable[str], command: str) -> dict[str, Any]:
    """Settings with a hook for each event.

    :param directory: where the hooks write
    :param command: a shell command that each runs afterwards; empty for none
    """
    hooks = {}
    for event in events:
        own = f"{{ cat; echo; }} >> '{directory}/{event}'"
        hooks[event] = [{"hooks": [{"type": "command", "command": f"{own}; {command}" if command else own}]}]
    return {"hooks": hooks}


def hooks_seen(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """What the hooks were given since the last look: event -> the keys of each input, and the values that are read."""
    told = {}
    for path in sorted(directory.iterdir()):
        runs = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        path.unlink()
        told[path.name] = [{"keys": sorted(run), **{key: run[key] for key in _READ if key in run}} for run in runs]
    return told
