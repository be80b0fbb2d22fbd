"""Checks of `store` by the files that it is kept in: old and newer forms, damage, a disk that takes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pytest_claude_sessions.bind import BindUnavailable, fill
from pytest_claude_sessions.door import Refusal
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial


def store_json(trial: Trial) -> Path:
    """The file that the manager declares to be in the form of source 002."""
    declared = trial.options.get("store_json")
    if declared is None:
        trial.not_applicable("the manager does not declare options.store_json")
    return trial.environment.state_dir / str(declared)


def plant(trial: Trial, rows: Mapping[str, Any]) -> Path:
    """Write a store while the manager does not run, and start it on that."""
    path = store_json(trial)
    trial.stop()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows))
    trial.restart()
    return path


def record(session_id: str, **more: Any) -> dict[str, Any]:
    """A row of source 002, last used a minute ago."""
    return {"id": session_id, "last_used_at": int(time.time() * 1000) - 60_000, **more}


def read_rows(trial: Trial, path: Path, *, given: str) -> dict[str, Any]:
    """The store as it is on the disk."""
    try:
        rows = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        rows = error
    expected = f"an object of rows in {path.name}"
    trial.judge(isinstance(rows, dict), given=given, expected=expected, seen=f"{rows!r:.300}")
    return dict(rows)


# ---------------------------------------------------------------------- the older form
@check("STO-07")
def legacy_rows_are_not_offered(trial: Trial) -> None:
    """A plain string id counts as expired; a record beside it is offered."""
    legacy, current = trial.new_id(), trial.new_id()
    plant(trial, {"legacy": legacy, "current": record(current)})
    given = "a store with a plain string id and a record that was used a minute ago"
    trial.equal(trial.manager.get_session("current"), current, given=f"{given}; the record's key")
    trial.equal(trial.manager.get_session("legacy"), None, given=f"{given}; the key of the plain string")


@check("STO-07")
def legacy_rows_are_not_resumed(trial: Trial) -> None:
    """A dispatch for a legacy row starts fresh, though its conversation exists; one for a record resumes."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume")
    legacy = trial.config.add_conversation(cwd=trial.environment.workdir, turns=["from long ago"]).session_id
    current = trial.config.add_conversation(cwd=trial.environment.workdir, turns=["from today"]).session_id
    plant(trial, {"legacy": legacy, "current": record(current)})
    given = "a store with a plain string id and a record, both of conversations that exist"
    trial.succeeded(trial.manager.dispatch("hello", key="legacy"), given=f"{given}; a dispatch for the plain string")
    asked = [start.requested_resume for start in trial.starts]
    trial.equal(asked, [None], given=f"{given}; a dispatch for the plain string, the ids that Claude was to resume")
    trial.succeeded(trial.manager.dispatch("hello", key="current"), given=f"{given}; a dispatch for the record")
    asked = [start.requested_resume for start in trial.starts]
    trial.equal(asked, [None, current], given=f"{given}; a dispatch for each, the ids that Claude was to resume")


@check("STO-07", cases={"same-id": True, "other-id": False})
def the_next_write_uses_the_record_form(trial: Trial, same: bool) -> None:
    """Writing a legacy row's key leaves a record with the id and the time in epoch milliseconds."""
    legacy = trial.new_id()
    session_id = legacy if same else trial.new_id()
    path = plant(trial, {"legacy": legacy})
    before = int(time.time() * 1000) - 1
    trial.manager.set_session("legacy", session_id)
    after = int(time.time() * 1000) + 1
    given = f"a store with a plain string id, its key then written with {'that' if same else 'another'} id"
    row = read_rows(trial, path, given=given).get("legacy")
    told, used = (row.get("id"), row.get("last_used_at")) if isinstance(row, dict) else (None, None)
    trial.judge(
        told == session_id and isinstance(used, (int, float)) and before <= used <= after,
        given=given,
        expected=f"{{'id': {session_id!r}, 'last_used_at': epoch ms from {before} to {after}}}",
        seen=repr(row),
    )
    trial.equal(trial.restart().get_session("legacy"), session_id, given=f"{given}; read after a restart")


# ---------------------------------------------------------------------- a newer form
NEWER = {"model": "next", "tags": ["a", "ü"], "origin": {"host": "h", "pid": 7}, "note": None}


@check("STO-11", cases={"the-row-written": "alpha", "another-row": "beta"})
def fields_of_a_row_survive(trial: Trial, written: str) -> None:
    """What a newer version keeps in a row is there after a write, or the write was refused and the bytes stay."""
    alpha = trial.new_id()
    path = plant(trial, {"alpha": record(alpha, **NEWER), "beta": record(trial.new_id())})
    trial.equal(trial.manager.get_session("alpha"), alpha, given="a record with more fields than this version knows")
    session_id = alpha if written == "alpha" else trial.new_id()
    given = f"a record 'alpha' with the further fields {NEWER}, then a write of {written!r}"
    if not _refused(trial, path, written, session_id, given=given):
        row = read_rows(trial, path, given=given).get("alpha")
        kept = {name: row[name] for name in NEWER if name in row} if isinstance(row, dict) else row
        trial.equal(kept, NEWER, given=given)


