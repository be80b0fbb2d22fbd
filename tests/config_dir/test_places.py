from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import NEWEST, Release, UnknownRelease
from pytest_claude_sessions.config_dir import ConfigDir


def test_what_goes_with_it_lies_beside_it(tmp_path: Path) -> None:
    config_dir = ConfigDir(tmp_path / "claude")
    assert (config_dir.home, config_dir.cwd) == (tmp_path / "home", tmp_path / "work")
    assert config_dir.env == {"CLAUDE_CONFIG_DIR": str(tmp_path / "claude"), "HOME": str(tmp_path / "home")}
    assert os.fspath(config_dir) == str(tmp_path / "claude")
    assert list(tmp_path.iterdir()) == []


def test_the_release_is_the_newest_unless_said() -> None:
    assert ConfigDir("/c").release.version == NEWEST
    assert ConfigDir("/c", "2.0.0").release.version == "2.0.0"
    assert ConfigDir("/c", Release.of("1.0.31")).release.version == "1.0.31"
    with pytest.raises(UnknownRelease):
        ConfigDir("/c", "new")
    assert repr(ConfigDir("/c", "2.0.0")) == "ConfigDir('/c', '2.0.0')"


@pytest.mark.parametrize(
    ("cwd", "name"),
    [
        ("/a/b", "-a-b"),
        ("/a-b.c_d e@f", "-a-b-c-d-e-f"),
        ("/caf\u00e9", "-caf-"),
        ("/\U0001f600", "---"),  # one for each UTF-16 unit
        ("/", "-"),
    ],
)
def test_a_project_is_named_by_its_encoded_cwd(cwd: str, name: str) -> None:
    assert ConfigDir("/c").project_dir(cwd) == Path("/c/projects") / name
    assert ConfigDir("/c").transcript_path("id", cwd) == Path("/c/projects") / name / "id.jsonl"


def test_long_names_are_cut_where_the_release_can() -> None:
    cwd = "/" + "a/" * 150
    assert len(ConfigDir("/c", "2.1.329").project_dir(cwd).name) < 210
    assert len(ConfigDir("/c", "2.0.0").project_dir(cwd).name) == 300


def test_links_in_a_cwd_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    config_dir = ConfigDir(tmp_path / "claude")
    assert config_dir.project_dir(tmp_path / "link") == config_dir.project_dir(tmp_path / "real")
    assert config_dir.real_cwd(tmp_path / "link") == os.path.realpath(tmp_path / "real")
    assert config_dir.real_cwd() == os.path.realpath(tmp_path / "work")
