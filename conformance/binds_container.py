"""Checks of `binds` with Claude in a container: conversations last, or it is told that they do not (BND-04, BND-05)."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_claude_sessions.manager import DispatchResult, Mount
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.container import in_container, need_namespaces
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import take_turn

from .binds_check import SIDES, needs_more, projects

KEY = "chat"


def logged_in(trial: Trial) -> None:
    """Give the config dir the state that a Claude of its own left there, and no conversation."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume, and so dispatches nothing")
    take_turn(trial)
    shutil.rmtree(projects(trial))


def judge_told(trial: Trial, result: DispatchResult, *, given: str) -> None:
    """Judge that a dispatch whose turn was not saved failed, or was marked as not resumable."""
    marked = any(str(warning).startswith("not_resumable:") for warning in result.warnings)
    failed = not result.ok and result.error is not None
    trial.judge(
        failed or (marked and result.session_id is None and not result.resumed),
        given=given,
        expected="a failure, or the warning 'not_resumable:' with session_id = None",
        seen=f"{result}",
    )


def judge_carried_on(trial: Trial, result: DispatchResult, *prompts: str, given: str) -> None:
    """Judge that a dispatch went on with the conversation that holds these prompts."""
    trial.succeeded(result, given=given)
    trial.judge(
        trial.prompts(result.session_id) == list(prompts) and result.resumed == (len(prompts) > 1),
        given=given,
        expected=f"resumed = {len(prompts) > 1}, and a conversation with the prompts {list(prompts)}",
        seen=f"resumed = {result.resumed}, id {result.session_id} with {trial.prompts(result.session_id)}",
    )


def judge_stored(trial: Trial, expected: str | None, *, given: str) -> None:
    """Judge which id the manager offers, where it keeps a store."""
    if "store" in trial.capabilities:
        trial.equal(trial.manager.get_session(KEY), expected, given=f"{given}; the stored id")


# ---------------------------------------------------------------- BND-04
READ_ONLY = {"config-dir": False, "projects-alone": True}


@check("BND-04", cases=READ_ONLY)
def first_turn_that_is_not_saved_is_told(trial: Trial, alone: bool) -> None:
    """A first dispatch under a read-only projects/ is told, no id is stored, and all is well once it is writable."""
    logged_in(trial)
    projects(trial).mkdir()
    given = "a first dispatch with a read-only projects/"
    with trial.read_only_for_now(projects(trial) if alone else trial.environment.config_dir):
        result = trial.manager.dispatch("first prompt", key=KEY)
        judge_told(trial, result, given=given)
        judge_stored(trial, None, given=given)
    result = trial.restart().dispatch("second prompt", key=KEY)
    judge_carried_on(trial, result, "second prompt", given=f"{given}; the next one, with projects/ writable again")
    result = trial.manager.dispatch("third prompt", key=KEY)
    judge_carried_on(trial, result, "second prompt", "third prompt", given="the one after that")


@check("BND-04")
def first_turn_without_projects_is_told(trial: Trial) -> None:
    """The same where the read-only config dir has no projects/ at all, as before the fix of source 004."""
    logged_in(trial)
    with trial.read_only_for_now(trial.environment.config_dir):
        for number in range(2):
            given = f"a dispatch in a read-only config dir without projects/ (number {number + 1})"
            judge_told(trial, trial.manager.dispatch("a prompt", key=KEY), given=given)
            judge_stored(trial, None, given=given)
    result = trial.manager.dispatch("next prompt", key=KEY)
    judge_carried_on(trial, result, "next prompt", given="a dispatch when the config dir is writable again")


@check("BND-04", cases=READ_ONLY)
def later_turn_that_is_not_saved_is_told(trial: Trial, alone: bool) -> None:
    """A resume that Claude answers and cannot save is told; the conversation goes on where it was saved last."""
    logged_in(trial)
    first = trial.manager.dispatch("first prompt", key=KEY)
    judge_carried_on(trial, first, "first prompt", given="a dispatch with projects/ writable")
    given = "a second dispatch of a conversation, with projects/ read-only since"
    with trial.read_only_for_now(projects(trial) if alone else trial.environment.config_dir):
        judge_told(trial, trial.manager.dispatch("lost prompt", key=KEY), given=given)
    judge_stored(trial, first.session_id, given=given)
    result = trial.restart().dispatch("third prompt", key=KEY)
    judge_carried_on(trial, result, "first prompt", "third prompt", given=f"{given}; a third one, with it writable")