@check("STO-11", cases={"object": {"version": 3, "by": "next"}, "number": 3, "list": ["alpha"]})
def fields_of_the_file_survive(trial: Trial, value: Any) -> None:
    """What a newer version keeps beside the rows is there after a start and a write."""
    alpha = trial.new_id()
    path = plant(trial, {"$schema": value, "alpha": record(alpha)})
    given = f"a store with {{'$schema': {value!r}}} beside its rows, then a write of a row"
    trial.equal(trial.manager.get_session("alpha"), alpha, given=f"{given}; a row that was there")
    if not _refused(trial, path, "beta", trial.new_id(), given=given):
        trial.equal(read_rows(trial, path, given=given).get("$schema"), value, given=given)


def _refused(trial: Trial, path: Path, key: str, session_id: str, *, given: str) -> bool:
    """Whether the write is refused; it then must not have changed a byte. Else it must have been done."""
    before = path.read_bytes()
    kind = trial.manager.refusal_of(lambda: trial.manager.set_session(key, session_id))
    if kind is not None:
        trial.equal(path.read_bytes(), before, given=f"{given}, refused as {kind}; the store's bytes")
        return True
    trial.equal(trial.restart().get_session(key), session_id, given=f"{given}; that row after a restart")
    return False


# ---------------------------------------------------------------------- damage
Damage = Callable[[bytes, bytes], bytes]

