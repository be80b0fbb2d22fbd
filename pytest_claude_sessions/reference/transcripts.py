"""Claude's own files: finding a conversation's transcript, and telling whether Claude would resume it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lines import lines_with, record_in, records_from_start


@dataclass(frozen=True, slots=True)
class Chain:
    """The records of a conversation: who follows whom.

    :param parents: each record's id with that of the record before it
    :param last: id of the newest turn's record
    :param turns: number of user records
    """

    parents: dict[str, str | None]
    last: str | None
    turns: int

    def carries_on(self, earlier: Chain, *, copied: bool) -> bool:
        """Whether the newest turn follows on the earlier conversation.

        :param copied: whether it is in another file, where older releases give every record a new id
        """
        if copied or not earlier.parents:
            return self.turns > earlier.turns
        seen: set[str] = set()
        record = self.last
        while record is not None and record not in seen:
            seen.add(record)
            if record != self.last and record in earlier.parents:
                return True
            record = self.parents.get(record)
        return False


class Transcripts:
    """The `projects/` directory of one config dir."""

    def __init__(self, config_dir: Path) -> None:
        self.config_dir = config_dir

    def find(self, session_id: str, cwd: Path | None = None) -> Path | None:
        """Where the conversation's transcript is, whatever stands there; that of `cwd` first.

        Found by id: how a path becomes a directory name differs by release and by character (RES-22).
        """
        projects = self.config_dir / "projects"
        try:
            directories = [entry.path for entry in os.scandir(projects) if entry.is_dir()]
        except OSError:
            return None
        found = [path for path in (Path(d, f"{session_id}.jsonl") for d in directories) if os.path.lexists(path)]
        if cwd is not None and len(found) > 1:
            encoded = re.sub(r"[^A-Za-z0-9]", "-", os.path.realpath(cwd))
            found.sort(key=lambda path: path.parent.name != encoded)
        return found[0] if found else None

    def chain(self, path: Path) -> Chain | None:
        """The conversation in the file, None when Claude would find none in it (QUA-04 to QUA-06, QUA-09)."""
        parents: dict[str, str | None] = {}
        last, turns = None, 0
        for record in self._records(path):
            uuid, kind = record.get("uuid"), record.get("type")
            parent = record.get("parentUuid") or record.get("logicalParentUuid")
            if isinstance(uuid, str):
                parents[uuid] = parent if isinstance(parent, str) else None
            if not _is_said(record):
                continue
            turns += kind == "user"
            if kind in ("user", "assistant") and isinstance(uuid, str):
                last = uuid
        return Chain(parents, last, turns) if turns else None

    def holds_conversation(self, path: Path) -> bool:
        """Whether Claude would find a conversation in the file: told by its first prompt, the rest stays unread."""
        if not self._is_below_projects(path):
            return False
        # Text is escaped where its writer chose to; a prompt's record names its type one way or the other.
        found = (record_in(line) for line in lines_with(path, b'"user"', b"\\u"))
        return any(record is not None and record.get("type") == "user" and _is_said(record) for record in found)

    def is_inside(self, path: Path) -> bool:
        """Whether a path is in `projects/`, with links on the way to it followed (QUA-09)."""
        projects = os.path.realpath(self.config_dir / "projects")
        return os.path.realpath(path.parent).startswith(projects + os.sep)

    def is_running(self, session_id: str) -> bool:
        """Whether a Claude that is alive says that it works on this conversation (QUA-08)."""
        try:
            files = list((self.config_dir / "sessions").glob("*.json"))
        except OSError:
            return False
        for file in files:
            try:
                entry = json.loads(file.read_bytes())
                if entry.get("sessionId") == session_id and _is_alive(int(entry["pid"])):
                    return True
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
        return False

    def _records(self, path: Path) -> Iterator[dict[str, Any]]:
        if self._is_below_projects(path):
            yield from records_from_start(path)

    def _is_below_projects(self, path: Path) -> bool:
        return os.path.realpath(path).startswith(os.path.realpath(self.config_dir / "projects") + os.sep)


def _is_said(record: dict[str, Any]) -> bool:
    """Whether a record is a part of the main conversation, and no subagent's."""
    return record.get("isSidechain") is not True and isinstance(record.get("message"), dict)


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False  # for `kill` a group, and no process
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # the latter for a number that no process can have
        return False
    except PermissionError:
        return True
    return True
