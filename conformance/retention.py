"""Checks of the capability `retention`: the days in the managed settings (RET-01, RET-02, RET-06)."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from pytest_claude_sessions.manager import Installed
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

FILE = "30-coder-lifecycle.json"
KEY = "cleanupPeriodDays"
DAY_MS = 24 * 60 * 60 * 1000


def settings_file(trial: Trial) -> Path:
    """The file that the manager writes."""
    return trial.environment.managed_settings_dir / FILE


def settings(trial: Trial, *, given: str) -> dict[str, Any]:
    """What stands in it."""
    try:
        found = json.loads(settings_file(trial).read_bytes())
    except (OSError, ValueError) as error:
        found = error
    trial.judge(isinstance(found, dict), given=given, expected=f"a JSON object in {FILE}", seen=f"{found!r:.200}")
    return dict(found)


def install(trial: Trial, days: int | None) -> Installed:
    """Install, and judge that the file is where it is said to be."""
    installed = trial.manager.install_lifecycle_settings(days)
    if days is not None or installed.path is not None:
        given = f"install_lifecycle_settings({days})"
        trial.equal(installed.path, settings_file(trial), given=f"{given}; the path")
        trial.equal(settings_file(trial).is_file(), True, given=f"{given}; whether that file is there")
    return installed


# ---------------------------------------------------------------- RET-01
DAYS = {"1": 1, "30": 30, "365": 365, "100000": 100_000}


@check("RET-01", cases=DAYS)
def days_are_written(trial: Trial, days: int) -> None:
    """The number of days stands in the file, as an integer."""
    install(trial, days)
    given = f"install_lifecycle_settings({days})"
    value = settings(trial, given=given).get(KEY)
    trial.judge(
        type(value) is int and value == days,
        given=given,
        expected=f"{KEY}: {days}",
        seen=f"{KEY}: {value!r}, in {settings_file(trial).read_text()}",
    )


@check("RET-01")
def without_days_the_key_is_absent(trial: Trial) -> None:
    """Without a retention nothing is said of it, neither at first nor after there was one; nor is it elsewhere."""
    for steps in ((None,), (None, 30, None)):
        for days in steps:
            install(trial, days)
        given = f"install_lifecycle_settings with {', then '.join(map(str, steps))}"
        files = sorted(trial.environment.managed_settings_dir.glob("*.json"))
        told = [file.name for file in files if KEY in json.loads(file.read_bytes())]
        trial.equal(told, [], given=f"{given}; files with {KEY}")
    install(trial, 7)
    trial.equal(settings(trial, given="7 days after that").get(KEY), 7, given=f"7 days after that; {KEY}")


@check("RET-01")
def the_last_days_count(trial: Trial) -> None:
    """Another number of days takes the place of the earlier one, after a restart too."""
    for days in (30, 7, 90):
        trial.restart()
        install(trial, days)
        given = f"install_lifecycle_settings({days}) after others"
        trial.equal(settings(trial, given=given).get(KEY), days, given=f"{given}; {KEY}")


# ---------------------------------------------------------------- RET-02
WRONG = {
    "zero": 0,
    "negative": -1,
    "fraction": 1.5,
    "small-fraction": 0.5,
    "text": "30",
    "other-text": "thirty",
    "empty-text": "",
    "true": True,
    "false": False,
    "list": [30],
}


@check("RET-02", cases=WRONG)
def wrong_days_are_refused(trial: Trial, days: Any) -> None:
    """A refusal of the kind invalid_setting, no file, and one that is there keeps its bytes."""
    directory = trial.environment.managed_settings_dir
    given = f"install_lifecycle_settings({days!r})"
    for earlier in (None, 30):
        if earlier is not None:
            install(trial, earlier)
        before = trial.tree(directory)
        kind = trial.manager.refusal_of(partial(trial.manager.install_lifecycle_settings, days))
        after = "in an empty directory" if earlier is None else f"after {earlier} days were installed"
        trial.equal(kind, "invalid_setting", given=f"{given} {after}; the refusal")
        trial.unchanged(before, trial.tree(directory), given=f"{given} {after}")
    install(trial, 7)
    trial.equal(settings(trial, given="7 days after that").get(KEY), 7, given=f"7 days after that; {KEY}")


# ---------------------------------------------------------------- RET-06
AGES = {"a-day-longer": (30, 31), "much-longer": (1, 60)}


@check("RET-06", cases=AGES)
def longer_age_limit_is_warned_about(trial: Trial, case: tuple[int, int]) -> None:
    """An id that is offered for longer than its transcript is kept: a warning, and the file is written all the same."""
    days, age = case
    given = f"a retention of {days} days"
    trial.restart(max_session_age_ms=days * DAY_MS)
    fitting = install(trial, days).warnings
    trial.restart(max_session_age_ms=age * DAY_MS)
    longer = install(trial, days).warnings
    trial.judge(
        bool(set(longer) - set(fitting)),
        given=f"{given} with an age limit of {age} days",
        expected=f"a warning that there is not with an age limit of {days} days",
        seen=f"{list(longer)}, and {list(fitting)} with {days} days",
    )
    trial.equal(settings(trial, given=given).get(KEY), days, given=f"{given}; {KEY}")
    trial.restart(max_session_age_ms=days * DAY_MS)
    again = install(trial, days).warnings
    trial.equal(list(again), list(fitting), given=f"{given} with an age limit of {days} days again; the warnings")
