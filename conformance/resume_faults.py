"""Checks of `resume` under faults of the disk: a full one in mid-turn, a directory in a transcript's place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pytest_claude_sessions.bind import BindUnavailable, fill
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, kept, started_fresh


@check("RES-07")
def a_disk_that_fills_in_mid_turn_keeps_the_id(trial: Trial) -> None:
    """No room for the turn that Claude is in: the id stays, nothing is set aside, and it is resumed once there is."""
    with trial.read_only_for_now(trial.environment.home):
        pass  # so that the mounts are this process's own, before others run
    session_id = begun(trial)
    projects = trial.environment.config_dir / "projects"
    before = trial.tree(projects)
    given = "a second dispatch of a conversation, with the disk full while Claude answered"
    with _disk_full_in_mid_turn(trial, projects):
        gone = [name for name in before.entries if name not in trial.tree(projects)]
        trial.equal(gone, [], given=f"{given}; files that were set aside or deleted")
        kept(trial, session_id, given=given)
    result = trial.restart().dispatch("third prompt", key=KEY)
    carried_on(trial, result, "first prompt", "third prompt", given=f"{given}; the next one, with room again")


@check("RES-07")
def a_directory_in_the_transcripts_place_harms_nothing(trial: Trial) -> None:
    """A directory by the transcript's name: a fresh start where Claude knows no such id, else a failure and the id."""
    session_id = begun(trial)
    transcript = trial.transcript(session_id)
    assert transcript is not None
    aside = transcript.path.rename(trial.environment.home / "aside.jsonl")
    transcript.path.mkdir()
    (transcript.path / "inside").write_text("not to be lost")
    result = trial.manager.dispatch("second prompt", key=KEY)
    given = "a dispatch where the transcript was replaced by a directory"
    found = [path for path in trial.environment.config_dir.rglob("inside") if path.read_text() == "not to be lost"]
    trial.equal(len(found), 1, given=f"{given}; files of that directory that are still there")
    if result.ok:
        started_fresh(trial, result, "second prompt", session_id, given=given)
        return
    kept(trial, session_id, given=f"{given}, and which failed")
    transcript.path.rename(trial.environment.home / "a directory")
    aside.rename(transcript.path)
    again = trial.restart().dispatch("third prompt", key=KEY)
    carried_on(trial, again, "first prompt", "third prompt", given=f"{given}; the next one, with the transcript back")


@contextlib.contextmanager
def _disk_full_in_mid_turn(trial: Trial, projects: Path) -> Iterator[None]:
    """A dispatch has ended that had no room for its turn; the disk is full meanwhile."""
    try:
        with fill(trial.directory("a disk")):
            refusal = None
    except BindUnavailable as reason:
        refusal = str(reason)
    if refusal is not None:
        # Only root makes a full disk for others to see; without, Claude says what it says of one.
        if trial.real:
            raise CouldNotRun(refusal)
        trial.claude.disk_full(when="resume")
        trial.manager.dispatch("lost prompt", key=KEY)
        yield
        return
    gate = trial.claude.hold(at="init", when="resume")
    # Longer than what is left of the file's last page, which a full disk still takes.
    dispatch = trial.background(lambda: trial.manager.dispatch("lost prompt" + "." * 20_000, key=KEY))
    trial.reached(gate)
    with fill(projects):
        gate.open()
        dispatch.result()
        yield
