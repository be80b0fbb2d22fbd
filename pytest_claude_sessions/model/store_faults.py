"""Steps of `store` with faults: damaged files, a disk that takes nothing, several writers, a killed one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from ..door import Refusal
from ..suite.handle import ManagerHandle
from .sequence import Skip
from .store_steps import STORE, store
from .story import shown
from .walk import PROCESS, Walk

DAMAGES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "garbage": lambda content, mark: b"\xff\xfe\x00garbage " + mark + b"\x80\x81\n",
    "cut in half": lambda content, mark: content[: len(content) // 2],
    "zero bytes": lambda content, mark: b"\x00" * max(len(content), 64),
    "of another form": lambda content, mark: b'["' + mark + b'", 1]',
    "a directory with that in it": lambda content, mark: mark,
}
WRITERS_KEYS = 8
LONG = "x" * 6000
KILL_AFTER = 0.004
"""Seconds between an answer and the kill of the writer, each next one a little later."""


@dataclass(frozen=True, slots=True)
class DamageStore:
    """A file of the state directory is damaged between two starts (STO-08).

    :param kind: which of :data:`DAMAGES`
    :param file: which of the files with something in them
    """

    key: int
    kind: int
    file: int = 0
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        state_dir = walk.trial.environment.state_dir
        files = sorted(path for path in state_dir.glob("*") if path.is_file() and path.stat().st_size)
        files = [path for path in files if not any(mark in path.read_bytes() for mark in walk.marks)]
        if not files:
            raise Skip
        path = files[self.file % len(files)]
        how = list(DAMAGES)[self.kind % len(DAMAGES)]
        walk.say(f"between two starts {path.name} of the state directory is made {how}")
        walk.stop()
        mark = f"damage {len(walk.marks)} {walk.trial.new_id()}".encode()
        damaged = DAMAGES[how](path.read_bytes(), mark)
        if how == "a directory with that in it":
            path.unlink()
            path.mkdir()
            (path / "inside").write_bytes(damaged)
            (path / "inside").chmod(0o600)
        else:
            path.write_bytes(damaged)
        for shelf in walk.expect.shelves.values():
            for row in shelf.rows.values():
                row.allowed.add(None)
            shelf.workspaces.clear()
        for name in [name for name in walk.laws if name.startswith("newer")]:
            del walk.laws[name]
        with walk.all_under("STO-08"):
            walk.restarted()
            walk.read(walk.key(self.key))
            store(walk, walk.trial.manager, walk.key(self.key + 1), walk.trial.new_id())
        walk.marks.append(damaged if how != "garbage" else mark)
        _kept(walk)
        walk.laws["damaged stores"] = partial(_kept, walk)


def _kept(walk: Walk) -> None:
    contents = [path.read_bytes() for path in walk.trial.environment.state_dir.rglob("*") if path.is_file()]
    for number, mark in enumerate(walk.marks, 1):
        walk.hold(
            "STO-08",
            any(mark in content for content in contents),
            expected=f"the bytes of damage {number} still in a file of the state directory",
            seen=f"they are in none of its {len(contents)} files",
        )


@dataclass(frozen=True, slots=True)
class ReadOnlyStore:
    """An id is stored while the state directory is read-only (STO-10)."""

    key: int
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        key, session_id = walk.key(self.key), walk.trial.new_id()
        manager = walk.trial.manager
        row = walk.expect.rows.get(key)
        now = walk.now
        if row is not None and (len(row.allowed) > 1 or walk.expect.may_be_stale(row, now)):
            raise Skip
        earlier = row.session_id if row else None
        walk.drop_others()
        with walk.trial.read_only_for_now(walk.trial.environment.state_dir):
            walk.say(f"while the state directory is read-only a new id {session_id} is stored for {shown(key)}")
            walk.expect.called(now)
            with walk.under("STO-10"):
                kind = manager.refusal_of(partial(manager.set_session, key, session_id))
            walk.add("refused" if kind else "answered")
            seen = earlier
            with contextlib.suppress(Refusal):
                seen = manager.get_session(key)
        if kind is None:
            walk.hold(
                "STO-10",
                walk.trial.another().get_session(key) == session_id,
                expected="the refusal unwritable, or an id that is stored",
                seen="no refusal, and nothing stored",
            )
            walk.expect.stored(key, session_id, now, walk.now, law="STO-10", place_known=False)
            return
        walk.hold("STO-10", kind == "unwritable", expected="the refusal unwritable", seen=kind)
        walk.hold("STO-10", seen == earlier, expected=f"{shown(key)} still gives {earlier}", seen=f"it gives {seen}")


@dataclass(frozen=True, slots=True)
class WriteAtOnce:
    """Two managers, one of them in another process, write keys of their own at once (STO-05)."""

    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        managers = [walk.trial.manager, walk.manager(PROCESS), walk.trial.process()]
        ids = {f"writer {w} key {k}": walk.trial.new_id() for w in range(len(managers)) for k in range(WRITERS_KEYS)}
        walk.say(f"{len(managers)} managers in {len(managers)} processes write {WRITERS_KEYS} keys each, at once")
        before = walk.now

        def write(number: int, manager: ManagerHandle) -> None:
            for key, session_id in ids.items():
                if key.startswith(f"writer {number} "):
                    manager.set_session(key, session_id)

        with walk.under("STO-05"):
            walk.trial.together(*(partial(write, *pair) for pair in enumerate(managers)))
        for key, session_id in ids.items():
            walk.expect.stored(key, session_id, before, walk.now, law="STO-05", place_known=False)
            walk.read(key)


@dataclass(frozen=True, slots=True)
class KillWriter:
    """A manager is killed while it stores ids for long keys, again and again (STO-06)."""

    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        keys = [f"{number} {LONG}" for number in range(12)]
        walk.say(f"{len(keys)} ids are stored for long keys, then a manager is killed three times while it stores more")
        walk.drop_others()
        for key in keys:
            store(walk, walk.trial.manager, key, walk.trial.new_id())
        for kill in range(3):
            writer = walk.trial.process()
            walk.expect.started(walk.now)
            under_way = _store_until_killed(walk, writer, keys, kill)
            for key, session_id in under_way.items():
                walk.expect.rows[key].allowed.add(session_id)
                walk.expect.rows[key].law = "STO-06"
            with walk.under("STO-06"):
                for key in keys:
                    walk.expect.rows[key].law = "STO-06"
                    walk.read(key)


def _store_until_killed(walk: Walk, writer: ManagerHandle, keys: list[str], kill: int) -> dict[str, str]:
    """What was under way when the kill came."""
    under_way: dict[str, str] = {}
    answers, over = threading.Semaphore(0), threading.Event()

    def write() -> None:
        while not over.is_set():
            for key in keys:
                session_id = under_way[key] = walk.trial.new_id()
                before = walk.now
                try:
                    writer.set_session(key, session_id)
                except Exception:
                    if over.is_set():
                        return
                    over.set()
                    answers.release()
                    raise
                del under_way[key]
                walk.expect.stored(key, session_id, before, walk.now, law="STO-06", place_known=False)
                answers.release()

    thread = walk.trial.background(write)
    for _ in range(kill + 1):
        answers.acquire(timeout=30)
    _wait_for_a_write(walk.trial.environment.state_dir)
    over.set()
    walk.trial.killed(writer)
    thread.result()
    return under_way


def _wait_for_a_write(directory: Path) -> None:
    """Wait until a file of the directory is seen to shrink, to come or to go, or to change at last."""

    def sizes() -> dict[str, tuple[int, int]]:
        found = {}
        for path in directory.glob("*"):
            with contextlib.suppress(OSError):
                status = path.lstat()
                found[path.name] = (status.st_size, status.st_mtime_ns)
        return found

    before = sizes()
    for _ in range(2000):
        now = sizes()
        if any(name not in now or now[name][0] < size for name, (size, _) in before.items()) or now.keys() - before:
            return
        before = now
