"""Checks of the capability `idle`: the Stop hook and what it leaves in the home (IDL-01 to IDL-04)."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_claude_sessions.bind import BindUnavailable, fill
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.container import with_managed_settings
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import run_stop_hooks, take_turn

MODULE = ".claude-module"
LIMIT_S = 1.0
PAUSE_S = 0.010


def sentinel(home: Path) -> Path:
    """The file that the hook touches."""
    return home / MODULE / "last-stop"


def installed(trial: Trial) -> None:
    """Install the hook, without a retention."""
    done = trial.manager.install_lifecycle_settings(None)
    trial.judge(
        done.path is not None and done.path.is_file(),
        given="install_lifecycle_settings(None) of a manager that declares idle",
        expected="the path of a settings file with the Stop hook",
        seen=f"{done}",
    )


def stamp(trial: Trial, home: Path, *, given: str) -> int:
    """The sentinel's time stamp in ns; judged that there is one."""
    path = sentinel(home)
    trial.judge(
        path.exists(),
        given=given,
        expected=f"~/{MODULE}/last-stop",
        seen=f"in the home: {sorted(str(entry.relative_to(home)) for entry in home.rglob('*'))[:12]}",
    )
    return path.stat().st_mtime_ns


def hooks_end_well(trial: Trial, *, given: str, home: Path | None = None, cwd_is_gone: bool = False) -> None:
    """Run the Stop hooks; judge that each ends with status 0."""
    for end in run_stop_hooks(trial, home=home, cwd_is_gone=cwd_is_gone):
        trial.judge(end.status == 0, given=f"{given}; the Stop hook", expected="exit status 0", seen=f"{end}")


# ---------------------------------------------------------------- IDL-01
@check("IDL-01")
def every_turn_ends_with_a_touch(trial: Trial) -> None:
    """Claude reads the settings and runs the hook: after each of three turns the sentinel is newer."""
    with_managed_settings(trial)
    installed(trial)
    home, last = trial.environment.home, 0
    trial.equal(sentinel(home).exists(), False, given="the installation alone; whether there is a sentinel")
    for number in range(3):
        take_turn(trial, f"prompt {number + 1}")
        given = f"turn {number + 1} of Claude after the installation"
        now = stamp(trial, home, given=given)
        trial.judge(now > last, given=given, expected=f"a time stamp after {last}", seen=f"{now}")
        last = now


@check("IDL-01")
def a_dispatch_ends_with_a_touch(trial: Trial) -> None:
    """So it is for a turn that the manager starts, the first and the resumed."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume, and so starts no turn")
    with_managed_settings(trial)
    installed(trial)
    last = 0
    for number in range(2):
        result = trial.manager.dispatch(f"prompt {number + 1}", key="chat")
        trial.succeeded(result, given=f"dispatch {number + 1}")
        given = f"dispatch {number + 1} after the installation"
        now = stamp(trial, trial.environment.home, given=given)
        trial.judge(now > last, given=given, expected=f"a time stamp after {last}", seen=f"{now}")
        last = now


@check("IDL-01")
def sentinel_is_in_the_home_of_who_runs_claude(trial: Trial) -> None:
    """The settings are those of every user: each one's Claude touches the sentinel of its own home."""
    installed(trial)
    homes = [trial.directory("homes/one"), trial.directory("homes/other")]
    for home in homes:
        hooks_end_well(trial, home=home, given="the hook of a user with another home")
        stamp(trial, home, given="the Stop hook with HOME at another user's home")
    trial.equal(
        sentinel(trial.environment.home).exists(), False, given="these hooks; a sentinel in the home of the manager"
    )


# ---------------------------------------------------------------- IDL-02
@check("IDL-02")
def stamp_moves_within_a_second(trial: Trial) -> None:
    """Twenty stops, each 10 ms after the one before: twenty time stamps, each later."""
    installed(trial)
    last = 0
    for number in range(20):
        hooks_end_well(trial, given="a stop")
        now = stamp(trial, trial.environment.home, given="a stop")
        given = f"a stop {PAUSE_S * 1000:g} ms after another (number {number + 1})"
        trial.judge(now > last, given=given, expected=f"a time stamp after {last} ns", seen=f"{now} ns")
        last = now
        time.sleep(PAUSE_S)  # not to wait for anything: it is how far apart the requirement wants them


@check("IDL-02", cases={"empty": b"", "with-content": b"earlier\n", "old": None})
def stamp_moves_where_a_sentinel_is(trial: Trial, content: bytes | None) -> None:
    """A sentinel that is there already is touched too, however old it is and whatever is in it."""
    installed(trial)
    path = sentinel(trial.environment.home)
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content or b"")
    earlier = time.time_ns() - (10**9 if content is not None else 365 * 86_400 * 10**9)
    os.utime(path, ns=(earlier, earlier))
    hooks_end_well(trial, given="a stop where a sentinel is")
    now = stamp(trial, trial.environment.home, given="a stop where a sentinel is")
    trial.judge(
        now > earlier + 5 * 10**8, given="a stop where a sentinel is", expected="the time of the stop", seen=f"{now} ns"
    )


# ---------------------------------------------------------------- IDL-03
HOMES = {
    "spaces": "a home with spaces",
    "quotes": 'it\'s a "home"',
    "shell-characters": "$(touch pwned) `touch pwned`; touch pwned & $HOME *",
    "backslash-and-dash": "-n \\t home",
    "line-break": "two\nlines",
    "other-scripts": "Übergröße 文档",
}


