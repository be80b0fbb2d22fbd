from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.claude import release as module
from pytest_claude_sessions.claude.release import NEWEST, OBSERVED, Release, UnknownRelease, parse_version

TABLE = json.loads((Path(module.__file__).parent / "releases.json").read_text())


def test_observed_releases_are_in_order_and_end_with_the_newest() -> None:
    assert [parse_version(v) for v in OBSERVED] == sorted(parse_version(v) for v in OBSERVED)
    assert OBSERVED[-1] == NEWEST


@pytest.mark.parametrize("facet", TABLE)
def test_entries_are_ordered_told_apart_and_observed(facet: str) -> None:
    entries = TABLE[facet]
    since = [parse_version(entry["since"]) for entry in entries]
    assert since == sorted(set(since))
    assert set(entries[0]) == {"since", "value", "observed"}
    for entry, following in pairwise(entries):
        assert entry["value"] != following["value"]
    for entry in entries:
        assert entry["observed"], f"{facet} since {entry['since']} has no evidence"
        assert entry["observed"][0] == entry["since"]
        assert set(entry["observed"]) <= set(OBSERVED)


def test_every_form_of_a_turn_is_there() -> None:
    for version in OBSERVED:
        behaviour = Release.of(version).behaviour
        for plan in ("turn_first", "turn_later"):
            for name in behaviour[plan]["prompt"] + behaviour[plan]["answer"]:
                assert behaviour[f"record:{name}"], f"{version}: {name}"


@pytest.mark.parametrize(
    ("version", "like"),
    [
        ("2.1.113", "2.1.112"),
        ("2.1.51", "2.1.50"),
        ("2.0.76", "2.0.0"),
        ("1.0.97", "1.0.31"),
        ("0.2.9", "1.0.0"),
        ("9.9.9", NEWEST),
    ],
)
def test_a_version_between_two_behaves_as_the_older_one(version: str, like: str) -> None:
    made = Release.of(version)
    assert made.version == version
    assert made.behaviour == Release.of(like).behaviour


def test_neighbours_differ() -> None:
    assert Release.of("2.1.49").behaviour != Release.of("2.1.50").behaviour


@given(st.tuples(*[st.integers(0, 999)] * 3), st.tuples(*[st.integers(0, 999)] * 3))
def test_versions_compare_as_numbers(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (one, other)]
    assert (parse_version(texts[0]) < parse_version(texts[1])) == (one < other)


@pytest.mark.parametrize("text", ["", "2.1", "2.1.x", "v2.1.50", "2.1.50.1", "newest", "2.1.-3", "2.1.٣"])
def test_what_is_no_version_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(UnknownRelease) as caught:
        Release.of(text)
    assert caught.value.given == text
    assert caught.value.nearest in OBSERVED
    assert caught.value.nearest in str(caught.value)


def test_the_nearest_shares_the_longest_beginning() -> None:
    assert UnknownRelease("2.1.11x").nearest in ("2.1.112", "2.1.114")
    assert UnknownRelease("2.0.x").nearest.startswith("2.0.")
