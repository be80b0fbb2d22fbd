"""`--claude-artifacts`: the world of a failed check is kept, its secrets are not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_claude_sessions.report import artifacts
from pytest_claude_sessions.report.artifacts import keep, tell
from tests.suite.managers import LITTLE_STORE

MANAGERS = (
    LITTLE_STORE
    + """
class Forgetful:
    capabilities = {"store"}

    def __init__(self, environment):
        self.environment = environment
        (environment.state_dir / "notes.txt").write_text("the key is correct-horse-battery")

    def get_session(self, key):
        return None

    def set_session(self, key, session_id):
        pass

class Litters(Store):
    def __init__(self, environment):
        super().__init__(environment)
        (environment.state_dir.parent / "litter").write_text("left behind")
"""
)


def run(pytester: pytest.Pytester, manager: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(managers=MANAGERS)
    return pytester.runpytest_subprocess(
        "--claude-conformance",
        f"--claude-manager=managers:{manager}",
        "--claude-requirement=STO-01",
        "--claude-artifacts=kept",
        *options,
    )


def test_failed_check_leaves_its_world_journal_calls_and_text(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "correct-horse-battery")
    result = run(pytester, "Forgetful", "--claude-report=report.json")
    place = next(pytester.path.joinpath("kept").glob("STO-01-*"))
    assert str(place) in "".join(line.removeprefix(" " * 13) for line in result.outlines)
    assert (place / "failure.txt").read_text().startswith("STO-01 (must): ")
    assert (place / "tree" / "state" / "notes.txt").read_text() == "the key is ***"
    calls = [json.loads(line) for line in (place / "calls.jsonl").read_text().splitlines()]
    assert {call["method"] for call in calls} >= {"set_session", "get_session"}
    assert all("answer" in call for call in calls)
    report = json.loads(pytester.path.joinpath("report.json").read_text())
    entry = next(entry for entry in report["requirements"] if entry["id"] == "STO-01")
    assert Path(entry["failures"][0]["artifacts"]).parent == pytester.path / "kept"


def test_what_is_charged_at_the_end_is_kept_too(pytester: pytest.Pytester) -> None:
    run(pytester, "Litters")
    places = list(pytester.path.joinpath("kept").glob("STO-01-*"))
    assert places
    assert (places[0] / "tree" / "litter").read_text() == "left behind"
    assert "left behind: litter" in (places[0] / "failure.txt").read_text()


def test_second_run_replaces_what_the_first_left(pytester: pytest.Pytester) -> None:
    run(pytester, "Forgetful")
    first = sorted(path.name for path in pytester.path.joinpath("kept").iterdir())
    run(pytester, "Forgetful")
    assert first
    assert sorted(path.name for path in pytester.path.joinpath("kept").iterdir()) == first


def test_nothing_is_kept_of_what_passes(pytester: pytest.Pytester) -> None:
    pytester.runpytest_subprocess(
        "--claude-conformance", "--claude-manager=reference", "--claude-requirement=STO-01", "--claude-artifacts=kept"
    ).assert_outcomes(passed=len(list_of_checks()))
    assert not pytester.path.joinpath("kept").exists()


def list_of_checks() -> list[str]:
    from pytest_claude_sessions.suite.check import checks_of

    return [name for check in checks_of("STO-01", "store") for name, _ in check.node_names()]


@pytest.mark.parametrize(("path", "message"), [("report.txt", "is not a directory")])
def test_place_that_is_a_file_is_refused(pytester: pytest.Pytester, path: str, message: str) -> None:
    pytester.path.joinpath(path).touch()
    result = run(pytester, "Forgetful", f"--claude-artifacts={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--claude-artifacts: {path} {message}" in result.stderr.str()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A world with things that no copy should follow or hold."""
    world = tmp_path / "world"
    (world / "config").mkdir(parents=True)
    (world / "claude").mkdir()
    (world / "claude" / "bin").write_text("the program")
    (world / "config" / ".credentials.json").write_text('{"x": "abc"}')
    (world / "config" / "large").write_bytes(b"a" * 50)
    (world / "config" / "link").symlink_to("/etc")
    os.mkfifo(world / "config" / "fifo")
    return world


def test_links_and_pipes_are_named_and_credentials_are_not_kept(world: Path, tmp_path: Path) -> None:
    place = keep(tmp_path / "kept", "STO-01[a/../b]", world, world / "no-journal", [])
    assert place.parent == tmp_path / "kept"
    assert sorted(path.name for path in (place / "tree" / "config").iterdir()) == [".credentials.json", "large"]
    assert (place / "tree" / "config" / ".credentials.json").read_text() == "***"
    assert not (place / "tree" / "claude").exists()
    left_out = (place / "left-out.txt").read_text()
    assert "config/link: a link to /etc" in left_out
    assert "config/fifo: no regular file" in left_out


def test_large_files_are_cut_and_large_trees_end(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LARGEST_FILE", 20)
    place = keep(tmp_path / "kept", "cut", world, world / "no-journal", [])
    assert (place / "tree" / "config" / "large").read_bytes() == b"a" * 20
    assert "config/large: 50 bytes, of which the first 20 were kept" in (place / "left-out.txt").read_text()
    monkeypatch.setattr(artifacts, "LARGEST_TREE", 15)
    place = keep(tmp_path / "kept", "ended", world, world / "no-journal", [])
    assert not (place / "tree" / "config" / "large").exists()
    assert "config/large: 50 bytes, the tree is large enough" in (place / "left-out.txt").read_text()


def test_directory_of_someone_else_is_left_alone(world: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "kept" / "STO-01"
    theirs.mkdir(parents=True)
    (theirs / "precious").write_text("data")
    place = keep(tmp_path / "kept", "STO-01", world, world / "no-journal", [])
    assert place.name == "STO-01-2"
    assert (theirs / "precious").read_text() == "data"
    tell(place, "it failed, sk-ant-abcdefgh12")
    assert (place / "failure.txt").read_text() == "it failed, ***\n"
