"""Checks of `binds`: the persistence check finds what is wrong by writing, and leaves no trace (BND-06 to BND-08)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from pytest_claude_sessions.bind import BindUnavailable, fill, give_away
from pytest_claude_sessions.config_dir import Tree
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import take_turn

from .ownership import another_user, reachable

Fault = Callable[[Trial], AbstractContextManager[object]]


def projects(trial: Trial) -> Path:
    """The directory of the conversations."""
    return trial.environment.config_dir / "projects"


@contextlib.contextmanager
def _missing(trial: Trial) -> Iterator[None]:
    aside = projects(trial).rename(trial.environment.home / "projects aside")
    try:
        yield
    finally:
        aside.rename(projects(trial))


@contextlib.contextmanager
def _a_file(trial: Trial) -> Iterator[None]:
    with _missing(trial):
        projects(trial).write_text("not a directory\n")
        try:
            yield
        finally:
            projects(trial).unlink()


@contextlib.contextmanager
def _full(trial: Trial) -> Iterator[None]:
    try:
        disk = fill(projects(trial))
    except BindUnavailable as reason:
        raise CouldNotRun(str(reason)) from reason
    with disk:
        yield


@contextlib.contextmanager
def _made_by_the_engine(trial: Trial) -> Iterator[None]:
    """The config dir is another user's, and projects/ was made for root, as an engine does."""
    user, config_dir = another_user(), trial.environment.config_dir
    others = [path for path in [config_dir, *config_dir.iterdir()] if path != projects(trial)]
    with contextlib.ExitStack() as undo:
        for path in others:
            before = path.stat()
            os.chown(path, user, user)
            undo.callback(os.chown, path, before.st_uid, before.st_gid)
        undo.enter_context(reachable(config_dir))
        yield


@contextlib.contextmanager
def _given_away(trial: Trial) -> Iterator[None]:
    """projects/ is another user's, for a manager whom modes bind as they bind everybody."""
    try:
        given = give_away(projects(trial), another_user())
    except BindUnavailable as reason:
        raise CouldNotRun(str(reason)) from reason
    with given, contextlib.ExitStack() as undo:
        try:
            undo.enter_context(given.as_ordinary_user())
        except BindUnavailable as reason:
            raise CouldNotRun(str(reason)) from reason
        trial.restart()
        yield
    trial.restart()


FAULTS: dict[str, Fault] = {
    "missing": _missing,
    "a-file": _a_file,
    "read-only": lambda trial: trial.read_only_for_now(projects(trial)),
    "config-dir-read-only": lambda trial: trial.read_only_for_now(trial.environment.config_dir),
    "full-disk": _full,
    "made-by-the-engine": _made_by_the_engine,
    "given-away": _given_away,
}


def prepared(trial: Trial) -> None:
    """Make the config dir what it is in a container that works, with a conversation in it."""
    trial.manager.prepare_host(trial.environment.config_dir)
    for name in ("projects", "session-env"):
        (trial.environment.config_dir / name).mkdir(mode=0o700, exist_ok=True)
    trial.config.add_conversation(cwd=trial.environment.workdir, turns=1)


def judge_fine(trial: Trial, *, given: str) -> None:
    """Judge that the check finds nothing."""
    found = trial.manager.check_persistence()
    trial.judge(found == [], given=given, expected="no problems", seen=f"{found}")


def judge_found(trial: Trial, *, given: str) -> None:
    """Judge that the check finds a problem, and says what."""
    found = trial.manager.check_persistence()
    told = bool(found) and all(isinstance(problem, str) and problem.strip() for problem in found)
    trial.judge(told, given=given, expected="a problem, told in words", seen=f"{found}")


@check("BND-06", cases=FAULTS)
def fault_is_found(trial: Trial, fault: Fault) -> None:
    """A projects/ that conversations do not last in is told, and one where they do before and after it is not."""
    prepared(trial)
    judge_fine(trial, given="a config dir that is prepared")
    with fault(trial):
        judge_found(trial, given=f"the same config dir, with a projects/ that is {_name(fault)}")
    judge_fine(trial, given="the same config dir, mended")


@check("BND-06")
def another_users_config_dir_is_fine(trial: Trial) -> None:
    """Asked by root, a config dir that is another user's as a whole is in order: that user runs Claude."""
    user, config_dir = another_user(), trial.environment.config_dir
    prepared(trial)
    for path in [config_dir, *config_dir.rglob("*")]:
        os.chown(path, user, user)
    with reachable(config_dir):
        judge_fine(trial, given=f"a prepared config dir that is user {user}'s as a whole")
        os.chown(projects(trial), 0, 0)
        judge_found(trial, given=f"the same config dir of user {user}, with a projects/ of root")


def _name(fault: Fault) -> str:
    return next(name for name, other in FAULTS.items() if other is fault)


# ---------------------------------------------------------------- BND-07
def _world(trial: Trial) -> list[Tree]:
    environment = trial.environment
    return [trial.tree(path) for path in (environment.config_dir, environment.home, environment.workdir)]


def _judge_no_trace(trial: Trial, before: list[Tree], *, given: str) -> None:
    for earlier, later in zip(before, _world(trial), strict=True):
        trial.unchanged(earlier, later, given=f"{given}; {earlier.root.name}/ before and after")


@check("BND-07")
def no_trace_of_a_check_that_passes(trial: Trial) -> None:
    """The config dir, the home and the working directory are as they were, also after several checks at once."""
    prepared(trial)
    before = _world(trial)
    judge_fine(trial, given="a config dir that is prepared")
    _judge_no_trace(trial, before, given="a persistence check that found nothing")
    manager = trial.manager
    found = trial.together(*[manager.check_persistence] * 4)
    trial.equal(found, [[]] * 4, given="four persistence checks at once")
    _judge_no_trace(trial, before, given="four persistence checks at once")


@check("BND-07", cases=FAULTS)
def no_trace_of_a_check_that_fails(trial: Trial, fault: Fault) -> None:
    """Whatever it stumbles over, nothing is left behind, made or mended."""
    prepared(trial)
    with fault(trial):
        before = _world(trial)
        judge_found(trial, given=f"a projects/ that is {_name(fault)}")
        _judge_no_trace(trial, before, given=f"a persistence check of a projects/ that is {_name(fault)}")


# ---------------------------------------------------------------- BND-08
SIDES = {"the-release-at-hand": None, "2.1.50": "2.1.50", "2.1.112": "2.1.112"}


def needs_more(trial: Trial) -> bool:
    """Whether the release leaves no conversation where it can write to projects/ alone."""
    return any(entry.get("needed") == "transcript" for entry in trial.behaviour["side_files"])


@check("BND-08", cases=SIDES)
def check_covers_what_the_release_needs(trial: Trial, release: str | None) -> None:
    """With projects/ writable alone it is told what else a release needs, and nothing that it does not need."""
    if release is not None:
        trial.as_release(release)
    if trial.behaviour["unwritable"]["transcript"] != "silent":
        trial.not_applicable(f"claude {trial.claude.release.version} does not start in a read-only config dir")
    take_turn(trial)
    shutil.rmtree(projects(trial))
    prepared(trial)
    config_dir = trial.environment.config_dir
    everything = ("projects", "session-env", "debug", "todos")
    with trial.read_only_for_now(config_dir, everything):
        judge_fine(trial, given=f"a read-only config dir with {', '.join(everything)} writable")
    with trial.read_only_for_now(config_dir, everything[:2]):
        given = (
            f"claude {trial.claude.release.version}, in a read-only config dir with projects/ and session-env/ writable"
        )
        (judge_found if needs_more(trial) else judge_fine)(trial, given=given)
