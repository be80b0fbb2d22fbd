"""What differs between two runs of the suite, and how the page tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .isolation import Verdict, Verdicts, played, section
from .surroundings import ALL, Lacking, Surroundings

PASSED = Verdict("passed", ("a::b::X-01[one]",))
FAILED = Verdict("failed", ("a::b::X-01[one]",), "it\nbroke")
FEWER = Verdict("passed", ())


def test_the_same_has_no_differences() -> None:
    """A message names the places of its run, and does not count."""
    elsewhere = Verdict("failed", FAILED.checks, "it broke elsewhere")
    one, other = (Verdicts("partial", 0, {"X-01": PASSED, "X-02": failed}) for failed in (FAILED, elsewhere))
    assert one.differences(other) == []


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (Verdicts("conformant", 0, {"X-01": FAILED}), "X-01: passed became failed (it broke)"),
        (Verdicts("conformant", 0, {"X-01": FEWER}), "X-01: not the same checks: a::b::X-01[one]"),
        (Verdicts("conformant", 0, {}), "X-01: not checked"),
        (Verdicts("conformant", 0, {"X-01": PASSED, "X-02": PASSED}), "X-02: also checked"),
        (Verdicts("incomplete", 1, {"X-01": PASSED}), "outcome: conformant (0) became incomplete (1)"),
        (Verdicts("conformant", 3, {"X-01": PASSED}), "outcome: conformant (0) became conformant (3)"),
    ],
)
def test_each_difference_is_a_line(other: Verdicts, told: str) -> None:
    [line] = Verdicts("conformant", 0, {"X-01": PASSED}).differences(other)
    assert line == told


def test_a_plug_in_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Lacking, match=r"not installed: no_such_plug_in \(`tox -e plugins` has them all\)"):
        played(Surroundings("beside another", plugins=("no_such_plug_in",)), (), tmp_path)


def test_a_run_that_reports_nothing_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"no report-1\.json from status 4"):
        played(Surroundings("with an option that nobody knows", ("--no-such-option",)), (), tmp_path)


def test_the_section_tells_what_was_played_and_what_differed() -> None:
    surroundings = [
        {"name": "one", "told": ALL["umask-077"].told, "differences": []},
        {"name": "two", "told": ALL["xdist"].told, "differences": ["X-01: ('passed') became ('failed')"]},
        {"name": "three", "told": "with a|b", "lacking": "no a|b here"},
    ]
    results = {"profiles": {"core": {"requirements": 5, "checks": 9, "surroundings": surroundings}}}
    text = "\n".join(section(results))
    assert "* `core` (5 requirements, 9 checks): the same verdicts in 1 of 2 surroundings" in text
    assert "| under `umask 077` | the same |" in text
    assert "| in two processes (`-n 2`) | X-01: ('passed') became ('failed') |" in text
    assert "| with a&#124;b | not played: no a&#124;b here |" in text
