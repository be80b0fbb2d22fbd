from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.claude.layout import encode_cwd, project_dir, transcript_path
from pytest_claude_sessions.claude.release import Release


@pytest.mark.parametrize(
    ("cwd", "name"),
    [
        ("/home/user/repo", "-home-user-repo"),
        ("/a.b_c d@e+f", "-a-b-c-d-e-f"),
        ("/a/.b", "-a--b"),
        ("/ä", "--"),
        ("/漢字", "---"),
        ("/🎉", "---"),
        ("/\udcff", "--"),
    ],
)
def test_every_other_character_is_a_dash(cwd: str, name: str) -> None:
    assert encode_cwd(cwd, long_paths=True) == name


@given(st.text(st.characters(codec="utf-8"), max_size=150))
def test_one_dash_for_each_utf16_unit(text: str) -> None:
    name = encode_cwd("/" + text, long_paths=False)
    assert len(name) == 1 + len(text.encode("utf-16-le")) // 2
    assert re.fullmatch("[A-Za-z0-9-]*", name)


def test_a_long_name_is_cut_and_hashed() -> None:
    # Measured on 2.1.50, 2.1.112, 2.1.114, 2.1.160 and 2.1.329: the directory that each made for this path.
    cwd = "/tmp/w/cl/" + "/".join(f"abcdefghijklmnopqrstuvwxy{i}" for i in range(9))
    name = encode_cwd(cwd, long_paths=True)
    assert name == re.sub("[^A-Za-z0-9]", "-", cwd)[:200] + "-lrncj2"
    assert encode_cwd(cwd, long_paths=False) == re.sub("[^A-Za-z0-9]", "-", cwd)


def test_two_hundred_characters_are_not_long() -> None:
    assert encode_cwd("/" + "a" * 199, long_paths=True) == "-" + "a" * 199
    assert len(encode_cwd("/" + "a" * 200, long_paths=True)) > 201


def test_long_siblings_are_told_apart() -> None:
    one, other = (encode_cwd("/" + "a" * 250 + end, long_paths=True) for end in ("x", "y"))
    assert one[:200] == other[:200]
    assert one != other


def test_a_transcript_is_in_the_project_of_its_cwd() -> None:
    release = Release.of("2.1.112")
    assert project_dir("/c", "/a/b", release) == "/c/projects/-a-b"
    assert transcript_path("/c", "/a/b", "id", release) == "/c/projects/-a-b/id.jsonl"


def test_the_release_says_whether_long_names_are_cut() -> None:
    cwd = "/" + "a" * 230
    assert project_dir("/c", cwd, Release.of("2.1.0")) == "/c/projects/-" + "a" * 230
    assert project_dir("/c", cwd, Release.of("2.1.50")).startswith("/c/projects/-" + "a" * 199 + "-")
