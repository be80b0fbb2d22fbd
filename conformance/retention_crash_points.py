"""Checks of `retention` at every change of a file that an installation makes (RET-04, with `--claude-crash`)."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from pytest_claude_sessions.crash.form import Reply
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .crash_points import CRASH, NEW, OLD, After, each_kind, interrupted
from .retention import FILE, install, settings_file
from .retention_file import OTHERS

ABSENT = b""


@dataclass(frozen=True, slots=True)
class Work:
    """An installation of `days`, where `earlier` were installed before; no file was there when that is 0."""

    earlier: int
    days: int | None


WORKS = {"the-first-file": Work(0, 30), "other-days": Work(7, 30), "taken-back": Work(7, None)}


@check("RET-04", cases=each_kind(WORKS), only_with=CRASH)
def each_change_interrupted(trial: Trial, case: tuple[str, Work, str]) -> None:
    """An installation is stopped before or after each change, or that change fails: the old file, or the new one."""
    name, work, kind = case
    directory = trial.environment.managed_settings_dir
    install(trial, work.days)
    new = _bytes(trial)
    if work.earlier:
        install(trial, work.earlier)
    else:
        settings_file(trial).unlink(missing_ok=True)
    states = {OLD: _bytes(trial), NEW: new}
    for other, text in OTHERS.items():
        (directory / other).write_text(text)
    request = ("install_lifecycle_settings", {"retention_days": work.days})
    for after in interrupted(trial, name, kind, request, refused=_told):
        _judge(trial, directory, states, after)
        trial.restart()
        install(trial, work.days)
        _judge(trial, directory, states, After(f"{after.given}; installed once more", frozenset({NEW})))


def _told(reply: Reply) -> bool:
    return reply.refusal is not None or (reply.value.path is None and bool(reply.value.warnings))


def _bytes(trial: Trial) -> bytes:
    file = settings_file(trial)
    return file.read_bytes() if file.is_file() else ABSENT


def _judge(trial: Trial, directory: Path, states: dict[str, bytes], after: After) -> None:
    file = settings_file(trial)
    seen = _bytes(trial)
    trial.judge(
        any(seen == states[name] for name in after.may_be),
        given=f"{after.given}; {FILE}",
        expected=f"the {' or the '.join(sorted(after.may_be))} bytes",
        seen=f"{len(seen)} others: {seen[:60]!r}" if seen else "no file, or an empty one",
    )
    if file.exists():
        mode = stat.S_IMODE(file.stat().st_mode)
        given = f"{after.given}; the mode of {FILE}"
        trial.judge(mode & 0o444 == 0o444, given=given, expected="readable for all", seen=f"{mode:04o}")
    read_by_claude = {path.name for path in directory.glob("*.json") if not path.name.startswith(".")}
    trial.equal(
        sorted(read_by_claude - {*OTHERS, FILE}), [], given=f"{after.given}; drafts left where Claude would read them"
    )
    changed = [name for name, text in OTHERS.items() if (directory / name).read_text() != text]
    trial.equal(changed, [], given=f"{after.given}; other files that were changed")
