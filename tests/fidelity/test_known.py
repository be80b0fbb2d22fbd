"""Known differences: data, each with a reason, and none that no longer occurs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from pytest_claude_sessions.claude.release import parse_version
from pytest_claude_sessions.fidelity.difference import Difference
from pytest_claude_sessions.fidelity.known import BadKnown, read_known, sort_out
from pytest_claude_sessions.fidelity.results import read_results
from pytest_claude_sessions.fidelity.scenario import scenarios

from .conftest import RESULTS

ENTRY: dict[str, Any] = {
    "name": "a race",
    "scenarios": ["sig*"],
    "since": "2.0.77",
    "until": "2.1.50",
    "places": ["*/records/*"],
    "reason": "it is one",
}


def test_a_known_difference_explains_what_it_covers_and_nothing_else() -> None:
    known = read_known([ENTRY])
    covered = Difference("signal/records/x", 1, 2)
    other = Difference("signal/exit", 0, 1)
    told = sort_out("sigint_during", "2.1.0", [covered, other], known)
    assert (told.unexplained, told.met, told.stale) == ((other,), known, ())


@pytest.mark.parametrize(
    ("scenario", "release"), [("fresh", "2.1.0"), ("sigint_during", "2.0.0"), ("sigint_during", "2.1.51")]
)
def test_it_is_about_its_scenarios_and_releases_alone(scenario: str, release: str) -> None:
    difference = Difference("signal/records/x", 1, 2)
    told = sort_out(scenario, release, [difference], read_known([ENTRY]))
    assert (told.unexplained, told.met, told.stale) == ((difference,), (), ())


@pytest.mark.parametrize(("sometimes", "stale"), [(False, 1), (True, 0)])
def test_one_that_does_not_occur_is_stale_unless_it_is_a_race(sometimes: bool, stale: int) -> None:
    told = sort_out("sigint_during", "2.1.0", [], read_known([{**ENTRY, "sometimes": sometimes}]))
    assert len(told.stale) == stale


@pytest.mark.parametrize("change", [{"reason": ""}, {"places": []}, {"sinse": "1.0.0"}, {"name": None}])
def test_an_entry_that_says_too_little_or_too_much_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadKnown, match="known difference"):
        read_known([{**ENTRY, **change}])


def test_every_known_difference_is_about_a_scenario_and_was_met() -> None:
    """A race is never stale in one run, so here is where it shows that it no longer occurs at all."""
    rows = read_results(RESULTS)
    met = {name for row in rows.values() for name in row["met"]}
    known = read_known()
    assert [one.name for one in known if one.name not in met] == []
    assert len({one.name for one in known}) == len(known)
    for one in known:
        for pattern in one.scenarios:
            assert any(fnmatchcase(name, pattern) for name in scenarios()), f"{one.name}: {pattern}"


def test_the_recorded_rows_leave_nothing_unexplained() -> None:
    rows = read_results(RESULTS)
    assert list(rows) == sorted(rows, key=parse_version)
    left = {
        f"{release} {name}": entry
        for release, row in rows.items()
        for name, entry in row["scenarios"].items()
        if entry["outcome"] not in ("same", "known", "could-not-run")
    }
    assert left == {}
