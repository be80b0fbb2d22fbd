"""Checks of `idle`: what the manager says of Claude (IDL-05, IDL-06)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.container import with_managed_settings
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import run_stop_hooks, take_turn, turn_command

from .idle import hooks_end_well, installed, sentinel

BOUND_S = 20.0
"""Until when a manager has seen that a turn was cut off."""


def judge_state(trial: Trial, *expected: str, given: str) -> None:
    """Judge what the manager says."""
    seen = trial.manager.idle_state()
    trial.judge(seen in expected, given=given, expected=" or ".join(expected), seen=f"{seen!r}")


def age_sentinel(trial: Trial, seconds: float) -> None:
    """Let the last stop be so long ago."""
    path = sentinel(trial.environment.home)
    then = time.time_ns() - int(seconds * 10**9)
    os.utime(path, ns=(then, then))


# ---------------------------------------------------------------- IDL-05
@check("IDL-05")
def unknown_before_the_first_stop(trial: Trial) -> None:
    """Before and after the installation, with no stop yet: unknown; after the first stop: idle, after a restart too."""
    with_managed_settings(trial)
    judge_state(trial, "unknown", given="a home where nothing was installed")
    installed(trial)
    judge_state(trial, "unknown", given="the hook installed, and no turn yet")
    take_turn(trial)
    judge_state(trial, "idle", given="the first turn over")
    trial.restart()
    judge_state(trial, "idle", given="the first turn over, and the manager started again")


AGES = {"just-now": 0.0, "an-hour-ago": 3600.0, "a-year-ago": 365 * 86_400.0}


@check("IDL-05", cases=AGES)
def busy_while_a_turn_runs(trial: Trial, age: float) -> None:
    """A turn that somebody starts: busy while it runs, idle before and after, however long ago the last stop was."""
    with_managed_settings(trial)
    installed(trial)
    take_turn(trial)
    age_sentinel(trial, age)
    ago = f"the last stop {age:g} s ago"
    judge_state(trial, "idle", given=f"no turn running, {ago}")
    gate = trial.claude.hold(at="turn")
    turn = trial.background(lambda: take_turn(trial, "second prompt"))
    trial.reached(gate)
    judge_state(trial, "busy", given=f"a turn running, {ago}")
    gate.open()
    turn.result()
    judge_state(trial, "idle", given=f"that turn over, {ago} before it")


@check("IDL-05")
def first_turn_is_not_idle(trial: Trial) -> None:
    """While the very first turn runs it is busy or unknown, never idle."""
    with_managed_settings(trial)
    installed(trial)
    gate = trial.claude.hold(at="turn")
    turn = trial.background(lambda: take_turn(trial, "first prompt"))
    trial.reached(gate)
    judge_state(trial, "busy", "unknown", given="the first turn running")
    gate.open()
    turn.result()
    judge_state(trial, "idle", given="the first turn over")


@check("IDL-05")
def busy_while_a_dispatch_runs(trial: Trial) -> None:
    """The manager's own turns count too, the resumed one as well."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume, and so starts no turn")
    with_managed_settings(trial)
    installed(trial)
    for number in range(2):
        gate = trial.claude.hold(at="turn")
        dispatch = trial.background(partial(trial.manager.dispatch, "a prompt", key="chat"))
        trial.reached(gate)
        busy = ("busy", "unknown") if number == 0 else ("busy",)
        judge_state(trial, *busy, given=f"dispatch {number + 1} running")
        gate.open()
        trial.succeeded(dispatch.result(), given=f"dispatch {number + 1}")
        judge_state(trial, "idle", given=f"dispatch {number + 1} over")


def _killed(trial: Trial) -> None:
    gate = trial.claude.hold(at="turn")
    command = turn_command(trial, "cut off")
    with subprocess.Popen(
        command,
        cwd=trial.environment.workdir,
        env=dict(trial.environment.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            trial.reached(gate)
            judge_state(trial, "busy", given="a turn running")
        finally:
            process.kill()


def _failed(trial: Trial) -> None:
    trial.claude.usage_limit()
    take_turn(trial, "cut off", may_fail=True)


CUT_OFF: dict[str, Callable[[Trial], None]] = {"killed": _killed, "usage-limit": _failed}


@check("IDL-05", cases=CUT_OFF)
def turn_that_was_cut_off_is_over(trial: Trial, cut_off: Callable[[Trial], None]) -> None:
    """A turn that ends without a stop, killed or by an error, does not leave Claude busy for ever."""
    with_managed_settings(trial)
    installed(trial)
    take_turn(trial)
    cut_off(trial)
    deadline = time.monotonic() + BOUND_S
    while trial.manager.idle_state() == "busy" and time.monotonic() < deadline:
        time.sleep(0.01)
    judge_state(trial, "idle", "unknown", given="a turn that was cut off, with nothing running since")
    take_turn(trial)
    judge_state(trial, "idle", given="the next turn over")


# ---------------------------------------------------------------- IDL-06
TASK = {"id": "b1", "type": "shell", "status": "running", "description": "make all", "command": "make all"}
PAYLOADS: dict[str, Mapping[str, Any]] = {
    "one-task": {"background_tasks": [TASK]},
    "several-tasks": {"background_tasks": [TASK, {**TASK, "id": "b2", "type": "subagent"}], "session_crons": []},
}
MIMICS: dict[str, Mapping[str, Any]] = {
    "no-tasks": {"background_tasks": [], "session_crons": []},
    "an-older-release": {},
    "an-answer-about-tasks": {
        "background_tasks": [],
        "last_assistant_message": 'The payload held "background_tasks":[{"id":"b1"}], as wanted.',
    },
}


@check("IDL-06", cases=PAYLOADS)
def stop_with_background_tasks_is_not_idle(trial: Trial, payload: Mapping[str, Any]) -> None:
    """The hook is told of tasks that still run: not idle; at the next stop, with none left: idle."""
    installed(trial)
    hooks_end_well(trial, given="a stop")
    judge_state(trial, "idle", given="a stop without background tasks")
    run_stop_hooks(trial, payload=payload)
    judge_state(
        trial, "busy", "unknown", given=f"a stop with {len(payload['background_tasks'])} background tasks running"
    )
    run_stop_hooks(trial, payload=MIMICS["no-tasks"])
    judge_state(trial, "idle", given="the next stop, with no background tasks")


@check("IDL-06", cases=MIMICS)
def stop_without_background_tasks_is_idle(trial: Trial, payload: Mapping[str, Any]) -> None:
    """No tasks, a release that does not tell, an answer that has the words in it: idle."""
    installed(trial)
    run_stop_hooks(trial, payload=payload)
    judge_state(trial, "idle", given=f"a stop whose payload holds {dict(payload)}")
