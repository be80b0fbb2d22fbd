"""Checks of `identity` through dispatches: a workspace has one conversation, and no other workspace has it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import LEGACY_ID, Trial

from .workspaces import OTHER, WORKSPACE, carried_on, last_start, needs_chosen_ids

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

# ---------------------------------------------------------------- ID-05


@check("ID-05")
def white_space_around_is_nothing_to_a_dispatch(trial: Trial) -> None:
    """A workspace id read with its newline finds the conversation that was started without it."""
    first = trial.manager.dispatch("first prompt", workspace_id=WORKSPACE)
    carried_on(trial, first, "first prompt", given=f"a dispatch of the workspace {WORKSPACE!r}")
    second = trial.manager.dispatch("second prompt", workspace_id=f"{WORKSPACE}\n")
    carried_on(trial, second, "first prompt", "second prompt", given="then one of the same with a newline at its end")


# ---------------------------------------------------------------- ID-06


@check("ID-06", cases={"empty": "", "blank": " \n"})
def dispatch_without_a_workspace(trial: Trial, nothing: str) -> None:
    """A dispatch of an empty workspace id starts the legacy conversation, and the next one finds it."""
    needs_chosen_ids(trial)
    first = trial.manager.dispatch("first prompt", workspace_id=nothing)
    carried_on(trial, first, "first prompt", given=f"a dispatch with the workspace id {nothing!r}")
    trial.equal(
        trial.starts[-1].requested_session_id, LEGACY_ID, given=f"what it passed as --session-id for {nothing!r}"
    )
    second = trial.manager.dispatch("second prompt", workspace_id="")
    carried_on(trial, second, "first prompt", "second prompt", given="the next dispatch with an empty workspace id")


# ---------------------------------------------------------------- ID-07


def started_under(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that the last start of Claude began a conversation under this id."""
    start = last_start(trial, given=given)
    asked = (start.requested_session_id, start.requested_resume)
    trial.equal(asked, (session_id, None), given=f"--session-id and --resume {given}")


