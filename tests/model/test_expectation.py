"""The model by itself: which ids a key may give, as time passes and steps back."""

from __future__ import annotations

import pytest

from pytest_claude_sessions.model.expectation import DAY_MS, Expectation
from pytest_claude_sessions.model.story import Story, shown

NOW = 1_700_000_000_000
HOUR = 3_600_000
ID = "0b7c2f52-6a53-4c1e-8f0d-3f2f6f1f9a10"


@pytest.fixture
def expect() -> Expectation:
    """A model in which an id was stored for 'alpha' just now."""
    made = Expectation(ages=True)
    made.stored("alpha", ID, NOW, NOW, law="STO-01", place_known=False)
    return made


def test_unknown_key_gives_none(expect: Expectation) -> None:
    assert expect.offered("beta", NOW) == ({None}, "STO-01")


@pytest.mark.parametrize(("age", "offered"), [(0, ID), (HOUR, ID), (DAY_MS, ID), (DAY_MS + 1, None), (25 * HOUR, None)])
def test_id_is_offered_up_to_the_limit(expect: Expectation, age: int, offered: str | None) -> None:
    assert expect.offered("alpha", NOW + age)[0] == {offered}


def test_nothing_ages_without_the_capability() -> None:
    made = Expectation(ages=False)
    made.stored("alpha", ID, NOW, NOW, law="STO-01", place_known=False)
    assert made.offered("alpha", NOW + 100 * DAY_MS)[0] == {ID}


def test_clock_that_stepped_back_leaves_the_age_open_until_the_key_is_looked_at(expect: Expectation) -> None:
    back = NOW - 48 * HOUR
    expect.called(back)
    assert expect.offered("alpha", back)[0] == {ID}
    assert expect.offered("alpha", back + 25 * HOUR)[0] == {ID, None}
    expect.looked_at(expect.rows["alpha"], back)
    assert expect.offered("alpha", back + 25 * HOUR) == ({None}, "TTL-12")


def test_start_removes_stale_rows_for_good(expect: Expectation) -> None:
    expect.started(NOW + 25 * HOUR)
    assert expect.offered("alpha", NOW) == ({None}, "TTL-08")


def test_sweep_counts_what_is_certainly_and_what_is_perhaps_stale(expect: Expectation) -> None:
    expect.stored("beta", ID, NOW + 2 * HOUR, NOW + 2 * HOUR, law="STO-01", place_known=False)
    expect.stored("gamma", ID, NOW - HOUR, NOW + 2 * HOUR, law="STO-01", place_known=False)
    assert expect.swept(NOW + 25 * HOUR) == (1, 2)
    assert expect.swept(NOW + 25 * HOUR) == (0, 1)


def test_rows_of_another_config_dir_are_not_offered(expect: Expectation) -> None:
    expect.current = "other"
    assert expect.offered("alpha", NOW) == ({None}, "STO-13")
    expect.current = ""
    assert expect.offered("alpha", NOW)[0] == {ID}


def test_story_names_ids_and_leaves_the_root_out(tmp_path) -> None:
    story = Story(tmp_path)
    story.say(f"{ID} is in {tmp_path}/work")
    story.add(f"read: {ID}, not {ID.replace('0', '1')}")
    assert story.lines == ("id-1 is in work -> read: id-1, not id-2",)


def test_long_and_odd_keys_are_shown_short() -> None:
    assert shown("alpha") == "'alpha'"
    assert shown("k" * 10_000) == "'kkkkkkkkkkkkkkk...kkkkk' (10000 characters)"
    assert shown("a\x01") == "'a\\x01'"
