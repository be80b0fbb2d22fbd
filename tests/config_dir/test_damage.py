from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.conversation import load
from pytest_claude_sessions.claude.release import NEWEST, Release, UnknownRelease
from pytest_claude_sessions.config_dir import (
    DAMAGES,
    ODD_FILES,
    ConfigDir,
    Damage,
    UnknownDamage,
    fatal_damages,
    harmless_damages,
)
from pytest_claude_sessions.config_dir.damage import damage_of


def names(damages: tuple[Damage, ...]) -> set[str]:
    return {damage.name for damage in damages}


def test_what_the_requirements_call_valid_is_harmless_everywhere(any_release: str) -> None:
    """QUA-04 and QUA-06, as measured."""
    listed = {"no_final_newline", "nested_session_id_first", "crlf", "blank_lines", "unknown_record_types"}
    assert listed | {"torn_last_line"} <= names(harmless_damages(any_release))


def test_what_the_requirements_call_refused_is_fatal_everywhere(any_release: str) -> None:
    """QUA-05, as measured."""
    listed = {"empty", "white_space", "garbage", "bookkeeping_only", "no_user_turn", "all_torn"}
    assert listed <= names(fatal_damages(any_release))


def test_releases_differ() -> None:
    assert DAMAGES["sidechain_only"].outcome_in("2.0.0") == "whole"
    assert DAMAGES["sidechain_only"].outcome_in("2.0.77") == "refused"
    assert DAMAGES["not_objects"].outcome_in("2.1.160") == "failed"
    assert DAMAGES["byte_order_mark"].outcome_in("2.0.0") == "cut"
    assert DAMAGES["no_user_turn"].outcome_in("2.1.160") == "refused"
    assert DAMAGES["no_user_turn"].outcome_in("2.1.329") == "lost"


@pytest.mark.parametrize(
    ("asked", "measured"),
    [("0.9.0", "1.0.0"), ("2.0.76", "2.0.0"), ("2.1.120", "2.1.114"), ("9.0.0", NEWEST)],
)
def test_a_release_that_was_not_measured_does_as_the_one_before(asked: str, measured: str) -> None:
    for damage in DAMAGES.values():
        assert damage.outcome_in(asked) == damage.outcome_in(measured)
        assert damage.outcome_in(Release.of(asked)) == damage.outcome_in(measured)


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownRelease):
        DAMAGES["empty"].fatal_in("newest")


def test_a_damage_is_harmless_fatal_or_in_between() -> None:
    between = set(DAMAGES) - names(harmless_damages()) - names(fatal_damages())
    assert between == {"nul_block", "replies_only"}
    assert not names(harmless_damages()) & names(fatal_damages())
    assert {damage.name for damage in DAMAGES.values() if damage.fatal} == names(fatal_damages())


@pytest.mark.parametrize("name", DAMAGES)
def test_a_file_is_damaged_in_place(config_dir: ConfigDir, name: str) -> None:
    path = config_dir.add_conversation(turns=2).path
    before, data = path.stat(), path.read_bytes()
    assert config_dir.damage(path, name) == path
    after = path.stat()
    assert path.read_bytes() == DAMAGES[name].mutate(data, path.stem) != data
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
    )
    assert os.listdir(path.parent) == [path.name]


def test_a_damage_can_be_given_itself(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation()
    config_dir.damage(made, DAMAGES["empty"])
    assert made.path.read_bytes() == b""


def test_an_unknown_damage_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownDamage, match="torn_last_line") as caught:
        damage_of("no_such_damage")
    assert "fifo" in str(caught.value)
    assert not set(DAMAGES) & set(ODD_FILES)


# The fake does not trip over a `null` line as 2.1.50 to 2.1.160 do.
KINDER_IN_THE_FAKE = {"not_objects"}


@pytest.mark.parametrize("turns", [1, 2])
def test_the_fake_reads_damage_as_was_measured(tmp_path: Path, any_release: str, turns: int) -> None:
    """Whether the conversation goes on, for each damage and release: the fake's reader against the table."""
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    goes_on: dict[str, bool] = {}
    for name in DAMAGES:
        made = config_dir.add_conversation(turns=turns)
        config_dir.damage(made, name)
        read = load(str(made.path), config_dir.release)
        goes_on[name] = read.resumable and bool(read.messages)
    expected = {name: not damage.fatal_in(any_release) for name, damage in DAMAGES.items()}
    assert {name for name in DAMAGES if goes_on[name] != expected[name]} <= KINDER_IN_THE_FAKE
