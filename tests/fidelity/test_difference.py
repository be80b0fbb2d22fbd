from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.fidelity.difference import ABSENT, Difference, differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert differences(value, value) == []


@given(JSON, JSON)
def test_what_differs_is_told(one: Any, other: Any) -> None:
    assert bool(differences({"x": one}, {"x": other})) == (one != other)


@pytest.mark.parametrize(
    ("fake", "real", "places"),
    [
        ({"exit": 0}, {"exit": 1}, ["exit"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a/c"]),
        ({"frames": [{"t": 1}, {"t": 2}]}, {"frames": [{"t": 1}, {"t": 3}]}, ["frames/1/t"]),
        ({"frames": [1]}, {"frames": [1, 2]}, ["frames"]),
        ({"files": {}}, {"files": {"x": "file 600", "y": "file 644"}}, ["files/x", "files/y"]),
    ],
)
def test_a_difference_is_as_deep_as_both_have_the_same_shape(fake: Any, real: Any, places: list[str]) -> None:
    assert [difference.place for difference in differences(fake, real)] == places


def test_one_value_is_shown_in_a_line_each() -> None:
    told = str(Difference("resume/exit", 0, 1))
    assert told == "resume/exit:\n  - fake: 0\n  + real: 1"


def test_lists_are_shown_as_a_diff() -> None:
    told = str(Difference("resume/kinds", ["system/init"], ["system/init", "result/success"]))
    assert told.splitlines()[1:] == ["  --- fake", "  +++ real", '   "system/init"', '  +"result/success"']


def test_what_one_side_has_not_is_shown_as_nothing() -> None:
    assert "+ real: (nothing)" in str(Difference("resume/stderr", "x", ABSENT))
