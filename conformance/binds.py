"""Checks of the capability `binds`: what a container is given, and what the host is made to have (BND-01 to -03)."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.manager import Mount
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.container import container_prefix
from pytest_claude_sessions.suite.trial import Trial

from .ownership import another_user, reachable, writes_as

# ---------------------------------------------------------------- BND-01
NAMES = {"plain": "agent", "with-spaces": "an agent's own: dir"}


def places(trial: Trial, name: str = "agent") -> tuple[Path, Path]:
    """A config dir on the host, with something in it, and the place where a container has it."""
    host, container = trial.directory(f"host/{name}"), trial.directory(f"container/{name}")
    (host / ".credentials.json").write_text("{}")
    return host, container


def told(plan: Sequence[Mount]) -> str:
    """Mounts for a reader."""
    return ", ".join(f"{m.source} at {m.target} {'ro' if m.read_only else 'rw'}" for m in plan) or "no mounts"


@check("BND-01", cases=NAMES)
def plan_holds_both_binds(trial: Trial, name: str) -> None:
    """The plan names the config dir read-only, projects/ read-write, each from the host to the container."""
    host, container = places(trial, name)
    plan = trial.manager.mount_plan(host, container)
    for source, target, read_only in ((host, container, True), (host / "projects", container / "projects", False)):
        found = [m for m in plan if m.target == target]
        trial.judge(
            [(m.source, m.read_only) for m in found] == [(source, read_only)],
            given=f"mount_plan({host}, {container})",
            expected=f"one mount at {target}: {told([Mount(source, target, read_only)])}",
            seen=told(plan),
        )


@check("BND-01", cases=NAMES)
def plan_works_in_the_kernel(trial: Trial, name: str) -> None:
    """Mounted, the plan lets nothing be written but below projects/ and what else it names; projects/ is the host's."""
    host, container = places(trial, name)
    trial.manager.prepare_host(host)
    plan = trial.manager.mount_plan(host, container)
    prefix = container_prefix(plan)
    given = f"a container with {told(plan)}"
    for place, writable in (
        (container / "settings.json", False),
        (container / ".credentials.json", False),
        (container / "projects" / "a-project", True),
    ):
        done = _shell(prefix, f"echo here > {shlex.quote(str(place))}")
        trial.judge(
            (done.returncode == 0) == writable,
            given=f"{given}; a write to {place}",
            expected="that it succeeds" if writable else "that it fails",
            seen=done.stderr.strip() or "it succeeded",
        )
    trial.judge(
        (host / "projects" / "a-project").is_file(),
        given=f"{given}; a file written to projects/",
        expected="the file in projects/ of the host",
        seen=f"{sorted(entry.name for entry in host.rglob('*'))}",
    )


def _shell(prefix: Sequence[str], script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*prefix, "sh", "-c", script], capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- BND-02
MADE = ("projects", "session-env")


@check("BND-02")
def preparing_makes_the_directories(trial: Trial) -> None:
    """projects/ and session-env/ are there, the caller's own, and all that the plan binds is there for the engine."""
    host, container = places(trial)
    trial.manager.prepare_host(host)
    for name in MADE:
        _judge_made(trial, host / name, os.stat(host).st_uid)
    missing = [str(m.source) for m in trial.manager.mount_plan(host, container) if not m.source.exists()]
    trial.judge(
        not missing,
        given="prepare_host, and the plan for the same config dir",
        expected="every source of the plan there: an engine makes a missing one for root",
        seen=f"missing: {', '.join(missing)}",
    )


@check("BND-02")
def preparing_makes_them_for_the_user_who_runs_claude(trial: Trial) -> None:
    """Where the config dir belongs to another user, so do the directories, and that user can write there."""
    user = another_user()
    host, _ = places(trial)
    for path in (host, host / ".credentials.json"):
        os.chown(path, user, user)
    with reachable(host):
        trial.manager.prepare_host(host)
        for name in MADE:
            _judge_made(trial, host / name, user)
            refusal = writes_as(user, host / name)
            given = f"prepare_host for a config dir of user {user}; a write of that user to {name}/"
            trial.judge(not refusal, given=given, expected="that it succeeds", seen=refusal)


