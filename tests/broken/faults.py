"""Managers that break under faults of the disk, in `store` and `resume`."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import DispatchResult, ManagerError
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.lease import Lease
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.store import Row, SessionStore

from . import Broken


class FilesAlone(SessionStore):
    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        if self.path.is_dir():
            raise ManagerError("unwritable", f"{self.path} is a directory")
        return super()._read(mend=mend)


class StopsAtADirectory(ReferenceManager):
    store_type = FilesAlone


class RemovesDirectoriesStore(SessionStore):
    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        if self.path.is_dir():
            shutil.rmtree(self.path)
        return super()._read(mend=mend)


class RemovesDirectories(ReferenceManager):
    store_type = RemovesDirectoriesStore


class SilentStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        with contextlib.suppress(ManagerError):
            super().put(key, row)


class StoresInSilence(ReferenceManager):
    store_type = SilentStore


class ForgetsWhatIsNotSavedDispatch(Dispatch):
    def run(
        self, conversation: Conversation, row: Row | None, prompt: str, timeout_s: float, lease: Lease
    ) -> DispatchResult:
        result = super().run(conversation, row, prompt, timeout_s, lease)
        if result.session_id is None:
            conversation.store.remove(lambda name, found: name == conversation.name)
        return result


class ForgetsWhatIsNotSaved(ReferenceManager):
    dispatch_type = ForgetsWhatIsNotSavedDispatch


class ClearsTheWayDispatch(Dispatch):
    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Path) -> Start:
        for place in (self.transcripts.config_dir / "projects").glob("*/*.jsonl"):
            if place.is_dir():
                shutil.rmtree(place)
        return super()._first_start(conversation, row, cwd)


class ClearsTheWay(ReferenceManager):
    dispatch_type = ClearsTheWayDispatch


BROKEN = [
    Broken("STO-08", StopsAtADirectory, "is a directory", subtle="one form of several"),
    Broken("STO-08", RemovesDirectories, "whether what was in it is still there", subtle="one form of several"),
    Broken("STO-10", StoresInSilence, "the state directory was remounted read-only"),
    Broken("RES-07", ForgetsWhatIsNotSaved, "with the disk full while Claude answered", subtle="one form of several"),
    Broken("RES-07", ClearsTheWay, "files of that directory that are still there", subtle="one form of several"),
]