def resumed(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that the last start of Claude resumed this id."""
    start = last_start(trial, given=given)
    asked = (start.requested_session_id, start.requested_resume)
    trial.equal(asked, (None, session_id), given=f"--session-id and --resume {given}")


@check("ID-07", cases={"same-manager": "", "restart": "restart", "process": "process"})
def first_starts_and_later_resumes(trial: Trial, how: str) -> None:
    """The first dispatch passes the derived id as --session-id, the next one as --resume."""
    needs_chosen_ids(trial)
    derived = trial.manager.derive_session_id(WORKSPACE)
    first = trial.manager.dispatch("first prompt", workspace_id=WORKSPACE)
    carried_on(trial, first, "first prompt", given="the first dispatch of a workspace")
    started_under(trial, derived, given="of the first dispatch of a workspace")
    manager = trial.process() if how == "process" else trial.restart() if how else trial.manager
    second = manager.dispatch("second prompt", workspace_id=WORKSPACE)
    carried_on(trial, second, "first prompt", "second prompt", given=f"the second dispatch {how}".rstrip())
    resumed(trial, derived, given="of the second dispatch")
    trial.judge(
        second.resumed, given="the second dispatch of a workspace", expected="resumed = True", seen="resumed = False"
    )


@check("ID-07")
def later_resumes_without_state(trial: Trial) -> None:
    """A manager that lost its own files finds the conversation by the derived id, as after a new container."""
    needs_chosen_ids(trial)
    derived = trial.manager.derive_session_id(WORKSPACE)
    first = trial.manager.dispatch("first prompt", workspace_id=WORKSPACE)
    carried_on(trial, first, "first prompt", given="the first dispatch of a workspace")
    state = trial.environment.home / "another-state"
    state.mkdir(mode=0o700)
    manager = trial.restart(replace(trial.environment, state_dir=state))
    second = manager.dispatch("second prompt", workspace_id=WORKSPACE)
    carried_on(trial, second, "first prompt", "second prompt", given="the next dispatch, the manager's own files gone")
    resumed(trial, derived, given="of that dispatch")


@check("ID-07")
def start_that_failed_is_no_start(trial: Trial) -> None:
    """After a first dispatch in which Claude could not be started, the next one starts under the derived id."""
    needs_chosen_ids(trial)
    derived = trial.manager.derive_session_id(WORKSPACE)
    environment = trial.environment
    broken = trial.restart(replace(environment, claude=environment.home / "no-such-program"))
    result = broken.dispatch("first prompt", workspace_id=WORKSPACE)
    trial.judge(not result.ok, given="a claude that does not exist", expected="a failed dispatch", seen=f"{result}")
    second = trial.restart(environment).dispatch("second prompt", workspace_id=WORKSPACE)
    carried_on(trial, second, "second prompt", given="the dispatch after that, the program back in its place")
    trial.equal(trial.starts[-1].session_id, derived, given="the id of that conversation")


# ---------------------------------------------------------------- ID-08


ORDER = {"at-once": True, "in-turn": False}
"""How the first dispatches of two workspaces come."""


def two_conversations(trial: Trial, ours: ManagerHandle, theirs: ManagerHandle, at_once: bool, *, given: str) -> None:
    """Judge that two workspaces in one directory never meet."""
    firsts: tuple[Callable[[], DispatchResult], ...] = (
        lambda: ours.dispatch("our first", workspace_id=WORKSPACE),
        lambda: theirs.dispatch("their first", workspace_id=OTHER),
    )
    results = trial.together(*firsts) if at_once else [first() for first in firsts]
    for result in results:
        trial.succeeded(result, given=f"{given}: the first dispatches")
    results = [
        ours.dispatch("our second", workspace_id=WORKSPACE),
        theirs.dispatch("their second", workspace_id=OTHER),
    ]
    for result, who in zip(results, ("our", "their"), strict=True):
        trial.succeeded(result, given=f"{given}: the second dispatches")
        held = trial.prompts(result.session_id)
        trial.equal(held, [f"{who} first", f"{who} second"], given=f"{given}: {who} conversation")
    in_use = [start.argv for start in trial.starts if start.outcome == "in_use"]
    trial.equal(in_use, [], given=f"{given}: starts that Claude refused as already in use")


@check("ID-08", cases=ORDER)
def two_workspaces_one_directory(trial: Trial, at_once: bool) -> None:
    """Two workspaces of one manager in one directory have a conversation each."""
    needs_chosen_ids(trial)
    given = "two workspaces in one home and directory"
    two_conversations(trial, trial.manager, trial.manager, at_once, given=given)


@check("ID-08", cases=ORDER)
def two_workspaces_two_managers(trial: Trial, at_once: bool) -> None:
    """Two managers that know nothing of each other share a home, as two workspaces from one template do."""
    needs_chosen_ids(trial)
    state = trial.environment.home / "another-state"
    state.mkdir(mode=0o700)
    other = trial.another(replace(trial.environment, state_dir=state))
    given = "two managers with a workspace each, one home and directory"
    two_conversations(trial, trial.manager, other, at_once, given=given)


# ---------------------------------------------------------------- ID-09


def path_without_tools(trial: Trial) -> str:
    """A PATH on which nothing is found but what the program itself names in its first line."""
    directory = trial.environment.home / "bin-without-tools"
    directory.mkdir()
    first = _first_line(trial.program)
    if first.startswith("#!/usr/bin/env "):
        name = next(word for word in first.split()[1:] if not word.startswith("-") and "=" not in word)
        found = next((p for d in os.get_exec_path() if (p := Path(d, name)).is_file()), None)
        if found is not None:
            (directory / name).symlink_to(found)
    return str(directory)


def _first_line(program: Path) -> str:
    with program.open("rb") as file:
        return file.readline(200).decode("utf-8", "replace").strip()


@check("ID-09", cases={"any-name": "team:agent 7", "uuid": WORKSPACE})
def missing_tool_does_not_lose_the_conversation(trial: Trial, workspace: str) -> None:
    """With no python3, uuidgen or sha1sum to be found, Claude takes the id, and later finds its conversation."""
    environment = trial.environment
    bare = trial.restart(environment.with_env(PATH=path_without_tools(trial)))
    given = f"the workspace id {workspace!r} and a PATH without python3, uuidgen and sha1sum"
    first = bare.dispatch("first prompt", workspace_id=workspace)
    passed = last_start(trial, given=given).requested_session_id
    trial.judge(
        passed is None or UUID.fullmatch(passed) is not None,
        given=given,
        expected="no --session-id, or one that Claude takes: a UUID",
        seen=repr(passed),
    )
    carried_on(trial, first, "first prompt", given=given)
    second = trial.restart(environment).dispatch("second prompt", workspace_id=workspace)
    carried_on(trial, second, "first prompt", "second prompt", given=f"{given}; then a dispatch with the tools back")
