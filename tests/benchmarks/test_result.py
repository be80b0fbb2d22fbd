"""A row is kept as data and read back the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.result import Growth, Limit, Row, compared, load, save

RUN = {"command": "python -m benchmarks a", "short": False, "at": "2026-11-21", "seconds": 3, "load": 0.1, "cores": 2}


def row() -> Row:
    return Row(
        "a",
        "A row",
        comparisons=(compared("ours", "theirs", [1.0, 2.0, 9.0], [1.0, 1.0, 3.0], bar=2.0, commands=("x", "y | z")),),
        limits=(Limit("memory", 3.0, "MiB", 2),),
        growth=(Growth("time", "files", (1, 10), (0.1, 0.2), (5.0, 6.0)),),
        beside={"ours": 0.5},
        notes=("a note",),
    )


def test_it_is_the_same_after_it_was_kept(tmp_path: Path) -> None:
    found, run = load(save(row(), RUN, tmp_path))
    assert found == row()
    assert run == RUN


def test_ratio_is_the_median_of_the_rounds_own() -> None:
    """A slow round that hits both sides alike does not count."""
    found = compared("x", "y", [1.0, 100.0, 1.2], [1.0, 100.0, 1.0], bar=1.1, commands=("", ""))
    assert found.ratio == 1.0
    assert found.met
    assert (found.ours_s, found.theirs_s, found.rounds) == (1.2, 1.0, 3)


@pytest.mark.parametrize(("value", "bar", "met"), [(1, 1, True), (1.01, 1, False), (99, None, True)])
def test_limit(value: float, bar: float | None, met: bool) -> None:
    assert Limit("x", value, "MiB", bar).met is met
