"""Checks of the capability `identity`: a workspace has one id, everywhere and for ever (by `derive_session_id`)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import LEGACY_ID, Trial

from .workspaces import OTHER, WORKSPACE

EMPTY_NAME = "bdcb9991-c649-52e8-8758-a2b1e74fe495"
"""What an empty workspace id gives when it is hashed like any other (failure mode 5)."""

CANONICAL_V5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


def folds_case(trial: Trial) -> bool:
    """Whether workspace ids that differ in case alone are one (SPEC 5); as the formula stands they are two."""
    return bool(trial.options.get("workspace_case", "preserve") == "fold")


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
