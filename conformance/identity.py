"""Checks of the capability `identity`: a workspace has one id, everywhere and for ever, and one conversation."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.cli import Start
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import LEGACY_ID, Trial

WORKSPACE = "a1b2c3d4-0000-4000-8000-000000000001"
OTHER = "a1b2c3d4-0000-4000-8000-000000000002"
EMPTY_NAME = "bdcb9991-c649-52e8-8758-a2b1e74fe495"
"""What an empty workspace id gives when it is hashed like any other (failure mode 5)."""

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
CANONICAL_V5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


def needs_chosen_ids(trial: Trial) -> None:
    """Leave the check out where the release cannot be told the id of a new conversation."""
    if not trial.chooses_ids:
        trial.not_applicable(f"claude {trial.claude.release.version} has no --session-id")


def folds_case(trial: Trial) -> bool:
    """Whether workspace ids that differ in case alone are one (SPEC 5); as the formula stands they are two."""
    return bool(trial.options.get("workspace_case", "preserve") == "fold")


def last_start(trial: Trial, *, given: str) -> Start:
    """The last start of Claude; none at all is a breach."""
    starts = trial.starts
    trial.judge(bool(starts), given=given, expected="a start of Claude", seen="it was never started")
    return starts[-1]


def carried_on(trial: Trial, result: DispatchResult, *prompts: str, given: str) -> None:
    """Judge that the last start of Claude was answered in a conversation that holds exactly these prompts."""
    trial.succeeded(result, given=given)
    session_id = last_start(trial, given=given).session_id
    held = trial.prompts(session_id)
    trial.judge(
        held == list(prompts) and result.session_id == session_id,
        given=given,
        expected=f"one conversation with the prompts {list(prompts)}, under the id that is returned",
        seen=f"id {result.session_id}; Claude wrote {session_id} with {held}",
    )


def one_id(trial: Trial, manager: ManagerHandle, variant: str | None, workspace: str | None, *, given: str) -> None:
    """Judge that two spellings are one workspace, and that not every workspace is."""
    trial.equal(manager.derive_session_id(variant), manager.derive_session_id(workspace), given=given)
    other = manager.derive_session_id(OTHER)
    trial.judge(
        isinstance(other, str) and other != manager.derive_session_id(workspace),
        given=f"{given}; the workspace {OTHER!r} next to it",
        expected="another id",
        seen=repr(other),
    )


# ---------------------------------------------------------------- ID-01

FORMULA = {
    "uuid": (WORKSPACE, "7708c591-5e83-52a5-aa90-d9dd59e528d7"),
    "zeros": ("00000000-0000-0000-0000-000000000000", "24b669a5-7f58-5793-a835-7f8dddc52a73"),
    "slashes": ("/team/work space/", str(uuid.uuid5(uuid.NAMESPACE_URL, "coder-workspace:///team/work space/"))),
    "percent": ("a%2Fb?c#d", str(uuid.uuid5(uuid.NAMESPACE_URL, "coder-workspace://a%2Fb?c#d"))),
    "non-ascii": ("größe-漢字-🎉", str(uuid.uuid5(uuid.NAMESPACE_URL, "coder-workspace://größe-漢字-🎉"))),
}


@check("ID-01", cases=FORMULA)
def id_is_that_of_the_formula(trial: Trial, case: tuple[str, str]) -> None:
    """The derived id is uuid5(NAMESPACE_URL, 'coder-workspace://' + workspace id)."""
    if trial.options.get("id_scheme", "coder-workspace") == "own":
        trial.not_applicable("the manager derives ids by a scheme of its own (options.id_scheme)")
    workspace, expected = case
    trial.equal(trial.manager.derive_session_id(workspace), expected, given=f"the workspace id {workspace!r}")


@check("ID-01")
def upper_case_is_as_declared(trial: Trial) -> None:
    """Upper case is hashed as it is, or folded first where options.workspace_case says so."""
    if trial.options.get("id_scheme", "coder-workspace") == "own":
        trial.not_applicable("the manager derives ids by a scheme of its own (options.id_scheme)")
    folded = folds_case(trial)
    trial.equal(
        trial.manager.derive_session_id(WORKSPACE.upper()),
        "7708c591-5e83-52a5-aa90-d9dd59e528d7" if folded else "efc8e550-8be0-55b1-ae65-e336784142ea",
        given=f"the workspace id {WORKSPACE.upper()!r}, options.workspace_case = {'fold' if folded else 'preserve'}",
    )


# ---------------------------------------------------------------- ID-02

Place = Callable[[Trial], ManagerHandle]


def _with(**variables: str) -> Place:
    def start(trial: Trial) -> ManagerHandle:
        return trial.process(trial.environment.with_env(**variables), variables)

    return start


def _elsewhere(trial: Trial) -> ManagerHandle:
    directory = trial.directory("elsewhere")
    return trial.process(replace(trial.environment, workdir=directory), cwd=directory)


def _without_state(trial: Trial) -> ManagerHandle:
    state = trial.environment.home / "another-state"
    state.mkdir(mode=0o700)
    return trial.process(replace(trial.environment, state_dir=state))


PLACES: dict[str, Place] = {
    "restart": lambda trial: trial.restart(),
    "hash-seed": _with(PYTHONHASHSEED="4242"),
    "time-zone": _with(TZ="Pacific/Kiritimati"),
    "c-locale": _with(LC_ALL="C", LANG="C", PYTHONCOERCECLOCALE="0"),
    "turkish-locale": _with(LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8"),
    "directory": _elsewhere,
    "without-state": _without_state,
}


@check("ID-02", cases=PLACES)
def same_id_in_every_process(trial: Trial, place: Place) -> None:
    """A process of its own, in other surroundings, derives the same ids."""
    workspaces = (WORKSPACE, "ISTANBUL-größe", "plain")
    here = [trial.manager.derive_session_id(workspace) for workspace in workspaces]
    trial.equal(len(set(here)), len(workspaces), given=f"distinct ids of the workspaces {workspaces}")
    there = place(trial)
    seen = [there.derive_session_id(workspace) for workspace in workspaces]
    trial.equal(seen, here, given=f"the workspaces {workspaces}, asked for in a second process")


# ---------------------------------------------------------------- ID-03


@check("ID-03")
def many_workspaces_many_ids(trial: Trial) -> None:
    """A thousand workspace ids give as many ids, none of them the legacy constant."""
    workspaces = [f"{number:08x}-0000-4000-8000-{number * 7919:012x}" for number in range(1000)]
    ids = [trial.manager.derive_session_id(workspace) for workspace in workspaces]
    trial.equal(len(set(ids)), len(workspaces), given="distinct ids of 1000 workspace ids")
    trial.judge(
        LEGACY_ID not in ids,
        given="1000 workspace ids",
        expected=f"never the legacy constant {LEGACY_ID}",
        seen=f"it belongs to {workspaces[ids.index(LEGACY_ID)] if LEGACY_ID in ids else None}",
    )


ALIKE = {
    "prefix": ("workspace", "workspace-1"),
    "separators": ("a/b", "a-b", "a.b", "a_b", "ab", "a:b", "a//b"),
    "white-space-within": ("a b", "ab", "a  b", "a\tb"),
    "long": ("w" * 4000 + "1", "w" * 4000 + "2", "w" * 4001),
    "non-ascii": ("größe", "grosse", "groesse", "grö", "漢字", "漢", "🎉", "🎊"),
    "numbers": ("1", "01", "1.0", "0x1", "0", "null", "None", "undefined"),
}


@check("ID-03", cases=ALIKE)
def workspaces_that_look_alike(trial: Trial, workspaces: tuple[str, ...]) -> None:
    """Workspace ids that are almost the same are not the same."""
    ids = {workspace: trial.manager.derive_session_id(workspace) for workspace in workspaces}
    trial.judge(
        len(set(ids.values())) == len(ids) and LEGACY_ID not in ids.values(),
        given=f"the workspace ids {[workspace[-20:] for workspace in workspaces]}",
        expected=f"{len(ids)} ids, none of them {LEGACY_ID}",
        seen=f"{list(ids.values())}",
    )


@check("ID-03")
def case_tells_workspaces_apart(trial: Trial) -> None:
    """Ids that differ in case alone are different workspaces, unless the manager declares that it folds case."""
    upper, lower = (trial.manager.derive_session_id(workspace) for workspace in ("TEAM-Alpha", "team-alpha"))
    other = trial.manager.derive_session_id("team-beta")
    folded = folds_case(trial)
    declared = "fold" if folded else "preserve"
    trial.judge(
        (upper == lower) == folded and lower != other,
        given=f"'TEAM-Alpha', 'team-alpha' and 'team-beta', options.workspace_case = {declared}",
        expected=f"{'two' if folded else 'three'} ids",
        seen=f"{upper}, {lower}, {other}",
    )


# ---------------------------------------------------------------- ID-04

ODD_WORKSPACES = {
    "uuid": WORKSPACE,
    "upper-case": WORKSPACE.upper(),
    "one-letter": "w",
    "composite": "ses_01:agent:7",
    "non-ascii": "größe-漢字-مساحة-🎉",
    "shell": "$(touch pwned); `touch pwned` && touch pwned | ' \" \\",
    "path": "../../etc/passwd",
    "option": "--dangerously-skip-permissions",
    "lines": "first\nsecond",
    "percent": "%s%n%x{}{0}",
    "long": "w" * 10_000,
    "uuid-version-4": "0e2d1f6a-5b0c-4f6e-9c1d-3b2a1f0e9d8c",
}


@check("ID-04", cases=ODD_WORKSPACES)
def id_is_a_canonical_uuid(trial: Trial, workspace: str) -> None:
    """Whatever a workspace is called, its id is a lower-case UUID of version 5, and its own."""
    seen = trial.manager.derive_session_id(workspace)
    trial.judge(
        isinstance(seen, str) and CANONICAL_V5.fullmatch(seen) is not None,
        given=f"the workspace id {workspace[:60]!r} ({len(workspace)} characters)",
        expected="a lower-case UUID of version 5, variant 10xx",
        seen=repr(seen),
    )
    other = trial.manager.derive_session_id(OTHER)
    given = f"the workspace ids {workspace[:60]!r} and {OTHER!r}"
    trial.judge(other != seen, given=given, expected="two ids", seen=f"one: {seen}")


# ---------------------------------------------------------------- ID-05

SPACED = {
    "newline": f"{WORKSPACE}\n",
    "crlf": f"{WORKSPACE}\r\n",
    "trailing-space": f"{WORKSPACE} ",
    "trailing-tab": f"{WORKSPACE}\t",
    "leading-space": f" {WORKSPACE}",
    "leading-newline": f"\n{WORKSPACE}",
    "everywhere": f" \t\n{WORKSPACE}\n\n \t",
}


@check("ID-05", cases=SPACED)
def white_space_around_is_nothing(trial: Trial, spaced: str) -> None:
    """White space around the workspace id does not change its id."""
    one_id(trial, trial.manager, spaced, WORKSPACE, given=f"the workspace id {spaced!r} and {WORKSPACE!r}")


@check("ID-05")
def white_space_around_is_nothing_to_a_dispatch(trial: Trial) -> None:
    """A workspace id read with its newline finds the conversation that was started without it."""
    first = trial.manager.dispatch("first prompt", workspace_id=WORKSPACE)
    carried_on(trial, first, "first prompt", given=f"a dispatch of the workspace {WORKSPACE!r}")
    second = trial.manager.dispatch("second prompt", workspace_id=f"{WORKSPACE}\n")
    carried_on(trial, second, "first prompt", "second prompt", given="then one of the same with a newline at its end")


# ---------------------------------------------------------------- ID-06

NOTHING: dict[str, str | None] = {"absent": None, "empty": "", "space": " ", "newline": "\n", "blank": " \t\r\n "}


@check("ID-06", cases=NOTHING)
def no_workspace_is_the_legacy_constant(trial: Trial, nothing: str | None) -> None:
    """Without a workspace the id is the legacy constant, and only then."""
    seen = trial.manager.derive_session_id(nothing)
    trial.judge(
        seen == LEGACY_ID,
        given=f"the workspace id {nothing!r}",
        expected=f"the legacy constant {LEGACY_ID}",
        seen=f"{seen!r}{', the uuid5 of an empty name' if seen == EMPTY_NAME else ''}",
    )
    other = trial.manager.derive_session_id(WORKSPACE)
    trial.judge(
        isinstance(other, str) and other != LEGACY_ID,
        given=f"the workspace id {WORKSPACE!r}",
        expected="an id of its own",
        seen=repr(other),
    )


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
        name = first.split()[-1]
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
