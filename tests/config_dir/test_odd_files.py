from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import ODD_FILES, ConfigDir, snapshot

KINDS = {
    "directory": stat.S_ISDIR,
    "fifo": stat.S_ISFIFO,
    "socket": stat.S_ISSOCK,
    "link_outside": stat.S_ISLNK,
    "dangling_link": stat.S_ISLNK,
    "link_loop": stat.S_ISLNK,
}


def test_every_kind_is_tried() -> None:
    assert set(KINDS) == set(ODD_FILES)


@pytest.mark.parametrize("kind", ODD_FILES)
def test_it_takes_the_transcripts_place(config_dir: ConfigDir, kind: str) -> None:
    made = config_dir.add_conversation()
    here = os.getcwd()
    config_dir.damage(made, kind)
    assert KINDS[kind](os.lstat(made.path).st_mode)
    assert os.getcwd() == here
    assert config_dir.transcripts() == []
    assert made.path.name in snapshot(made.path.parent)


@pytest.mark.parametrize("kind", ODD_FILES)
def test_one_takes_anothers_place(config_dir: ConfigDir, kind: str) -> None:
    path = config_dir.transcript_path("0" * 8 + "-0000-4000-8000-" + "0" * 12)
    for each in ("directory", kind, kind):
        config_dir.damage(path, each)
    assert KINDS[kind](os.lstat(path).st_mode)


def test_a_link_out_of_the_tree_points_to_the_transcript(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation(turns=["hello"])
    data = made.path.read_bytes()
    outside = config_dir.damage(made, "link_outside")
    assert config_dir.path not in outside.parents
    assert outside.read_bytes() == data
    assert made.path.resolve() == outside
    config_dir.damage(made, "link_outside")
    assert outside.read_bytes() == data


def test_links_that_lead_nowhere(config_dir: ConfigDir) -> None:
    for kind in ("dangling_link", "link_loop"):
        path = config_dir.damage(config_dir.add_conversation(), kind)
        assert not path.exists()


def test_a_socket_fits_where_the_path_is_too_long_for_one(tmp_path: Path) -> None:
    config_dir = ConfigDir(tmp_path / ("x" * 120), cwd="/work").create()
    made = config_dir.add_conversation()
    assert stat.S_ISSOCK(os.lstat(config_dir.damage(made, "socket")).st_mode)
