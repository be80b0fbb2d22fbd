"""Steps of `store`: ids stored and read, restarts and kills, values that are no ids."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from ..suite.handle import ManagerHandle
from .sequence import KEYS, Skip
from .story import shown
from .walk import HERE, Walk

STORE = frozenset({"store"})

_UUID = "0b7c2f52-6a53-4c1e-8f0d-3f2f6f1f9a10"
NOT_IDS: tuple[Any, ...] = (
    "initial",
    "",
    None,
    "--resume=" + _UUID,
    "../../" + _UUID,
    _UUID + "\n",
    _UUID + "; touch pwned",
    _UUID[:-1],
    "ses_" + _UUID,
    42,
)
STAMPS = ("a year ahead", "microseconds", "seconds")
NEWER = {"model": "next", "tags": ["a", "ü"], "origin": {"host": "h"}}


@dataclass(frozen=True, slots=True)
class Store:
    """An id is stored for a key: a new one, or the one that it has."""

    key: int
    same: bool = False
    where: int = HERE
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        key = walk.key(self.key)
        row = walk.expect.rows.get(key)
        session_id = row.session_id if self.same and row else None
        same = session_id is not None
        session_id = session_id or walk.trial.new_id()
        walk.say(f"{'the same' if same else 'a new'} id {session_id} is stored for {shown(key)}", self.where)
        store(walk, walk.manager(self.where), key, session_id)


def store(walk: Walk, manager: ManagerHandle, key: str, session_id: str) -> None:
    """Store an id, and look at the file where its form is declared."""
    row = walk.expect.rows.get(key)
    before = walk.now
    walk.expect.called(before)
    with walk.under("STO-04" if row else "STO-01"):
        manager.set_session(key, session_id)
    after = walk.now
    known = bool(row and row.place_known and row.session_id == session_id)
    law = "STO-03" if KEYS.index(KEYS[walk.sequence.keys]) else "STO-04" if row else "STO-01"
    walk.expect.stored(key, session_id, before, after, law=law, place_known=known)
    walk.private_files()
    _judge_form(walk, key, session_id, before, after)


def _judge_form(walk: Walk, key: str, session_id: str, before: int, after: int) -> None:
    """A row is `{"id", "last_used_at" in epoch ms}` in a store of the form of source 002 (STO-07, TTL-12)."""
    rows = stored_rows(walk)
    if rows is None:
        return
    row = rows.get(key)
    told, used = (row.get("id"), row.get("last_used_at")) if isinstance(row, dict) else (None, None)
    walk.hold(
        "STO-03" if row is None else "STO-07",
        told == session_id and isinstance(used, (int, float)) and before - 1 <= used <= after + 1,
        expected=f"the row {{'id': {session_id}, 'last_used_at': epoch ms from {before} to {after}}}",
        seen=f"{row!r}",
    )


def store_json(walk: Walk) -> Path | None:
    """The file that the manager declares to be in the form of source 002."""
    declared = walk.trial.options.get("store_json")
    return None if declared is None else walk.trial.environment.state_dir / str(declared)


def stored_rows(walk: Walk) -> dict[str, Any] | None:
    """What is in that file; None without one."""
    path = store_json(walk)
    try:
        rows = json.loads(path.read_bytes()) if path else None
    except (OSError, ValueError):
        return None
    return rows if isinstance(rows, dict) else None


@dataclass(frozen=True, slots=True)
class Read:
    """A key is read."""

    key: int
    where: int = HERE
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        key = walk.key(self.key)
        walk.say(f"{shown(key)} is read", self.where)
        walk.add(str(walk.read(key, self.where)))


@dataclass(frozen=True, slots=True)
class StoreNoId:
    """Something that is no id is handed over for one (STO-09)."""

    key: int
    value: int
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        key, value = walk.key(self.key), NOT_IDS[self.value % len(NOT_IDS)]
        walk.say(f"{shown(value)} is handed over as the id of {shown(key)}")
        walk.expect.called(walk.now)
        with walk.under("STO-09"):
            kind = walk.trial.manager.refusal_of(partial(walk.trial.manager.set_session, key, value))
        walk.hold("STO-09", kind == "invalid_session_id", expected="the refusal invalid_session_id", seen=f"{kind}")
        walk.add("refused")
        row = walk.expect.rows.get(key)
        law = row.law if row else ""
        if row is not None and row.session_id and not walk.expect.may_be_stale(row, walk.now):
            row.law = "STO-09"
            walk.read(key)
            row.law = law


@dataclass(frozen=True, slots=True)
class Restart:
    """The manager ends and starts again."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def run(self, walk: Walk) -> None:
        walk.say("the manager is restarted")
        with walk.under("STO-02"):
            walk.restarted()


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to the manager in the other process."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def run(self, walk: Walk) -> None:
        walk.kill_other()
        walk.say("the manager in the other process is killed")


