from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.claude.forms import MissingValue, fill, is_uuid, iso_time, new_uuid


def test_names_are_replaced_at_any_depth_and_keys_keep_their_order() -> None:
    form = {"b": "$x", "a": [{"c": "$y"}, "plain", 3, None], "$x": True}
    filled = fill(form, {"x": "X", "y": [1]})
    assert filled == {"b": "X", "a": [{"c": [1]}, "plain", 3, None], "X": True}
    assert list(filled) == ["b", "a", "X"]


def test_a_question_mark_drops_a_key_without_a_value() -> None:
    form = {"?error": "$error", "?status": "$status"}
    assert fill(form, {"error": None, "status": 429}) == {"status": 429}


def test_each_uuid_is_new_unless_it_is_given() -> None:
    one, other = fill(["$uuid", "$uuid"], {})
    assert one != other
    assert fill("$uuid", {"uuid": "given"}) == "given"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(MissingValue, match=r"\$nobody.*x, y"):
        fill({"a": "$nobody"}, {"x": 1, "y": 2})


def test_new_uuids_are_of_version_4() -> None:
    for _ in range(50):
        made = uuid.UUID(new_uuid())
        assert made.version == 4
        assert made.variant == uuid.RFC_4122


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)))
def test_time_stamps_have_milliseconds(instant: datetime) -> None:
    instant = instant.replace(microsecond=instant.microsecond // 1000 * 1000, tzinfo=UTC)
    text = iso_time(instant.timestamp())
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == instant


@given(st.uuids())
def test_uuids_are_known_in_either_case(value: uuid.UUID) -> None:
    assert is_uuid(str(value))
    assert is_uuid(str(value).upper())
    assert not is_uuid(value.hex)
    assert not is_uuid(f"{{{value}}}")


@pytest.mark.parametrize("text", ["", "notauuid", "11111111-1111-4111-8111-11111111111g", "-" * 36])
def test_other_text_is_no_uuid(text: str) -> None:
    assert not is_uuid(text)
