"""The ids that were stored, in one JSON file that many processes share (source 002, STO-01 to STO-13)."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .durable import open_private, private_directory, replace_bytes, set_aside, unwritable


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one key's conversation.

    :param session_id: the id to resume
    :param last_used_at: epoch ms of the last success; 0 for a legacy row (STO-07)
    :param cwd: where the conversation was started, None when a row does not say
    """

    session_id: str
    last_used_at: int
    cwd: str | None


class SessionStore:
    """Rows by key; reads take no lock, writes exclude each other between processes.

    The file is `{key: {"id", "last_used_at", ...}}`. What this version does not know it keeps (STO-11).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def row(self, key: str) -> Row | None:
        """The row of a key, fresh or stale."""
        return _as_row(self._read().get(key))

    def rows(self) -> dict[str, Row]:
        """Every row that can be read as one."""
        rows = ((key, _as_row(value)) for key, value in self._read().items())
        return {key: row for key, row in rows if row is not None}

    def put(self, key: str, row: Row) -> None:
        """Store a row in place of the key's earlier one.

        :raises ManagerError: `unwritable`, with the earlier state intact
        """

        def change(data: dict[str, Any]) -> bool:
            earlier = data.get(key)
            kept = dict(earlier) if isinstance(earlier, dict) else {}
            data[key] = {**kept, "id": row.session_id, "last_used_at": row.last_used_at}
            if row.cwd is not None:
                data[key]["cwd"] = row.cwd
            return True

        self._change(change)

    def stamp_at_most(self, latest: int) -> None:
        """Give every row with a later time stamp this one (epoch ms), seen as they are at this moment."""
        if not any(row.last_used_at > latest for row in self.rows().values()):
            return

        def change(data: dict[str, Any]) -> bool:
            later = [key for key, value in data.items() if (row := _as_row(value)) and row.last_used_at > latest]
            for key in later:
                data[key]["last_used_at"] = latest
            return bool(later)

        self._change(change)

    def remove(self, doomed: Callable[[str, Row], bool]) -> int:
        """Remove the rows that `doomed` picks, seen as they are at this moment; tell how many."""
        removed = 0

        def change(data: dict[str, Any]) -> bool:
            nonlocal removed
            for key in list(data):
                row = _as_row(data[key])
                if row is not None and doomed(key, row):
                    del data[key]
                    removed += 1
            return removed > 0

        self._change(change)
        return removed

    def _change(self, change: Callable[[dict[str, Any]], bool]) -> None:
        with self._locked():
            data = self._read(mend=True)
            if change(data):
                replace_bytes(self.path, json.dumps(data, indent=1).encode())

    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_bytes())
            if isinstance(data, dict):
                return data
        except FileNotFoundError:
            return {}
        except (ValueError, IsADirectoryError, RecursionError):
            pass
        if mend:
            try:
                set_aside(self.path, ".corrupt")
            except OSError as error:
                raise unwritable(self.path, error) from error
            return {}
        with self._locked():
            return self._read(mend=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        private_directory(self.path.parent)
        lock = self.path.with_name(self.path.name + ".lock")
        try:
            descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise unwritable(lock, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _as_row(value: Any) -> Row | None:
    if isinstance(value, str):
        return Row(value, 0, None)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    used: Any = value.get("last_used_at")
    number = isinstance(used, (int, float)) and not isinstance(used, bool) and abs(used) < 1e18
    cwd = value.get("cwd")
    return Row(value["id"], int(used) if number else 0, cwd if isinstance(cwd, str) else None)
