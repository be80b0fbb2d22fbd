"""Checks of `retention`: the file and its directory, and that Claude takes it (RET-03 to RET-05)."""

from __future__ import annotations

import contextlib
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pytest_claude_sessions.bind import BindUnavailable, fill
from pytest_claude_sessions.manager import Installed
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.container import with_managed_settings
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import take_turn

from .retention import FILE, KEY, install, settings, settings_file

# ---------------------------------------------------------------- RET-03
Fault = Callable[[Trial], AbstractContextManager[object]]


@contextlib.contextmanager
def _a_file(trial: Trial) -> Iterator[None]:
    directory = trial.environment.managed_settings_dir
    aside = directory.rename(trial.environment.home / "settings aside")
    directory.write_text("not a directory\n")
    try:
        yield
    finally:
        directory.unlink()
        aside.rename(directory)


@contextlib.contextmanager
def _full(trial: Trial) -> Iterator[None]:
    try:
        disk = fill(trial.environment.managed_settings_dir)
    except BindUnavailable as reason:
        raise CouldNotRun(str(reason)) from reason
    with disk:
        yield


UNWRITABLE: dict[str, Fault] = {
    "read-only": lambda trial: trial.read_only_for_now(trial.environment.managed_settings_dir),
    "a-file-in-its-place": _a_file,
    "full-disk": _full,
}


@check("RET-03", cases=UNWRITABLE)
def unwritable_directory_is_warned_about(trial: Trial, fault: Fault) -> None:
    """A warning and no path, nothing changed and the manager goes on; all is well once it can be written."""
    directory = trial.environment.managed_settings_dir
    for earlier in (False, True):
        given = f"a settings directory that is {_name(fault)}, {'with' if earlier else 'without'} the file in it"
        if earlier:
            install(trial, 30)
        trial.restart()
        with fault(trial):
            before = trial.tree(directory)
            _judge_skipped(trial, trial.manager.install_lifecycle_settings(7), given=given)
            trial.unchanged(before, trial.tree(directory), given=given)
            _judge_skipped(trial, trial.manager.install_lifecycle_settings(None), given=f"{given}, asked once more")
    installed = install(trial, 7)
    trial.equal(settings(trial, given="7 days after that").get(KEY), 7, given=f"7 days, the directory mended; {KEY}")
    trial.equal(list(installed.warnings), [], given="7 days, the directory mended; the warnings")


def _judge_skipped(trial: Trial, installed: Installed, *, given: str) -> None:
    trial.judge(
        installed.path is None and bool(installed.warnings),
        given=given,
        expected="path = None, and a warning",
        seen=f"{installed}",
    )


def _name(fault: Fault) -> str:
    return next(name for name, other in UNWRITABLE.items() if other is fault)


@check("RET-03")
def missing_directory_is_made_or_warned_about(trial: Trial) -> None:
    """Where there is no directory at all it is made, or the file is skipped with a warning."""
    shutil.rmtree(trial.environment.managed_settings_dir)
    installed = trial.manager.install_lifecycle_settings(30)
    given = "no settings directory, in a parent that can be written"
    if installed.path is None:
        _judge_skipped(trial, installed, given=given)
    else:
        trial.equal(settings(trial, given=given).get(KEY), 30, given=f"{given}; {KEY}")


# ---------------------------------------------------------------- RET-04
OTHERS = {
    "10-coder.json": '{"permissions": {"deny": ["WebFetch"]}, "cleanupPeriodDays": 20}',
    "20-coder-apikeyhelper.json": '{"apiKeyHelper": "/usr/local/bin/key"}\n',
    "99-x.json": '{\n\t"cleanupPeriodDays": 99 }',
    "notes.txt": "not for Claude",
}


@check("RET-04", cases={"30": 30, "none": None})
def again_gives_the_same_bytes(trial: Trial, days: int | None) -> None:
    """A second and a third installation, and one after another number of days, give what the first one gave."""
    install(trial, days)
    before = trial.tree(trial.environment.managed_settings_dir)
    given = f"install_lifecycle_settings({days})"
    for number in range(2):
        install(trial, days)
        _judge_same(trial, before, given=f"{given}, number {number + 2}")
        trial.restart()
    install(trial, 3)
    install(trial, days)
    _judge_same(trial, before, given=f"{given} after 3 days were installed")


def _judge_same(trial: Trial, before: Any, *, given: str) -> None:
    change = before.diff(trial.tree(trial.environment.managed_settings_dir), times=False)
    trial.judge(not change, given=given, expected="the bytes of the first time", seen="; ".join(change))


