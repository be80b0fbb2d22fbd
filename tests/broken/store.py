"""Managers that are broken in `store`."""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.age import now_ms
from pytest_claude_sessions.reference.durable import replace_bytes, unwritable
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.store import Row, SessionStore

from . import Broken


def storing(kind: type[SessionStore]) -> type[ReferenceManager]:
    """A reference manager with such a store."""
    name = kind.__name__.removesuffix("Store")
    return type(name, (ReferenceManager,), {"store_type": kind, "__module__": __name__})


# ---------------------------------------------------------------------- one key, one id
class UnknownKeyGivesTheLastId(ReferenceManager):
    last: str | None = None

    def get_session(self, key: str) -> str | None:
        return super().get_session(key) or self.last

    def set_session(self, key: str, session_id: str) -> None:
        super().set_session(key, session_id)
        self.last = session_id


class UnknownKeyGivesText(ReferenceManager):
    def get_session(self, key: str) -> str | None:
        return super().get_session(key) or ""


class OneIdForAll(ReferenceManager):
    def get_session(self, key: str) -> str | None:
        rows = list(self.store.rows().values())
        return rows[-1].session_id if super().get_session(key) else None


class InMemory(ReferenceManager):
    """Right until the restart."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.ids: dict[str, str] = {}

    def get_session(self, key: str) -> str | None:
        return self.ids.get(key)

    def set_session(self, key: str, session_id: str) -> None:
        self.ids[key] = session_id


class InTheProcess(InMemory):
    """Right until another process asks."""

    shared: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.ids = self.shared.setdefault(str(environment.state_dir), {})


class WritesAtTheNextCall(ReferenceManager):
    """Right unless it is killed before anyone asks again."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.waiting: list[tuple[str, str]] = []

    def get_session(self, key: str) -> str | None:
        self.close()
        return super().get_session(key)

    def set_session(self, key: str, session_id: str) -> None:
        self.close()
        self.waiting.append((key, session_id))

    def close(self) -> None:
        while self.waiting:
            super().set_session(*self.waiting.pop(0))


# ---------------------------------------------------------------------- keys
class ByKey(ReferenceManager):
    def stored_key(self, key: str) -> str:
        raise NotImplementedError

    def get_session(self, key: str) -> str | None:
        return super().get_session(self.stored_key(key))

    def set_session(self, key: str, session_id: str) -> None:
        super().set_session(self.stored_key(key), session_id)


class FoldsCase(ByKey):
    def stored_key(self, key: str) -> str:
        return key.casefold()


class ComposesKeys(ByKey):
    def stored_key(self, key: str) -> str:
        return unicodedata.normalize("NFC", key)


class StripsKeys(ByKey):
    def stored_key(self, key: str) -> str:
        return key.strip(" \t")


class ShortensKeys(ByKey):
    def stored_key(self, key: str) -> str:
        return key[:4096]


class KeysAsFileNames(ByKey):
    def stored_key(self, key: str) -> str:
        return re.sub(r"[/\\]", "-", key)


class KeysAsTheyPrint(ByKey):
    def stored_key(self, key: str) -> str:
        return "".join(filter(str.isprintable, key)) + "\n" * key.count("\n")