@dataclass(frozen=True, slots=True)
class ChangeConfigDir:
    """The manager is started under another config dir, or back under the first (STO-13)."""

    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        trial, here = walk.trial, walk.trial.environment
        back = bool(walk.expect.current)
        path = trial.root / "config" if back else here.home / "other-config"
        path.mkdir(exist_ok=True)
        walk.say(f"the manager is restarted under {'the first' if back else 'another'} config dir")
        walk.stop()
        walk.expect.current = "" if back else "other"
        walk.restarted(replace(here, config_dir=path).with_env(CLAUDE_CONFIG_DIR=str(path)))
        trial.config = type(trial.config)(path, trial.claude.release)


@dataclass(frozen=True, slots=True)
class Mask:
    """The umask of what starts from here on is changed (STO-12)."""

    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        walk.say("the manager is restarted under umask 000")
        os.umask(0)
        walk.restarted()


# ---------------------------------------------------------------------- rows that others wrote
@dataclass(frozen=True, slots=True)
class Plant:
    """A row is written into the store by another version: the older form, or a stamp in another unit.

    :param stamp: 0 for a plain string id, else which of :data:`STAMPS`
    """

    key: int
    stamp: int
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        path = store_json(walk)
        if path is None or walk.expect.current:
            raise Skip
        key, session_id = walk.key(self.key), walk.trial.new_id()
        how = (0, *STAMPS)[self.stamp % (len(STAMPS) + 1)]
        walk.say(
            f"between two starts {shown(key)} gets a row {f'with a stamp of {how}' if how else 'of the older form'}"
        )
        walk.laws.pop(f"newer {key}", None)
        _between_starts(walk, path, lambda rows: rows.update({key: _planted(walk, session_id, how)}))
        if not how:
            walk.expect.stored(key, session_id, 0, 0, law="STO-07", place_known=False)
            if not walk.expect.ages:
                walk.expect.rows[key].allowed.add(None)
        elif how == "seconds":
            walk.expect.stored(key, session_id, 0, walk.now, law="TTL-12", place_known=False)
            walk.expect.rows[key].allowed.add(None)
        else:
            walk.expect.stored(key, session_id, walk.now, 2**62, law="TTL-12", place_known=False)
            walk.expect.rows[key].allowed.add(None)
        walk.restarted()


def _planted(walk: Walk, session_id: str, how: str | int) -> Any:
    now = walk.now
    stamps = {"a year ahead": now + 365 * 86_400_000, "microseconds": now * 1000, "seconds": now // 1000}
    return {"id": session_id, "last_used_at": stamps[how]} if isinstance(how, str) else session_id


def _between_starts(walk: Walk, path: Path, change: Any) -> None:
    walk.stop()
    rows = {}
    if path.exists():
        rows = json.loads(path.read_bytes())
    change(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows))
    path.chmod(0o600)


@dataclass(frozen=True, slots=True)
class PlantNewer:
    """A newer version leaves fields in the row of a key, and something of its own beside the rows (STO-11)."""

    key: int
    needs: ClassVar[frozenset[str]] = STORE

    def run(self, walk: Walk) -> None:
        path, key, now = store_json(walk), walk.key(self.key), walk.now
        if path is None or walk.expect.current:
            raise Skip
        walk.say(f"between two starts a newer version writes further fields for {shown(key)}, and beside the rows")
        session_id = walk.trial.new_id()
        row = {"id": session_id, "last_used_at": now, **NEWER}
        _between_starts(walk, path, lambda rows: rows.update({key: row, "schema": 7}))
        walk.expect.stored(key, session_id, now, now, law="STO-11", place_known=False)
        walk.restarted()
        walk.dispatched.discard(key)

        def survive() -> None:
            held = walk.expect.rows.get(key)
            if walk.expect.current or held is None or None in held.allowed or key in walk.dispatched:
                return
            rows = stored_rows(walk) or {}
            row = rows.get(key)
            seen = {name: row.get(name) for name in NEWER} if isinstance(row, dict) else {}
            walk.hold("STO-11", seen == NEWER, expected=f"still the fields {NEWER} in the row", seen=f"{row}")
            walk.hold(
                "STO-11", rows.get("schema") == 7, expected="still 'schema': 7 beside the rows", seen=f"{[*rows]}"
            )

        walk.laws[f"newer {key}"] = survive