# What becomes of a file's bytes; the mark tells this damage from every other.
DAMAGES: dict[str, Damage] = {
    "truncated": lambda content, mark: content[: len(content) // 2],
    "empty": lambda content, mark: b"",
    "garbage": lambda content, mark: b"\xff\xfe\x00garbage " + mark + b"\x80\x81\n",
    "zero-bytes": lambda content, mark: b"\x00" * max(len(content), 64),
    "text-behind": lambda content, mark: content + b"}<<<<<<< " + mark,
    "another-form": lambda content, mark: b'["' + mark + b'", 1]',
}


@check("STO-08", cases=DAMAGES)
def a_corrupt_store_is_set_aside(trial: Trial, damage: Damage) -> None:
    """Each file in turn is damaged; the manager starts, stores and reads, and the damaged bytes are still there."""
    trial.manager.set_session("alpha", trial.new_id())
    state_dir = trial.environment.state_dir
    names = _made(state_dir)
    trial.judge(bool(names), given="an id stored", expected="at least one file in the state directory", seen="none")
    for number, name in enumerate(names):
        earlier = trial.new_id()
        trial.manager.set_session("alpha", earlier)
        trial.stop()
        path = state_dir / name
        if not path.is_file():
            continue
        content = path.read_bytes()
        damaged = damage(content, f"damage {number} {trial.new_id()}".encode())
        path.write_bytes(damaged)
        given = f"{name} of the state directory, {len(content)} bytes, made {_shown(damaged)} between two starts"
        harmless = content in damaged and trial.manager.get_session("alpha") == earlier
        _goes_on(trial, given=given)
        # Nothing has to be kept of an empty file (a lock), nor of text that the form lets stand behind its end.
        if content and not harmless:
            _judge_kept(trial, damaged, given=given)


@check("STO-08")
def a_second_damage_does_not_replace_the_first(trial: Trial) -> None:
    """A store that is damaged twice leaves both, each under a name of its own."""
    state_dir = trial.environment.state_dir
    trial.manager.set_session("alpha", trial.new_id())
    names = [name for name in _made(state_dir) if (state_dir / name).stat().st_size]
    trial.judge(bool(names), given="an id stored", expected="at least one file with something in it", seen="none")
    marks = [f"damage {number} {trial.new_id()}".encode() for number in range(3)]
    for mark in marks:
        trial.manager.set_session("alpha", trial.new_id())
        trial.stop()
        for name in names:
            (state_dir / name).write_bytes(DAMAGES["garbage"](b"", mark))
        _goes_on(trial, given=f"a store damaged {len(marks)} times, each time between two starts")
    for mark in marks:
        _judge_kept(trial, mark, given=f"a store damaged {len(marks)} times, each time between two starts")


def _made(state_dir: Path) -> list[str]:
    files = (path for path in state_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(str(path.relative_to(state_dir)) for path in files)


def _goes_on(trial: Trial, *, given: str) -> None:
    """Judge that the manager starts, reads, writes, and finds what it wrote after a restart."""
    manager = trial.restart()
    manager.get_session("alpha")
    session_id = trial.new_id()
    manager.set_session("beta", session_id)
    trial.equal(manager.get_session("beta"), session_id, given=f"{given}; an id stored afterwards")
    trial.equal(trial.restart().get_session("beta"), session_id, given=f"{given}; that id after a restart")


def _judge_kept(trial: Trial, damaged: bytes, *, given: str) -> None:
    files = {path: path.read_bytes() for path in trial.environment.state_dir.rglob("*") if path.is_file()}
    trial.judge(
        any(damaged in content for content in files.values()),
        given=given,
        expected="these bytes still in a file of the state directory",
        seen=", ".join(sorted(f"{path.name} ({len(content)} bytes)" for path, content in files.items())),
    )


def _shown(content: bytes) -> str:
    return f"{len(content)} bytes: {content[:24]!r}"


# ---------------------------------------------------------------------- a disk that takes nothing
@check("STO-10")
def a_read_only_store_is_told(trial: Trial) -> None:
    """A write to a store on a read-only disk is refused; the earlier id stays, and later writes work."""
    manager = trial.manager
    old, new = trial.new_id(), trial.new_id()
    manager.set_session("alpha", old)
    with trial.read_only_for_now(trial.environment.state_dir):
        told = _told_unwritable(trial, manager, "alpha", new, given="a write while the state directory is read-only")
        if told:
            _judge_intact(trial, manager, "alpha", old, given="a write that was refused, the state directory read-only")
    if not told:
        trial.equal(trial.restart().get_session("alpha"), new, given="a write answered as done on a read-only disk")
        return
    trial.equal(manager.get_session("alpha"), old, given="a write that was refused, the disk writable again")
    trial.equal(trial.restart().get_session("alpha"), old, given="a write that was refused, after a restart")
    trial.manager.set_session("alpha", new)
    trial.equal(trial.restart().get_session("alpha"), new, given="a write when the disk is writable again")


@check("STO-10")
def a_start_on_a_read_only_store_is_told(trial: Trial) -> None:
    """Started on a read-only disk, the manager refuses to start or to write, and never says that it saved."""
    old, new = trial.new_id(), trial.new_id()
    trial.manager.set_session("alpha", old)
    trial.stop()
    with trial.read_only_for_now(trial.environment.state_dir):
        try:
            manager = trial.restart()
        except Refusal as refusal:
            trial.equal(refusal.kind, "unwritable", given="a start while the state directory is read-only")
        else:
            given = "a write of a manager that was started on a read-only state directory"
            for key in ("alpha", "beta"):
                kind = manager.refusal_of(partial(manager.set_session, key, new))
                trial.equal(kind, "unwritable", given=given)
            _judge_intact(trial, manager, "alpha", old, given=given)
            _judge_intact(trial, manager, "beta", None, given=given)
    trial.equal(trial.restart().get_session("alpha"), old, given="an id stored before the disk was read-only, after it")
    trial.equal(trial.manager.get_session("beta"), None, given="a key whose only write was on the read-only disk")
    trial.manager.set_session("beta", new)
    trial.equal(trial.manager.get_session("beta"), new, given="a write when the disk is writable again")


@check("STO-10")
def a_full_disk_is_told(trial: Trial) -> None:
    """A write for which the disk has no room is refused, and every earlier id stays."""
    ids = {f"key-{number}": trial.new_id() for number in range(5)}
    for key, session_id in ids.items():
        trial.manager.set_session(key, session_id)
    trial.stop()
    try:
        disk = fill(trial.environment.state_dir)
    except BindUnavailable as reason:
        trial.not_applicable(f"a read-only disk has to stand for a full one: {reason}")
    large, session_id = "k" * 20_000, trial.new_id()
    with disk:
        disk.free(1 << 18)
        manager = trial.restart()
        disk.refill()
        given = "a write of a key of 20000 characters to a full disk"
        if _told_unwritable(trial, manager, large, session_id, given=given):
            _judge_intact(trial, manager, large, None, given=given)
        disk.free(1 << 20)
        for key, earlier in ids.items():
            trial.equal(trial.restart().get_session(key), earlier, given=f"{given}; an earlier id")
        trial.manager.set_session(large, session_id)
        trial.equal(trial.restart().get_session(large), session_id, given="that write when there is room again")
        trial.stop()


def _told_unwritable(trial: Trial, manager: ManagerHandle, key: str, session_id: str, *, given: str) -> bool:
    """Judge that a write is refused as unwritable, or was really done (files that were open already)."""
    kind = manager.refusal_of(lambda: manager.set_session(key, session_id))
    if kind is None:
        claimed = trial.another().get_session(key)
        trial.judge(
            claimed == session_id, given=given, expected="the refusal unwritable", seen="no refusal, and nothing saved"
        )
        return False
    trial.equal(kind, "unwritable", given=given)
    return True


def _judge_intact(trial: Trial, manager: ManagerHandle, key: str, earlier: str | None, *, given: str) -> None:
    """Judge that a key reads as before, or that reading is refused too."""
    try:
        seen = manager.get_session(key)
    except Refusal:
        return
    trial.equal(seen, earlier, given=f"{given}; the key read afterwards")