@check("RET-04")
def other_files_are_untouched(trial: Trial) -> None:
    """What other programs have there keeps its bytes, modes and times; no draft is left behind."""
    directory = trial.environment.managed_settings_dir
    for name, text in OTHERS.items():
        (directory / name).write_text(text)
    (directory / "drop-ins").mkdir()
    before = trial.tree(directory)
    for days in (30, 30, None, 7):
        installed = install(trial, days)
        given = f"install_lifecycle_settings({days}) among other files"
        change = [line for line in before.diff(trial.tree(directory)) if f" {FILE} " not in f"{line} "]
        trial.judge(not change, given=given, expected=f"no change but to {FILE}", seen="; ".join(change))
    trial.equal(installed.path, settings_file(trial), given="the path of the last one")


# ---------------------------------------------------------------- RET-05
@check("RET-05", cases={"30": 30, "none": None})
def file_has_the_form_that_claude_accepts(trial: Trial, days: int | None) -> None:
    """One JSON object in UTF-8 that every user can read; hooks, if any, are lists of matchers with hooks in them."""
    installed = install(trial, days)
    if installed.path is None:
        trial.not_applicable("without a retention, and without a hook, there is nothing to write")
    given = f"install_lifecycle_settings({days}); the file"
    file = settings_file(trial)
    mode = stat.S_IMODE(file.stat().st_mode)
    trial.judge(
        mode & 0o444 == 0o444 and not mode & 0o022,
        given=given,
        expected="readable for all, writable for its owner alone",
        seen=f"mode {mode:04o}",
    )
    text = file.read_bytes().decode("utf-8")
    trial.judge(not text.startswith("\ufeff"), given=given, expected="no byte order mark", seen=f"{text[:40]!r}")
    twice: list[str] = []

    def noted(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(items)

    found = json.loads(text, object_pairs_hook=noted)
    trial.equal(twice, [], given=f"{given}; keys that stand twice in one object")
    wrong = list(_faults_of_hooks(found.get("hooks", {})))
    trial.judge(not wrong, given=given, expected="hooks in the form of Claude's settings", seen="; ".join(wrong))


def _faults_of_hooks(hooks: Any) -> Iterator[str]:
    if not isinstance(hooks, dict):
        yield f"hooks is {hooks!r:.60}, not an object"
        return
    for event, matchers in hooks.items():
        if not isinstance(matchers, list):
            yield f"{event} is {matchers!r:.60}, not a list"
            continue
        for matcher in matchers:
            inner = matcher.get("hooks") if isinstance(matcher, dict) else None
            if not isinstance(inner, list) or not isinstance(matcher.get("matcher", ""), str):
                yield f"{event} holds {matcher!r:.60}, not an object with a list of hooks"
                continue
            for hook in inner:
                yield from _faults_of_hook(event, hook)


def _faults_of_hook(event: str, hook: Any) -> Iterator[str]:
    if not isinstance(hook, dict) or not isinstance(hook.get("type"), str):
        yield f"a hook of {event} is {hook!r:.60}, not an object with a type"
    elif hook["type"] == "command" and not isinstance(hook.get("command"), str):
        yield f"a hook of {event} has the command {hook.get('command')!r:.60}"
    elif not isinstance(hook.get("timeout", 1), int | float) or isinstance(hook.get("timeout", 1), bool):
        yield f"a hook of {event} has the time-out {hook['timeout']!r:.60}"


@check("RET-05", cases={"1": 1, "30": 30})
def claude_applies_the_days(trial: Trial, days: int) -> None:
    """Started after the installation, Claude has the retention among the settings in force."""
    with_managed_settings(trial)
    if trial.real:
        trial.not_applicable("the real program does not say what is in force; see the hooks and the idle checks")
    install(trial, days)
    take_turn(trial)
    given = f"install_lifecycle_settings({days}), and a turn of claude {trial.claude.release.version}"
    trial.equal(trial.starts[-1].raw["settings"][KEY], days, given=f"{given}; {KEY} in force")
    if "idle" not in trial.capabilities:
        return
    trial.manager.install_lifecycle_settings(None)
    take_turn(trial)
    trial.equal(trial.starts[-1].raw["settings"][KEY], None, given="the same without a retention; what is in force")


@check("RET-05")
def claude_takes_the_file_as_a_whole(trial: Trial) -> None:
    """A hook that is added to the very file runs at the end of the turn: nothing in the file makes Claude drop it."""
    with_managed_settings(trial)
    install(trial, 30)
    file, seen = settings_file(trial), trial.environment.home / "hook-ran"
    found = settings(trial, given="install_lifecycle_settings(30)")
    stop = found.setdefault("hooks", {}).setdefault("Stop", [])
    stop.append({"hooks": [{"type": "command", "command": f"touch '{seen}'"}]})
    Path(file).write_text(json.dumps(found))
    take_turn(trial)
    trial.judge(
        seen.exists(),
        given=f"install_lifecycle_settings(30), one more Stop hook in {FILE}, and a turn of Claude",
        expected="that hook runs",
        seen="it did not: Claude dropped the file, or the part with the hooks",
    )