# ---------------------------------------------------------------------- the last write
class FirstWriteWins(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        if self.get_session(key) is None:
            super().set_session(key, session_id)


class CachingStore(SessionStore):
    """Reads the file once, and writes back what it has read."""

    cached: dict[str, Any] | None = None

    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        if self.cached is None:
            self.cached = super()._read(mend=mend)
        return self.cached


# ---------------------------------------------------------------------- several processes
class LocksItsThreadsAloneStore(SessionStore):
    lock: ClassVar[threading.RLock] = threading.RLock()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.lock:
            yield


class LocksTheWriteAloneStore(SessionStore):
    """Reads before it has the lock."""

    def put(self, key: str, row: Row) -> None:
        data = self._read()
        data[key] = {"id": row.session_id, "last_used_at": row.last_used_at}
        with self._locked():
            replace_bytes(self.path, json.dumps(data).encode())


class RemovesBeforeItWritesStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        with self._locked():
            data = self._read(mend=True)
            self.path.unlink(missing_ok=True)
            data[key] = {"id": row.session_id, "last_used_at": row.last_used_at}
            replace_bytes(self.path, json.dumps(data).encode())


# ---------------------------------------------------------------------- a killed writer
class InPlaceStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        with self._locked():
            data = self._read(mend=True)
            data[key] = {"id": row.session_id, "last_used_at": row.last_used_at}
            self.write(data)

    def write(self, data: dict[str, Any]) -> None:
        try:
            self.path.write_bytes(json.dumps(data).encode())
        except OSError as error:
            raise unwritable(self.path, error) from error


class InPiecesStore(InPlaceStore):
    def write(self, data: dict[str, Any]) -> None:
        with self.path.open("w") as stream:
            json.dump(data, stream)


class LockFileStore(SessionStore):
    """Its lock is a file that a killed process leaves behind."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_suffix(".locked")
        for _ in range(200):
            try:
                lock.touch(mode=0o600, exist_ok=False)
                break
            except FileExistsError:
                threading.Event().wait(0.01)
        else:
            raise ManagerError("busy", "the store is locked")
        try:
            with super()._locked():
                yield
        finally:
            lock.unlink()


# ---------------------------------------------------------------------- forms
class LegacyIsFreshStore(SessionStore):
    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        rows = super()._read(mend=mend)
        return {k: {"id": v, "last_used_at": now_ms()} if isinstance(v, str) else v for k, v in rows.items()}


class KnowsRecordsAloneStore(SessionStore):
    def row(self, key: str) -> Row | None:
        value = self._read().get(key)
        return value and Row(value["id"], value["last_used_at"], value.get("cwd"))

    def remove(self, doomed: Any) -> int:
        return super().remove(lambda key, row: row.last_used_at > 0 and doomed(key, row))


class KeepsThePlainFormStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        def change(data: dict[str, Any]) -> bool:
            plain = isinstance(data.get(key), str)
            data[key] = row.session_id if plain else {"id": row.session_id, "last_used_at": row.last_used_at}
            return True

        self._change(change)

    def remove(self, doomed: Any) -> int:
        return super().remove(lambda key, row: row.last_used_at > 0 and doomed(key, row))


class WritesSecondsStore(SessionStore):
    """Consistent with itself, and with nobody else."""

    def row(self, key: str) -> Row | None:
        row = super().row(key)
        return row and Row(row.session_id, row.last_used_at * 1000, row.cwd)

    def put(self, key: str, row: Row) -> None:
        super().put(key, Row(row.session_id, row.last_used_at // 1000, row.cwd))

    def rows(self) -> dict[str, Row]:
        return {key: Row(row.session_id, row.last_used_at * 1000, row.cwd) for key, row in super().rows().items()}

    def remove(self, doomed: Any) -> int:
        return super().remove(lambda key, row: doomed(key, Row(row.session_id, row.last_used_at * 1000, row.cwd)))


class OwnFieldsAloneStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        def change(data: dict[str, Any]) -> bool:
            data[key] = {"id": row.session_id, "last_used_at": row.last_used_at}
            return True

        self._change(change)


class OwnRowsAloneStore(SessionStore):
    def _change(self, change: Any) -> None:
        def changed(data: dict[str, Any]) -> bool:
            for key in data.keys() - self.rows().keys():
                del data[key]
            return bool(change(data))

        super()._change(changed)


class RebuildsRowsStore(SessionStore):
    """Writes every row anew from what it understands."""

    def _change(self, change: Any) -> None:
        def changed(data: dict[str, Any]) -> bool:
            for key, row in self.rows().items():
                data[key] = {"id": row.session_id, "last_used_at": row.last_used_at}
            return bool(change(data))

        super()._change(changed)


# ---------------------------------------------------------------------- damage
class StartsOverStore(SessionStore):
    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}


class OneBackupStore(StartsOverStore):
    """Sets aside what it cannot read, over what it set aside before."""

    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        data = super()._read(mend=mend)
        if not data and self.path.exists():
            self.path.rename(self.path.with_suffix(".corrupt"))
        return data


class TrustsItsFileStore(SessionStore):
    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        try:
            rows: dict[str, Any] = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        return rows


class MendsWhenItReadsStore(SessionStore):
    """Knows what to do with a damaged file where it only reads."""

    def _read(self, *, mend: bool = False) -> dict[str, Any]:
        if mend and self.path.exists():
            json.loads(self.path.read_bytes())
        return super()._read(mend=mend)


class WantsATimeStore(SessionStore):
    def rows(self) -> dict[str, Row]:
        records = {key: value for key, value in self._read().items() if isinstance(value, dict)}
        return {key: Row(value["id"], int(value["last_used_at"]), None) for key, value in records.items()}


# ---------------------------------------------------------------------- what is no id
class ChecksTheBeginning(ReferenceManager):
    pattern = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

    def set_session(self, key: str, session_id: str) -> None:
        if not isinstance(session_id, str) or not self.pattern.match(session_id):
            raise ManagerError("invalid_session_id", f"{session_id!r} is not a UUID")
        self.store.put(key, Row(session_id, now_ms(), None))


class ChecksTheLine(ChecksTheBeginning):
    """`$` also matches before a newline."""

    pattern = re.compile(ChecksTheBeginning.pattern.pattern + "$")


class ChecksTextAlone(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        if session_id is None:
            self.store.remove(lambda other, row: other == key)
        else:
            super().set_session(key, session_id)


class StoresThenChecks(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        self.store.put(key, Row(str(session_id), now_ms(), None))
        super().set_session(key, session_id)


class ForgetsThenChecks(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        self.store.remove(lambda other, row: other == key)
        super().set_session(key, session_id)


class MakesItsOwnId(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        try:
            super().set_session(key, session_id)
        except ManagerError:
            super().set_session(key, str(uuid4()))


# ---------------------------------------------------------------------- a disk that takes nothing
class ClaimsThatItSaved(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        try:
            super().set_session(key, session_id)
        except ManagerError as error:
            if error.kind != "unwritable":
                raise


class BelievesItself(ReferenceManager):
    """Refuses, and offers the id that it could not save."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.ids: dict[str, str] = {}

    def get_session(self, key: str) -> str | None:
        return self.ids.get(key) or super().get_session(key)

    def set_session(self, key: str, session_id: str) -> None:
        self.ids[key] = session_id
        super().set_session(key, session_id)


class RaisesTheSystemsError(ReferenceManager):
    def set_session(self, key: str, session_id: str) -> None:
        try:
            super().set_session(key, session_id)
        except ManagerError as error:
            raise error.__cause__ or error from None


# ---------------------------------------------------------------------- files and directories
class FollowsTheUmaskStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        super().put(key, row)
        draft = self.path.with_suffix(".draft")
        draft.write_bytes(self.path.read_bytes())
        draft.replace(self.path)


class OneStore(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.store = SessionStore(environment.state_dir / "sessions.json")
        self.options = {**self.options, "store_json": "sessions.json"}


class CleansUp(ReferenceManager):
    """Takes the stores of other config dirs for rubbish."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for path in environment.state_dir.glob("sessions-*.json"):
            if path != self.store.path:
                path.unlink()


class KeepsWhatHasATranscript(OneStore):
    """Hides the ids of another config dir, by removing them."""

    def get_session(self, key: str) -> str | None:
        session_id = super().get_session(key)
        if session_id and not list(Path(self.environment.config_dir).glob(f"projects/*/{session_id}.jsonl")):
            self.store.remove(lambda other, row: other == key)
            return None
        return session_id


Caching = storing(CachingStore)
LocksItsThreadsAlone = storing(LocksItsThreadsAloneStore)
LocksTheWriteAlone = storing(LocksTheWriteAloneStore)
RemovesBeforeItWrites = storing(RemovesBeforeItWritesStore)
InPlace = storing(InPlaceStore)
InPieces = storing(InPiecesStore)
LockFile = storing(LockFileStore)
LegacyIsFresh = storing(LegacyIsFreshStore)
KnowsRecordsAlone = storing(KnowsRecordsAloneStore)
KeepsThePlainForm = storing(KeepsThePlainFormStore)
WritesSeconds = storing(WritesSecondsStore)
OwnFieldsAlone = storing(OwnFieldsAloneStore)
OwnRowsAlone = storing(OwnRowsAloneStore)
RebuildsRows = storing(RebuildsRowsStore)
StartsOver = storing(StartsOverStore)
OneBackup = storing(OneBackupStore)
TrustsItsFile = storing(TrustsItsFileStore)
MendsWhenItReads = storing(MendsWhenItReadsStore)
WantsATime = storing(WantsATimeStore)
FollowsTheUmask = storing(FollowsTheUmaskStore)

BROKEN = [
    Broken("STO-01", UnknownKeyGivesTheLastId, "an id stored for 'alpha' and none for 'beta'"),
    Broken("STO-01", UnknownKeyGivesText, "a store to which nothing was written yet"),
    Broken("STO-01", OneIdForAll, "an id stored for 'alpha', then another for 'beta'", subtle="when alone"),
    Broken("STO-02", InMemory, "an id stored before a restart"),
    Broken("STO-02", InTheProcess, "an id stored in one process and read in another", subtle="in one process"),
    Broken("STO-02", WritesAtTheNextCall, "a process that was killed after it had answered", subtle="until a kill"),
    Broken("STO-03", FoldsCase, "the key 'Alpha', while stored is 'alpha'"),
    Broken("STO-03", ComposesKeys, "the key 'cafe\\u0301'", subtle="for ASCII"),
    Broken("STO-03", StripsKeys, "the key ' alpha', while stored is 'alpha'", subtle="the usual case"),
    Broken("STO-03", ShortensKeys, "(9999 characters)", subtle="the usual case"),
    Broken("STO-03", KeysAsFileNames, "the key 'a-b', while stored is 'a/b'", subtle="the usual case"),
    Broken("STO-03", KeysAsTheyPrint, "the key 'a\\x02'", subtle="the usual case"),
    Broken("STO-04", FirstWriteWins, "'beta' written four times"),
    Broken("STO-04", Caching, "read by a third process", subtle="in one process"),
    Broken("STO-05", LocksItsThreadsAlone, "lost or wrong", subtle="in one process"),
    Broken("STO-05", LocksTheWriteAlone, "lost or wrong", subtle="order of two steps"),
    Broken("STO-05", RemovesBeforeItWrites, "meanwhile by a further one"),
    Broken("STO-06", InPlace, "killed while it writes them anew"),
    Broken("STO-06", InPieces, "killed while it writes them anew"),
    Broken("STO-06", RemovesBeforeItWrites, "killed while it writes them anew", subtle="order of two steps"),
    Broken("STO-06", LockFile, "the store is locked", subtle="until a kill"),
    Broken("STO-07", LegacyIsFresh, "the key of the plain string"),
    Broken("STO-07", KnowsRecordsAlone, "TypeError"),
    Broken("STO-07", KeepsThePlainForm, "epoch ms from", subtle="one form of several"),
    Broken("STO-07", WritesSeconds, "epoch ms from", subtle="wrong unit"),
    Broken("STO-08", StartsOver, "these bytes still in a file of the state directory"),
    Broken("STO-08", OneBackup, "a store damaged 3 times", subtle="the first time"),
    Broken("STO-08", TrustsItsFile, "JSONDecodeError"),
    Broken("STO-08", MendsWhenItReads, "a call of set_session(key='beta'", subtle="one method of several"),
    Broken("STO-08", WantsATime, "KeyError: 'last_used_at'", subtle="one form of several"),
    Broken("STO-09", ChecksTheBeginning, "; touch pwned", subtle="the usual case"),
    Broken("STO-09", ChecksTheLine, "\\n' as the id of a key", subtle="off by one"),
    Broken("STO-09", ChecksTextAlone, "None as the id of a key", subtle="one form of several"),
    Broken("STO-09", StoresThenChecks, "refused; read at once", subtle="the word, not the deed"),
    Broken("STO-09", ForgetsThenChecks, "refused; read at once", subtle="the word, not the deed"),
    Broken("STO-09", MakesItsOwnId, "'initial' as the id of a key that has one"),
    Broken("STO-10", ClaimsThatItSaved, "no refusal, and nothing saved"),
    Broken("STO-10", BelievesItself, "the key read afterwards", subtle="until a restart"),
    Broken("STO-10", InPlace, "to a full disk; an earlier id", subtle="the word, not the deed"),
    Broken("STO-10", RaisesTheSystemsError, "OSError"),
    Broken("STO-11", OwnFieldsAlone, "then a write of 'alpha'"),
    Broken("STO-11", RebuildsRows, "then a write of 'beta'", subtle="when alone"),
    Broken("STO-11", OwnRowsAlone, "beside its rows", subtle="one form of several"),
    Broken("STO-12", FollowsTheUmask, "files of mode 0600"),
    Broken("STO-13", OneStore, "an id of another config dir"),
    Broken("STO-13", CleansUp, "back from another where", subtle="the word, not the deed"),
    Broken("STO-13", KeepsWhatHasATranscript, "back from another where", subtle="the first time"),
]
