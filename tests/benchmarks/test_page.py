"""docs/performance.md says what the data in benchmarks/results/ say, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.page import DOCS, PAGE, PLOTS, files, write
from benchmarks.result import RESULTS, Growth, Row, compared, save

from .test_result import RUN, row

COMPLETE = {**RUN, "commit": "abc1234", "python": "3.11"}


def test_page_and_plots_are_those_of_the_data() -> None:
    made = files()
    for name, text in made.items():
        assert (DOCS / name).read_text("utf-8") == text, f"{name} is stale: python -m benchmarks --page"
    assert {f"{PLOTS}/{path.name}" for path in (DOCS / PLOTS).iterdir()} == set(made) - {PAGE}


def test_every_row_is_on_the_page() -> None:
    from benchmarks.command import ROWS

    assert {path.stem for path in RESULTS.glob("*.json")} == set(ROWS)


def test_nothing_of_the_machine_is_in_data_or_profiles() -> None:
    for path in RESULTS.rglob("*"):
        if path.is_file():
            assert not re.search(r"/(?:home|root|work|tmp)/(?!me/)", path.read_text("utf-8")), path


def test_a_missed_bar_a_short_run_and_unexplained_growth_are_written_out(tmp_path: Path) -> None:
    results, docs = tmp_path / "results", tmp_path / "docs"
    missed = compared("slow", "quick", [5.0], [1.0], bar=2.0, commands=("a", "b"))
    faster = compared("quick", "slow", [1.0], [30.0], bar=1 / 15, commands=("a", "b"))
    steep = Growth("steep", "files", (1, 10, 100), (1.0, 100.0, 10_000.0))
    told = Growth("told", "files", (1, 10, 100), (1.0, 100.0, 10_000.0), why="it sorts")
    save(Row("b", "B", comparisons=(missed, faster), growth=(steep, told)), {**COMPLETE, "short": True}, results)
    written = {path.name: path.read_text() for path in write(results, docs)}
    page = written[PAGE]
    assert "| slow | quick | at most 2 times | 5 times | **missed** (short run) |" in page
    assert "| quick | slow | at least 15 times faster | 30 times faster | met (short run) |" in page
    assert "* steep: **not explained yet**" in page
    assert "* told: it sorts" in page
    assert "2.00" in page
    for name, text in written.items():
        if name.endswith(".svg"):
            ElementTree.fromstring(text)
            assert f"({PLOTS}/{name})" in page
    assert "missed" in written["bars.svg"]


def test_busy_machine_is_told(tmp_path: Path) -> None:
    found = compared("x", "y", [1.0], [1.0], bar=2.0, commands=("a", "b"))
    for load, told in ((2.0, "| met |"), (3.5, "| met (busy machine) |")):
        save(Row("a", "A", comparisons=(found,)), {**COMPLETE, "load": load, "cores": 2}, tmp_path)
        assert told in files(tmp_path)[PAGE]


def test_plots_that_are_no_longer_made_are_removed(tmp_path: Path) -> None:
    results, docs = tmp_path / "results", tmp_path / "docs"
    save(row(), COMPLETE, results)
    write(results, docs)
    assert (docs / PLOTS / "a-growth.svg").exists()
    save(Row("a", "A row"), COMPLETE, results)
    write(results, docs)
    assert list((docs / PLOTS).iterdir()) == []


def test_names_are_escaped_where_they_are_shown(tmp_path: Path) -> None:
    odd = compared("a | b < c & d", "<e>", [1.0], [1.0], bar=1.0, commands=("x | y", "z"))
    save(Row("a", "A < B", comparisons=(odd,), beside={"<x> & y": 1.0}), COMPLETE, tmp_path / "results")
    made = files(tmp_path / "results")
    assert "| a \\| b &lt; c & d | &lt;e>" in made[PAGE]
    for name in made.keys() - {PAGE}:
        ElementTree.fromstring(made[name])
