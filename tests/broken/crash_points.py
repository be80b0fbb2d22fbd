"""Managers that are right until they are stopped between two changes of a file, or one of these fails."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, Installed, ManagerError
from pytest_claude_sessions.reference.export import Exporter
from pytest_claude_sessions.reference.lifecycle import FILE, settings
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.store import SessionStore

from . import Broken
from .quarantine import Moving


# ---------------------------------------------------------------------- STO-06
class WritingStore(SessionStore):
    """Writes in a way of its own."""

    def write(self, text: str) -> None:
        raise NotImplementedError

    def _change(self, change: Any) -> None:
        with self._locked():
            data = self._read(mend=True)
            if change(data):
                self.write(json.dumps(data))


class CutsFirstStore(WritingStore):
    """Loses everything between the open and the write."""

    def write(self, text: str) -> None:
        self.path.write_text(text)


class RemovesFirstStore(WritingStore):
    """Has nothing between the removal and the rename."""

    def write(self, text: str) -> None:
        draft = self.path.with_suffix(".draft")
        draft.write_text(text)
        self.path.unlink(missing_ok=True)
        draft.rename(self.path)


class SwallowsErrorsStore(SessionStore):
    """Says that it saved what the disk did not take."""

    def _change(self, change: Any) -> None:
        with contextlib.suppress(ManagerError):
            super()._change(change)


class ThrowsErrorsStore(WritingStore):
    """Leaves the error of the disk to the caller."""

    def write(self, text: str) -> None:
        draft = self.path.with_suffix(f".{os.urandom(4).hex()}")
        draft.write_text(text)
        draft.replace(self.path)


class LocksByNameStore(SessionStore):
    """Its lock outlives it."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_suffix(".held")
        try:
            lock.open("x").close()
        except FileExistsError:
            raise ManagerError("busy", "another manager writes") from None
        except OSError as error:
            raise ManagerError("unwritable", str(error)) from error
        try:
            yield
        finally:
            lock.unlink()


class CutsFirst(ReferenceManager):
    store_type = CutsFirstStore


class RemovesFirst(ReferenceManager):
    store_type = RemovesFirstStore


class SwallowsErrors(ReferenceManager):
    store_type = SwallowsErrorsStore


class ThrowsErrors(ReferenceManager):
    store_type = ThrowsErrorsStore


class LocksByName(ReferenceManager):
    store_type = LocksByNameStore


class ForgetsMeanwhile(ReferenceManager):
    """Has no id for its key until the turn has ended well."""

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        self.store.remove(lambda key, found: key == request.key)
        return super().dispatch(request)


# ---------------------------------------------------------------------- QUA-01
class DeletesBeforeItCopiesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        data = path.read_bytes()
        target = path.with_name(f"{path.name}.bak-{os.urandom(4).hex()}")
        path.unlink()
        target.write_bytes(data)
        return target


class DeletesBeforeItCopies(ReferenceManager):
    quarantine_type = DeletesBeforeItCopiesQuarantine


class CopiesWhatTheDiskTakesQuarantine(Moving):
    def move(self, path: Path) -> Path | None:
        target = path.with_name(f"{path.name}.bak-{os.urandom(4).hex()}")
        with contextlib.suppress(OSError):
            shutil.copyfile(path, target)
        path.unlink()
        return target


class CopiesWhatTheDiskTakes(ReferenceManager):
    quarantine_type = CopiesWhatTheDiskTakesQuarantine


# ---------------------------------------------------------------------- RET-04
class InstallsOtherwise(ReferenceManager):
    """Writes the settings in a way of its own."""

    def install_lifecycle_settings(self, retention_days: int | None) -> Installed:
        path = self.environment.managed_settings_dir / FILE
        text = json.dumps(settings(retention_days))
        try:
            if not path.exists() or path.read_text() != text:
                self.write(path, text)
        except OSError as error:
            return Installed(None, (f"unwritable: {error}",))
        return Installed(path)

    def write(self, path: Path, text: str) -> None:
        raise NotImplementedError


class InstallsInPlace(InstallsOtherwise):
    def write(self, path: Path, text: str) -> None:
        path.write_text(text)


class DraftsAmongTheSettings(InstallsOtherwise):
    """Claude would read what a kill leaves behind."""

    def write(self, path: Path, text: str) -> None:
        draft = path.with_name(f"31-draft-{os.urandom(4).hex()}.json")
        draft.write_text(text)
        draft.replace(path)


class ShowsItTooLate(InstallsOtherwise):
    """For a moment other users cannot read it."""

    def write(self, path: Path, text: str) -> None:
        draft = path.with_name(".draft")
        draft.write_text(text)
        draft.chmod(0o600)
        draft.replace(path)
        path.chmod(0o644)


# ---------------------------------------------------------------------- EXP-01
class WritesUnderItsNameExporter(Exporter):
    def export(self, session_id: str, destination: Path) -> Path:
        whole = super().export(session_id, destination.with_name(f".{os.urandom(4).hex()}-{destination.name}"))
        try:
            shutil.copyfile(whole, destination)
        except OSError as error:
            raise ManagerError("unwritable", str(error)) from error
        finally:
            whole.unlink()
        return destination


class WritesUnderItsName(ReferenceManager):
    exporter_type = WritesUnderItsNameExporter


# ---------------------------------------------------------------------- REC-05
class NotesFirst(ReferenceManager):
    """Takes a conversation for recovered that was not yet."""

    def recover_rate_limited(self) -> list[Any]:
        note = self.environment.state_dir / "recovered"
        if note.exists():
            return []
        try:
            note.write_text("yes")
        except OSError as error:
            raise ManagerError("unwritable", str(error)) from error
        return super().recover_rate_limited()


def _of(series: str) -> tuple[str, ...]:
    return ("--claude-crash", "-k", series)


BROKEN = [
    Broken("STO-06", CutsFirst, "open sessions-", _of("an-id-anew-after"), "until a kill"),
    Broken("STO-06", RemovesFirst, "the ids", _of("an-id-anew-before"), "order of two steps"),
    Broken("STO-06", SwallowsErrors, "ENOSPC at change", _of("an-id-anew-ENOSPC"), "until something fails"),
    Broken("STO-06", ThrowsErrors, "a refusal of the closed list", _of("an-id-anew-EIO"), "until something fails"),
    Broken("STO-06", LocksByName, "busy", _of("an-id-anew-after"), "until a kill"),
    Broken("STO-06", ForgetsMeanwhile, "the id of its key", _of("a-second-turn-before"), "until a kill"),
    Broken("QUA-01", DeletesBeforeItCopies, "lost, among", _of("interrupted-a-call-after"), "order of two steps"),
    Broken("QUA-01", CopiesWhatTheDiskTakes, "lost, among", _of("interrupted-a-call-ENOSPC"), "until something fails"),
    Broken("RET-04", InstallsInPlace, "no file, or an empty one", _of("other-days-after"), "until a kill"),
    Broken("RET-04", DraftsAmongTheSettings, "drafts left", _of("other-days-after"), "until a kill"),
    Broken("RET-04", ShowsItTooLate, "readable for all", _of("other-days-after"), "order of two steps"),
    Broken("EXP-01", WritesUnderItsName, "export-1.jsonl", _of("json-lines-after"), "until a kill"),
    Broken("REC-05", NotesFirst, "after a restart", _of("a-recovery-after"), "order of two steps"),
]
