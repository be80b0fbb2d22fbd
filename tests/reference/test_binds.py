"""What a container is given, and proof by writing that conversations last in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import BindUnavailable, ReadOnlyBind
from pytest_claude_sessions.config_dir import snapshot
from pytest_claude_sessions.manager import ManagerError, Mount
from pytest_claude_sessions.reference import binds
from pytest_claude_sessions.reference.probe import write_problem

HOST, CONTAINER = Path("/srv/agent-env/boss"), Path("/home/claude/.config/claude-code")
ENV = {"PATH": os.defpath}


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.mkdir()
    binds.prepare_host(path)
    return path


def program(tmp_path: Path, version: str) -> Path:
    """A program that says that it is this release, and writes to the home that it is given."""
    path = tmp_path / "claude"
    path.write_text(f'#!/bin/sh\ntouch "$HOME/.claude.json"\necho "{version} (Claude Code)"\n')
    path.chmod(0o755)
    return path


def problems(config_dir: Path, claude: Path = Path("no-such-program")) -> list[str]:
    return binds.persistence_problems(config_dir, claude, {**ENV, "HOME": str(config_dir.parent)})


def test_plan_has_the_writable_ones_on_top() -> None:
    plan = binds.mount_plan(HOST, CONTAINER)
    assert plan[0] == Mount(HOST, CONTAINER, True)
    assert [m.target.name for m in plan[1:]] == ["projects", "session-env", "debug"]
    assert not any(m.read_only for m in plan[1:])


@pytest.mark.parametrize(
    ("change", "matches"),
    [
        (lambda plan: plan, True),
        (lambda plan: plan[:2], True),
        (lambda plan: plan[::-1], True),
        (lambda plan: [*plan, Mount(Path("/work"), Path("/work"), False)], True),
        (lambda plan: [replace(m, target=Path(f"{m.target}/.")) for m in plan], True),
        (lambda plan: plan[:1], False),
        (lambda plan: plan[1:], False),
        (lambda plan: [replace(m, read_only=True) for m in plan], False),
        (lambda plan: [replace(m, read_only=False) for m in plan], False),
        (lambda plan: [*plan, Mount(Path("/elsewhere"), CONTAINER / "projects", False)], False),
    ],
)
def test_drift(change: Callable[[list[Mount]], list[Mount]], matches: bool) -> None:
    assert binds.mounts_match(change(binds.mount_plan(HOST, CONTAINER)), HOST, CONTAINER) is matches


def test_preparing_twice_changes_nothing(config_dir: Path) -> None:
    before = snapshot(config_dir)
    binds.prepare_host(config_dir)
    assert before.diff(snapshot(config_dir)) == []
    assert {"projects", "session-env", "debug"} <= set(before.entries)


def test_preparing_makes_a_closed_directory_writable(config_dir: Path) -> None:
    (config_dir / "projects").chmod(0o500)
    binds.prepare_host(config_dir)
    assert (config_dir / "projects").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a directory to another user takes root")
def test_preparing_gives_to_the_config_dirs_owner_what_the_engine_made(config_dir: Path) -> None:
    os.chown(config_dir, 65534, 65534)
    binds.prepare_host(config_dir)
    assert {(config_dir / name).stat().st_uid for name in binds.WRITABLE} == {65534}


@pytest.mark.parametrize("obstacle", ["file", "link", "gone"])
def test_preparing_refuses_what_stands_in_the_way(tmp_path: Path, obstacle: str) -> None:
    config_dir = tmp_path / "config"
    if obstacle != "gone":
        config_dir.mkdir()
        place = config_dir / "projects"
        place.touch() if obstacle == "file" else place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ManagerError) as refused:
        binds.prepare_host(config_dir)
    assert refused.value.kind == "unwritable"
    assert "cannot prepare" in str(refused.value)


def test_nothing_is_found_and_nothing_is_left_where_all_is_well(config_dir: Path) -> None:
    before, times = snapshot(config_dir), (config_dir / "projects").stat().st_mtime_ns
    assert problems(config_dir) == []
    assert before.diff(snapshot(config_dir)) == []
    assert (config_dir / "projects").stat().st_mtime_ns == times


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda projects: projects.rmdir(), "is missing: prepare the host"),
        (lambda projects: (projects.rmdir(), projects.touch()), "is no directory"),
        (lambda projects: (projects.rmdir(), projects.symlink_to("nowhere")), "is missing"),
        (lambda projects: (projects.rmdir(), projects.symlink_to("projects")), "symbolic links"),
    ],
)
def test_what_is_wrong_is_told(config_dir: Path, harm: Callable[[Path], object], words: str) -> None:
    harm(config_dir / "projects")
    before = snapshot(config_dir)
    [problem] = problems(config_dir)
    assert words in problem
    assert before.diff(snapshot(config_dir)) == []


def test_a_config_dir_that_is_gone_is_told(tmp_path: Path) -> None:
    [problem] = problems(tmp_path / "nowhere")
    assert "the config dir must exist" in problem


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a directory to another user takes root")
def test_the_attempt_is_made_as_the_config_dirs_owner(config_dir: Path) -> None:
    """The directories above are closed to that user: what root could write, Claude cannot."""
    for path in [config_dir, *config_dir.iterdir()]:
        os.chown(path, 65534, 65534)
    config_dir.parent.chmod(0o700)
    before = snapshot(config_dir)
    [problem] = problems(config_dir)
    assert "as user 65534" in problem
    assert before.diff(snapshot(config_dir)) == []


def test_a_directory_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    assert write_problem(tmp_path / "gone", tmp_path.stat()) == "it is gone"


@pytest.mark.parametrize(
    ("release", "needs"),
    [
        (None, ()),
        ((0, 9, 0), ()),
        ((1, 0, 128), (".", "todos")),
        ((2, 1, 50), ("debug", "session-env")),
        ((2, 1, 111), ("debug", "session-env")),
        ((2, 1, 112), ("session-env",)),
        ((2, 1, 329), ()),
        ((3, 0, 0), ()),
    ],
)
def test_needs_follow_the_release(release: tuple[int, int, int] | None, needs: tuple[str, ...]) -> None:
    assert binds.needs_of(release) == needs


def test_the_program_is_asked_in_a_home_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    asked = binds.installed_release(program(tmp_path, "2.1.50"), {**ENV, "HOME": str(home)})
    assert asked == (2, 1, 50)
    assert list(home.iterdir()) == []
    assert binds.installed_release(program(tmp_path, "who knows"), ENV) is None
    assert binds.installed_release(tmp_path / "nowhere", ENV) is None


def test_a_release_that_needs_debug_is_told_so(config_dir: Path, tmp_path: Path) -> None:
    with ReadOnlyBind() as bind:
        try:
            bind(config_dir, writable=("projects", "session-env"))
        except BindUnavailable as reason:
            pytest.skip(str(reason))
        [problem] = problems(config_dir, program(tmp_path, "2.1.50"))
        assert "debug cannot be written" in problem
        assert problems(config_dir, program(tmp_path, "2.1.112")) == []
