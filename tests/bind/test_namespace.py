"""Mounts of a child alone, through the launcher: a container's, and managed settings of the test's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_claude_sessions.bind.launcher import launch_prefix


def run(spec: dict[str, object], script: str) -> subprocess.CompletedProcess[str]:
    command = [*launch_prefix(spec), "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


@pytest.fixture(autouse=True)
def namespaces() -> None:
    refused = run({"mounts": []}, "true")
    if refused.returncode != 0:
        pytest.skip(f"this machine allows no mount namespace: {refused.stderr.strip()}")


def mounted(source: Path, target: Path, read_only: bool) -> dict[str, object]:
    return {"source": str(source), "target": str(target), "read_only": read_only}


def test_the_outermost_is_mounted_first_whatever_the_order(tmp_path: Path) -> None:
    host, container = tmp_path / "host dir", tmp_path / "it's a container"
    (host / "projects").mkdir(parents=True)
    container.mkdir()
    spec = {
        "mounts": [
            mounted(host / "projects", container / "projects", False),
            mounted(host, container, True),
        ]
    }
    done = run(spec, f'cd "{container}"; echo 1 > projects/inside; echo 2 > outside')
    assert done.returncode != 0
    assert "ead-only" in done.stderr
    assert (host / "projects" / "inside").read_text() == "1\n"
    assert os.listdir(host) == ["projects"]
    assert os.listdir(container) == []


def test_a_directory_can_be_bound_over_itself(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    spec = {
        "mounts": [
            mounted(tmp_path, tmp_path, True),
            mounted(tmp_path / "projects", tmp_path / "projects", False),
        ]
    }
    assert run(spec, f'echo 1 > "{tmp_path}/projects/inside"').returncode == 0
    assert run(spec, f'echo 1 > "{tmp_path}/outside"').returncode != 0
    assert os.listdir(tmp_path) == ["projects"]


def test_a_target_that_is_missing_keeps_the_child_from_starting(tmp_path: Path) -> None:
    done = run({"mounts": [mounted(tmp_path, tmp_path / "nowhere", True)]}, "echo started")
    assert (done.returncode, done.stdout) == (126, "")
    assert "cannot set up" in done.stderr


def test_managed_settings_are_seen_by_the_child_alone(tmp_path: Path) -> None:
    managed, scratch = tmp_path / "managed", tmp_path / "scratch"
    managed.mkdir()
    scratch.mkdir()
    (managed / "30-x.json").write_text("{}")
    before = os.path.lexists("/etc/claude-code")
    spec = {"managed": {"directory": str(managed), "scratch": str(scratch)}}
    done = run(spec, "cd /etc/claude-code && ls -R . && test -r /etc/passwd && echo written > managed-settings.d/new")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [".:", "managed-settings.d", "./managed-settings.d:", "30-x.json"]
    assert sorted(os.listdir(managed)) == ["30-x.json", "new"]
    assert os.path.lexists("/etc/claude-code") == before
    assert os.listdir(scratch) == []
