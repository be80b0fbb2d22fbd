"""Checks of `export`: where nothing may be written, and for what (EXP-03, EXP-06)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

from .exported import (
    FORMS,
    destination_for,
    exported,
    made,
    read_export,
    records_of,
    subagent,
    with_siblings,
)
from .recorded import numbered, recorded, typed

A, B = numbered(0xA11CE), numbered(0xB0B)

# ---------------------------------------------------------------------- EXP-03: never overwritten


def _file(path: Path) -> None:
    path.write_bytes(b"an earlier export\n")


def _empty_file(path: Path) -> None:
    path.touch()


def _directory(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_bytes(b"an earlier export\n")


def _empty_directory(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.with_name("kept").write_bytes(b"another's file\n")
    path.symlink_to(path.with_name("kept"))


def _dangling_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _refusal(manager: ManagerHandle, session_id: str, destination: Path) -> str | None:
    return manager.refusal_of(lambda: manager.export_session(session_id, destination))


TAKEN: dict[str, Callable[[Path], None]] = {
    "file": _file,
    "empty-file": _empty_file,
    "directory": _directory,
    "empty-directory": _empty_directory,
    "link": _link,
    "dangling-link": _dangling_link,
}


@check("EXP-03", cases={f"{name}{form or '-directory'}": (name, form) for name in TAKEN for form in FORMS.values()})
def existing_destination_stays(trial: Trial, case: tuple[str, str]) -> None:
    """A destination that exists is refused as unwritable and stays as it is; a new one beside it is written."""
    name, form = case
    recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    made(trial, A, form=form)
    destination = destination_for(trial, form)
    TAKEN[name](destination)
    before = trial.tree(trial.directory("exports"))
    kind = _refusal(trial.manager, A, destination)
    given = f"export_session to {destination.name}, where there is a {name.replace('-', ' ')}"
    trial.equal(kind, "unwritable", given=given)
    trial.unchanged(before, trial.tree(trial.directory("exports")), given=given)


@check("EXP-03")
def second_export_is_refused(trial: Trial) -> None:
    """A second export to the name of the first is refused, of whichever conversation."""
    recorded(trial, A, "one", project=trial.directory("alpha"), ago=20)
    recorded(trial, B, "two", project=trial.directory("alpha"), ago=10)
    _, path = made(trial, A)
    before = trial.tree(trial.directory("exports"))
    for session_id in (A, B):
        kind = _refusal(trial.manager, session_id, path)
        trial.equal(kind, "unwritable", given=f"a second export to {path.name}")
        trial.unchanged(before, trial.tree(trial.directory("exports")), given=f"a second export to {path.name}")


@check("EXP-03")
def one_of_two_at_once_wins(trial: Trial) -> None:
    """Of two exports to one name at once, one is refused and the other is whole."""
    transcripts = {
        session_id: recorded(trial, session_id, *[f"{session_id} {n}" for n in range(30)], project=here, ago=10)
        for session_id, here in ((A, trial.directory("alpha")), (B, trial.directory("beta")))
    }
    _, first = made(trial, A)
    suffix = next((form for form in FORMS.values() if form and first.name.endswith(form)), "")
    for _ in range(5):
        destination = destination_for(trial, suffix)
        kinds = trial.together(
            *(partial(_refusal, trial.manager, session_id, destination) for session_id in transcripts)
        )
        given = f"two exports to {destination.name} at once"
        trial.judge(
            sorted(map(str, kinds)) == ["None", "unwritable"],
            given=given,
            expected="one that is written and one refused as unwritable",
            seen=f"{kinds}",
        )
        winner = transcripts[A if kinds[0] is None else B]
        export = read_export(trial, destination, given=given)
        trial.equal(export.lacks(records_of(winner.path)), [], given=f"records of the winner that are missing: {given}")


# ---------------------------------------------------------------------- EXP-06: an unknown id


def _nothing_made(trial: Trial, session_id: str, kinds: tuple[str, ...], *, given: str) -> None:
    """Judge that an export of an id is refused, and nothing is made anywhere, in any form."""
    before = trial.tree(trial.environment.workdir), trial.tree()
    for form in FORMS.values():
        destination = trial.environment.workdir / f"new{form}"
        kind = _refusal(trial.manager, session_id, destination)
        told = f"export_session of {given} as {form or 'a directory'}"
        if kind == "unsupported":
            continue
        trial.judge(kind in kinds, given=told, expected=f"the refusal {kinds[0]}", seen=f"{kind or 'an export'}")
        trial.unchanged(before[0], trial.tree(trial.environment.workdir), given=told)
        trial.unchanged(before[1], trial.tree(), given=told)


@check("EXP-06")
def unknown_id_is_not_found(trial: Trial) -> None:
    """An id that nobody has is refused as not found, and nothing is created; a known one is exported."""
    recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    exported(trial, A)
    _nothing_made(trial, numbered(0xFFFFFFFF), ("not_found",), given="an id that nobody has")


def _gone(trial: Trial) -> str:
    typed(trial, B, "its transcript is gone", project=trial.directory("alpha"), ago=5)
    return B


def _set_aside(trial: Trial) -> str:
    transcript = recorded(trial, B, "set aside", project=trial.directory("alpha"), ago=5)
    transcript.path.rename(transcript.path.with_name(f"{transcript.path.name}.bak"))
    return B


def _sibling_alone(trial: Trial) -> str:
    transcript = with_siblings(trial, B, "gone", project=trial.directory("alpha"))
    transcript.path.unlink()
    return B


def _other_config_dir(trial: Trial) -> str:
    transcript = recorded(trial, B, "elsewhere", project=trial.directory("alpha"), ago=5)
    other = trial.environment.home / ".claude" / "projects" / transcript.path.parent.name
    other.mkdir(parents=True)
    transcript.path.rename(other / transcript.path.name)
    return B


def _fifo(trial: Trial) -> str:
    os.mkfifo(trial.config.transcript_path(B, trial.directory("alpha")))
    return B


def _directory_of_that_name(trial: Trial) -> str:
    trial.config.transcript_path(B, trial.directory("alpha")).mkdir()
    return B


NO_TRANSCRIPT: dict[str, Callable[[Trial], str]] = {
    "gone": _gone,
    "set-aside": _set_aside,
    "sibling-alone": _sibling_alone,
    "other-config-dir": _other_config_dir,
    "fifo": _fifo,
    "directory": _directory_of_that_name,
}


@check("EXP-06", cases=NO_TRANSCRIPT)
def id_without_a_transcript_is_not_found(trial: Trial, make: Callable[[Trial], str]) -> None:
    """An id that has left a trace, and has no transcript, is refused alike."""
    recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    session_id = make(trial)
    exported(trial, A)
    _nothing_made(trial, session_id, ("not_found",), given=f"an id whose transcript is {make.__name__.strip('_')}")


NAMES = ("", ".", "..", "*", "../../etc/passwd", "../history", f"{A}/", f"x/{A}", f"{A}.jsonl", "-r", "agent-feed001")


@check("EXP-06", cases={f"{number}": name for number, name in enumerate(NAMES)})
def what_is_no_id_is_refused(trial: Trial, name: str) -> None:
    """A pattern, a path or a file's name is refused, and nothing is created."""
    transcript = recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    recorded(trial, B, "two", project=trial.directory("alpha"), ago=5)
    subagent(transcript, agent_id="feed001", release="2.0.77")
    exported(trial, A)
    _nothing_made(trial, name, ("not_found", "invalid_session_id", "ambiguous"), given=f"the id {name!r}")