@check("BND-04")
def remount_in_mid_turn_leaves_no_dead_id(trial: Trial) -> None:
    """projects/ turns read-only while Claude answers: whatever is stored then is resumed, and nothing is lost."""
    logged_in(trial)
    projects(trial).mkdir()
    with trial.read_only_for_now(trial.environment.home):
        pass  # so that the mounts are this process's own, before others run
    gate = trial.claude.hold(at="turn", when="fresh")
    manager = trial.manager
    dispatch = trial.background(lambda: manager.dispatch("first prompt", key=KEY))
    trial.reached(gate)
    with trial.read_only_for_now(projects(trial)):
        gate.open()
        first = dispatch.result()
    given = "a first dispatch during which projects/ was remounted read-only"
    trial.judge(
        first.session_id is None or trial.prompts(first.session_id) == ["first prompt"],
        given=given,
        expected="an id whose conversation holds the prompt, or none",
        seen=f"{first}, prompts {trial.prompts(first.session_id)}",
    )
    seen = len(trial.starts)
    result = trial.restart().dispatch("second prompt", key=KEY)
    trial.succeeded(result, given=f"{given}; the next one, with it writable")
    refused = [start.requested_resume for start in trial.starts[seen:] if start.outcome == "not_found"]
    trial.equal(refused, [], given=f"{given}; ids that Claude did not know at the next dispatch")
    if first.session_id is not None:
        judge_carried_on(trial, result, "first prompt", "second prompt", given=f"{given}; the next one")


# ---------------------------------------------------------------- BND-05
def _plain_plan(trial: Trial, host: Path, container: Path) -> list[Mount]:
    """The two binds that the requirement names."""
    host.joinpath("projects").mkdir(exist_ok=True)
    return [Mount(host, container, True), Mount(host / "projects", container / "projects", False)]


def _own_plan(trial: Trial, host: Path, container: Path) -> list[Mount]:
    trial.manager.prepare_host(host)
    return trial.manager.mount_plan(host, container)


@check("BND-05", cases=SIDES)
def conversation_lasts_under_the_managers_plan(trial: Trial, release: str | None) -> None:
    """Claude in a container with the mounts that the manager plans: three turns, after a restart too."""
    _talk_in_container(trial, release, own=True)


@check("BND-05", cases=SIDES)
def conversation_lasts_under_the_two_binds(trial: Trial, release: str | None) -> None:
    """The same with the config dir read-only and projects/ read-write on top, and nothing else."""
    _talk_in_container(trial, release, own=False)


def _talk_in_container(trial: Trial, release: str | None, *, own: bool) -> None:
    need_namespaces()
    if release is not None:
        trial.as_release(release)
    version = trial.claude.release.version
    if trial.behaviour["unwritable"]["transcript"] != "silent":
        trial.not_applicable(f"claude {version} does not start in a read-only config dir")
    logged_in(trial)
    host, container = trial.environment.config_dir, trial.directory("container/config")
    plan = (_own_plan if own else _plain_plan)(trial, host, container)
    manager = in_container(trial, plan, container)
    mounted = "the planned mounts" if own else "the config dir read-only and projects/ read-write"
    given = f"claude {version} in a container with {mounted}"
    first = manager.dispatch("first prompt", key=KEY)
    if needs_more(trial) and first.session_id is None:
        # This release keeps no conversation where it cannot write debug/: then it has to be told.
        judge_told(trial, first, given=f"{given}, which is too little for this release")
        judge_stored(trial, None, given=given)
        return
    judge_carried_on(trial, first, "first prompt", given=given)
    second = trial.manager.dispatch("second prompt", key=KEY)
    judge_carried_on(trial, second, "first prompt", "second prompt", given=f"{given}, the second dispatch")
    third = trial.restart().dispatch("third prompt", key=KEY)
    prompts = ("first prompt", "second prompt", "third prompt")
    judge_carried_on(trial, third, *prompts, given=f"{given}, the third dispatch, after a restart")