def _judge_made(trial: Trial, directory: Path, user: int) -> None:
    found = directory.stat() if directory.is_dir() and not directory.is_symlink() else None
    trial.judge(
        found is not None and found.st_uid == user and found.st_mode & stat.S_IRWXU == stat.S_IRWXU,
        given=f"prepare_host for a config dir of user {user}",
        expected=f"a directory {directory.name}/ of user {user}, writable for that user",
        seen=f"user {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}" if found else "no such directory",
    )


@check("BND-02")
def preparing_twice_changes_nothing(trial: Trial) -> None:
    """A second preparation, and the first of a config dir that is in use, leave everything as it is."""
    host, _ = places(trial)
    trial.manager.prepare_host(host)
    transcript = host / "projects" / "-work" / f"{trial.new_id()}.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text('{"type":"user"}\n')
    (host / "session-env" / trial.new_id()).mkdir(parents=True)
    before, owners = trial.tree(host), _owners(host)
    for number in range(2):
        trial.restart().prepare_host(host)
        given = f"prepare_host once more, on a config dir with a conversation in it (number {number + 2})"
        trial.unchanged(before, trial.tree(host), given=given)
        trial.equal(_owners(host), owners, given=f"{given}; owners and modes")


def _owners(directory: Path) -> dict[str, tuple[int, int, int]]:
    found = {str(path): path.lstat() for path in [directory, *directory.rglob("*")]}
    return {path: (status.st_uid, status.st_gid, status.st_mode) for path, status in found.items()}


# ---------------------------------------------------------------- BND-03
Change = Callable[[list[Mount], Path, Path], list[Mount]]


def _others(plan: list[Mount], container: Path) -> list[Mount]:
    return [m for m in plan if m.target != container / "projects"]


def _projects(plan: list[Mount], container: Path) -> Mount:
    return next(m for m in plan if m.target == container / "projects")


DRIFT: dict[str, Change] = {
    "no-projects": lambda plan, host, container: _others(plan, container),
    "config-dir-alone": lambda plan, host, container: [m for m in plan if m.target == container],
    "no-mounts": lambda plan, host, container: [],
    "projects-read-only": lambda plan, host, container: [
        *_others(plan, container),
        replace(_projects(plan, container), read_only=True),
    ],
    "projects-of-another-agent": lambda plan, host, container: [
        *_others(plan, container),
        replace(_projects(plan, container), source=host.with_name("another") / "projects"),
    ],
    "projects-from-another-place": lambda plan, host, container: [
        *_others(plan, container),
        replace(_projects(plan, container), source=host),
    ],
    "projects-beside-it": lambda plan, host, container: [
        *_others(plan, container),
        replace(_projects(plan, container), target=container / "projects-old"),
    ],
}

UNRELATED = (
    Mount(Path("/srv/repositories"), Path("/work"), False),
    Mount(Path("/srv/state"), Path("/state"), False),
    Mount(Path("/etc/resolv.conf"), Path("/etc/resolv.conf"), True),
)

NO_DRIFT: dict[str, Change] = {
    "exact": lambda plan, host, container: plan,
    "in-another-order": lambda plan, host, container: plan[::-1],
    "unrelated-behind": lambda plan, host, container: [*plan, *UNRELATED],
    "unrelated-before": lambda plan, host, container: [*UNRELATED, *plan],
    "a-neighbour": lambda plan, host, container: [*plan, Mount(host, container.with_name("neighbour"), False)],
}


@check("BND-03", cases=DRIFT)
def drift_is_seen(trial: Trial, change: Change) -> None:
    """A container that lost the read-write projects/ mount does not match; the exact one does."""
    _judge_match(trial, NO_DRIFT["exact"], True)
    _judge_match(trial, change, False)


@check("BND-03", cases=NO_DRIFT)
def no_drift_is_seen(trial: Trial, change: Change) -> None:
    """The plan itself matches, in any order and with mounts that have nothing to do with it; without projects/ not."""
    _judge_match(trial, change, True)
    _judge_match(trial, DRIFT["no-projects"], False)


def _judge_match(trial: Trial, change: Change, expected: bool) -> None:
    host, container = places(trial)
    plan = trial.manager.mount_plan(host, container)
    actual = change(list(plan), host, container)
    trial.equal(
        trial.manager.mounts_match(actual, host, container),
        expected,
        given=f"a container with {told(actual)}, where the plan is {told(plan)}",
    )
