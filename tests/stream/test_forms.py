"""The table of what only a connection shows: whole, in order, and read as releases.json is."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from pytest_claude_sessions.claude.release import OBSERVED, Release, parse_version
from pytest_claude_sessions.stream.forms import forms_of

TABLE = json.loads(files("pytest_claude_sessions.stream").joinpath("forms.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("facet", TABLE)
def test_entries_stand_in_order_and_say_where_they_were_seen(facet: str) -> None:
    entries = TABLE[facet]
    since = [parse_version(entry["since"]) for entry in entries]
    assert since == sorted(set(since))
    assert all(set(entry) == {"since", "value", "observed"} for entry in entries)
    for number, entry in enumerate(entries):
        following = since[number + 1] if number + 1 < len(since) else (9,)
        assert all(
            release in OBSERVED and since[number] <= parse_version(release) < following for release in entry["observed"]
        )


def test_a_release_between_two_is_the_older_one() -> None:
    between, older, newer = (forms_of(Release.of(version)) for version in ("2.1.111", "2.1.50", "2.1.112"))
    assert between["user"] == older["user"] != newer["user"]
    assert forms_of(Release.of("9.0.0")) == forms_of(Release.of("2.1.329"))


def test_a_request_is_unknown_before_its_release() -> None:
    assert "control:get_context_usage" not in forms_of(Release.of("2.1.50"))
    assert "control:get_context_usage" in forms_of(Release.of("2.1.112"))
