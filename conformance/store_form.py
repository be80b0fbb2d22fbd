"""Checks of `store` by the form of its file: older rows and newer fields (STO-07, STO-11)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial


def store_json(trial: Trial) -> Path:
    """The file that the manager declares to be in the form of source 002."""
    declared = trial.options.get("store_json")
    if declared is None:
        trial.not_applicable("the manager does not declare options.store_json")
    return trial.environment.state_dir / str(declared)


def plant(trial: Trial, rows: Mapping[str, Any], infinite: str = "null") -> Path:
    """Write a store while the manager does not run, and start it on that.

    :param infinite: how the infinite is written, of which JSON knows nothing
    """
    path = store_json(trial)
    trial.stop()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows).replace("Infinity", infinite))
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


# ---------------------------------------------------------------------- rows that are none
NO_STAMPS: dict[str, Mapping[str, Any]] = {
    "none": {},
    "null": {"last_used_at": None},
    "text": {"last_used_at": "yesterday"},
    "true": {"last_used_at": True},
    "list": {"last_used_at": [1]},
    "beyond-all-numbers": {"last_used_at": float("inf")},
}


@check("STO-08", cases=NO_STAMPS)
def a_row_without_a_time_does_no_harm(trial: Trial, stamp: Mapping[str, Any]) -> None:
    """Beside a row whose last use is no time the others are read, or all is set aside; its key can be written."""
    good, odd = trial.new_id(), trial.new_id()
    path = plant(trial, {"good": record(good), "odd": {"id": odd, **stamp}}, infinite="1e999")
    planted = path.read_bytes()
    given = f"a good row, and one with {dict(stamp) or 'no last_used_at'}"
    seen = trial.manager.get_session("odd")
    trial.judge(seen in (odd, None), given=f"{given}; the latter", expected=f"{odd} or None", seen=repr(seen))
    seen = trial.manager.get_session("good")
    if seen is None:
        files = [file for file in trial.environment.state_dir.rglob("*") if file.is_file()]
        kept = any(planted in file.read_bytes() for file in files)
        trial.judge(kept, given=f"{given}; set aside", expected="its bytes in a file", seen=f"{sorted(files)}")
    else:
        trial.equal(seen, good, given=f"{given}; the former")
    session_id = trial.new_id()
    trial.manager.set_session("odd", session_id)
    trial.equal(trial.restart().get_session("odd"), session_id, given=f"{given}; the latter written, and a restart")
    trial.equal(trial.manager.get_session("good"), seen, given=f"{given}; the former, after that")


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