@check("IDL-03", cases=HOMES)
def hook_works_from_any_home(trial: Trial, name: str) -> None:
    """However the home is called, for the manager and for Claude, the sentinel is in it; nothing in the name is run."""
    home = trial.directory("homes") / name
    home.mkdir()
    trial.restart(replace(trial.environment, home=home, env={**trial.environment.env, "HOME": str(home)}))
    installed(trial)
    for number in range(2):
        hooks_end_well(trial, home=home, given=f"a home called {name!r}, stop {number + 1}")
        stamp(trial, home, given=f"the Stop hook with a home called {name!r}")
    run = [str(path) for path in trial.root.rglob("pwned*")]
    trial.equal(run, [], given=f"a home called {name!r}; files that running parts of the name would have made")


@check("IDL-03", cases={"by-hand": False, "in-a-turn": True})
def hook_makes_the_directory(trial: Trial, turn: bool) -> None:
    """The sentinel's directory is made when it is missing, also when it was removed between two stops."""
    if turn:
        with_managed_settings(trial)
    installed(trial)
    home = trial.environment.home
    for _ in range(2):
        if sentinel(home).parent.exists():
            sentinel(home).parent.rename(home / f"aside {trial.new_id()}")
        if turn:
            take_turn(trial)
        else:
            hooks_end_well(trial, given=f"a home without ~/{MODULE}")
        stamp(trial, home, given=f"a stop in a home without ~/{MODULE}")


@check("IDL-03")
def hook_works_from_a_directory_that_is_gone(trial: Trial) -> None:
    """Run in a working directory that was removed, as of a deleted worktree, the hook touches the sentinel too."""
    installed(trial)
    last = 0
    for gone in (False, True):
        given = f"a working directory that is {'gone' if gone else 'there'}"
        hooks_end_well(trial, cwd_is_gone=gone, given=given)
        now = stamp(trial, trial.environment.home, given=f"the Stop hook in {given}")
        trial.judge(now > last, given=given, expected=f"a time stamp after {last} ns", seen=f"{now} ns")
        last = now


# ---------------------------------------------------------------- IDL-04
Obstacle = Callable[[Trial, Path], AbstractContextManager[object]]


@contextlib.contextmanager
def _read_only(trial: Trial, home: Path) -> Iterator[None]:
    with trial.read_only_for_now(home):
        yield


@contextlib.contextmanager
def _read_only_module(trial: Trial, home: Path) -> Iterator[None]:
    sentinel(home).parent.mkdir()
    sentinel(home).touch()
    with trial.read_only_for_now(sentinel(home).parent):
        yield


@contextlib.contextmanager
def _full(trial: Trial, home: Path) -> Iterator[None]:
    try:
        disk = fill(home)
    except BindUnavailable as reason:
        raise CouldNotRun(str(reason)) from reason
    with disk:
        yield


@contextlib.contextmanager
def _made(make: Callable[[Path], object], home: Path) -> Iterator[None]:
    make(home)
    yield


def _directory_for_sentinel(home: Path) -> None:
    sentinel(home).mkdir(parents=True)


def _pipe_for_sentinel(home: Path) -> None:
    sentinel(home).parent.mkdir()
    os.mkfifo(sentinel(home))


OBSTACLES: dict[str, Obstacle] = {
    "home-read-only": _read_only,
    "directory-read-only": _read_only_module,
    "disk-full": _full,
    "a-file-for-the-directory": lambda trial, home: _made(lambda h: (h / MODULE).touch(), home),
    "a-dangling-link-for-the-directory": lambda trial, home: _made(
        lambda h: (h / MODULE).symlink_to(h / "nowhere" / "at-all"), home
    ),
    "a-directory-for-the-sentinel": lambda trial, home: _made(_directory_for_sentinel, home),
    "a-pipe-for-the-sentinel": lambda trial, home: _made(_pipe_for_sentinel, home),
    "home-gone": lambda trial, home: _made(lambda h: h.rmdir(), home),
}
ATTEMPTS = 2
"""A machine that is busy may hold one run up; the quicker of these counts."""


@check("IDL-04", cases=OBSTACLES)
def hook_never_blocks_the_stop(trial: Trial, obstacle: Obstacle) -> None:
    """Where the sentinel cannot be written the hook ends with status 0 within a second, and says nothing to Claude."""
    installed(trial)
    home = trial.directory("homes/obstructed")
    with obstacle(trial, home):
        _judge_quick(trial, home, given=f"a home where the sentinel meets {_name(obstacle)}")


@check("IDL-04")
def hook_is_quick_when_all_is_well(trial: Trial) -> None:
    """Status 0 within a second where the sentinel is written, with a payload of a megabyte and with a full one."""
    installed(trial)
    home = trial.environment.home
    _judge_quick(trial, home, given="a home as it should be")
    stamp(trial, home, given="that stop")
    long = {"last_assistant_message": "x" * (1 << 20), "background_tasks": [], "session_crons": []}
    _judge_quick(trial, home, given="a payload of a megabyte", payload=long)


def _judge_quick(trial: Trial, home: Path, *, given: str, payload: Mapping[str, Any] | None = None) -> None:
    quickest = float("inf")
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        ends = run_stop_hooks(trial, home=home, payload=payload, timeout_s=3 * LIMIT_S)
        taken = (time.monotonic() - began) / len(ends)
        for end in ends:
            trial.judge(
                end.status in (0, None), given=f"{given}; the Stop hook", expected="exit status 0", seen=f"{end}"
            )
        quickest = min(quickest, taken)
        if quickest <= LIMIT_S:
            return
    trial.judge(
        False,
        given=f"{given}; the Stop hook, run {ATTEMPTS} times",
        expected=f"its end within {LIMIT_S:g} s",
        seen=f"{quickest:.1f} s at the quickest, or it had to be killed",
    )


def _name(obstacle: Obstacle) -> str:
    return next(name for name, other in OBSTACLES.items() if other is obstacle).replace("-", " ")
