from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pytest_claude_sessions.claude.api_errors import NAMES, ApiError, reset_time
from pytest_claude_sessions.claude.release import OBSERVED, Release


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(day: int, hour: int, minute: int = 0) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("zone", "resets", "text"),
    [
        ("UTC", at(21, 6), "6am (UTC)"),
        ("UTC", at(21, 6, 16), "6:16am (UTC)"),
        ("UTC", at(21, 0), "12am (UTC)"),
        ("UTC", at(21, 12, 5), "12:05pm (UTC)"),
        ("UTC", at(21, 23, 59), "11:59pm (UTC)"),
        ("UTC", at(24, 6), "Nov 24, 6am (UTC)"),
        ("Asia/Shanghai", at(21, 8, 50), "4:50pm (Asia/Shanghai)"),
        ("Europe/Dublin", at(21, 15), "3pm (Europe/Dublin)"),
    ],
    indirect=["zone"],
)
def test_reset_times_as_the_program_words_them(zone: None, resets: float, text: str) -> None:
    # "6am (UTC)" and "Nov 24, 6am (UTC)" were measured; the zones are those of public reports.
    assert reset_time(resets, at(21, 3)) == text


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.0.98", "Spending cap reached resets 6am"),
        ("1.0.128", "Spending cap reached resets 6am"),
        ("2.0.77", "You've hit your limit · resets 6am (UTC)"),
        ("2.1.329", "You've hit your limit · resets 6am (UTC)"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
def test_a_usage_limit_in_each_wording(zone: None, version: str, text: str) -> None:
    made = ApiError("usage_limit", {"resets_at": at(21, 6)}, Release.of(version), at(21, 3))
    assert made.text == text


@pytest.mark.parametrize("version", OBSERVED)
@pytest.mark.parametrize("name", NAMES)
def test_no_placeholder_is_left(version: str, name: str) -> None:
    made = ApiError(name, {"resets_at": at(21, 6)}, Release.of(version), at(21, 3))
    assert "$" not in made.text
    assert "boom" not in made.text


def test_only_a_usage_limit_is_announced() -> None:
    release = Release.of("2.1.329")
    assert [name for name in NAMES if ApiError(name, {}, release, 0).event is not None] == ["usage_limit"]
