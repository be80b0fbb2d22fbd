from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.config_dir import NaiveTime, instant

ZONES = st.timedeltas(min_value=dt.timedelta(hours=-14), max_value=dt.timedelta(hours=14)).map(
    lambda delta: dt.timezone(dt.timedelta(minutes=delta // dt.timedelta(minutes=1)))
)


def test_milliseconds_count_from_1970() -> None:
    assert instant.epoch_ms(dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))) == 0
    assert instant.epoch_ms(dt.datetime(2026, 11, 21, 3, 32, 54, 966_999, tzinfo=dt.UTC)) == 1795231974966


@given(st.datetimes(min_value=dt.datetime(1971, 1, 1), timezones=ZONES))
def test_milliseconds_and_back(moment: dt.datetime) -> None:
    back = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=instant.epoch_ms(moment))
    assert dt.timedelta(0) <= moment - back < dt.timedelta(milliseconds=1)
    assert back == instant.whole_ms(moment)


def test_a_time_without_a_zone_is_refused_with_the_remedy() -> None:
    with pytest.raises(NaiveTime, match="tzinfo"):
        instant.epoch_ms(dt.datetime(2026, 1, 1))


def test_the_present_is_whole_milliseconds_in_utc() -> None:
    now = instant.now()
    assert now.tzinfo is dt.UTC
    assert now.microsecond % 1000 == 0
    assert abs(now - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_the_present_can_be_frozen() -> None:
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2025-02-03 04:05:06.789"):
        assert instant.now() == dt.datetime(2025, 2, 3, 4, 5, 6, 789_000, tzinfo=dt.UTC)
