"""Tests of the kill matrix's data and page, and of the runs that both measurements make."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.strength.kill_matrix import DATA, PAGE, all_broken
from tests.strength.kill_matrix_page import LIMIT, page_of
from tests.strength.project_copy import make_copy, start_worker
from tests.strength.runs import Ran, Request, asked, requirement_of


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    if not sys.platform.startswith("linux"):
        pytest.skip("runs are followed by what /proc says")
    place = tmp_path_factory.mktemp("w")
    make_copy(place / "copy", None)
    (place / "s").mkdir()
    with start_worker(place / "copy", place / "s", "tests.broken.preload") as process:
        yield process


def verdicts(ran: Ran) -> list[str]:
    return [verdict for verdict, _, _ in ran.results.values()]


def test_a_run_tells_the_verdict_of_each_item(worker: object) -> None:
    ran = asked(worker, Request("reference", requirements=["STO-01"]))
    assert set(verdicts(ran)) == {"passed"}
    assert {requirement_of(name) for name in ran.results} == {"STO-01"}
    broken = asked(worker, Request("tests.broken.store:OneIdForAll", requirements=["STO-01", "STO-03"], stop=False))
    assert verdicts(broken).count("failed") > 1
    assert len(broken.results) > len(ran.results)


def test_a_run_is_of_the_items_asked_for_in_their_order_and_ends_at_the_first_that_fails(worker: object) -> None:
    names = list(asked(worker, Request("reference", requirements=["STO-03"])).results)[:4]
    ran = asked(worker, Request("reference", [names[2], names[0]]))
    assert list(ran.results) == [names[2], names[0]]
    broken = asked(worker, Request("tests.broken.constant:Raises", names))
    assert verdicts(broken) == ["failed"]


def test_a_run_is_ended_at_its_time(worker: object) -> None:
    ran = asked(worker, Request("tests.broken.constant:Hangs", requirements=["STO-01"], timeout_s=2))
    assert ran.end == "time-out"


def test_a_manager_that_does_not_start_is_told(worker: object) -> None:
    ran = asked(worker, Request("tests.broken.store:NoSuchManager"))
    assert ran.results == {}
    assert "NoSuchManager" in ran.output


def test_every_row_is_of_a_broken_manager_and_caught_for_its_reason() -> None:
    data = json.loads(DATA.read_text("utf-8"))
    known = {(b.requirement, b.spec.removeprefix("tests.broken."), b.subtle) for b in all_broken()}
    rows = {(row["requirement"], row["manager"], row["subtle"]) for row in data["rows"]}
    assert rows <= known
    assert [row for row in data["rows"] if not row["caught"] or not row["for_its_reason"]] == []


def test_constant_subjects_pass_next_to_nothing() -> None:
    constant = json.loads(DATA.read_text("utf-8"))["constant"]
    assert [row for row in constant if row["passed_items"] / row["items"] >= LIMIT] == []


def test_the_page_is_that_of_the_data() -> None:
    assert PAGE.read_text("utf-8") == page_of(json.loads(DATA.read_text("utf-8")))


def test_the_data_stays_small() -> None:
    assert [path for path in Path(DATA.parent).glob("*.json") if path.stat().st_size > 1 << 20] == []
