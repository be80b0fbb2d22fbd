"""The matrix: what a reader must not overlook is written out, and no edited report stands in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.matrix.command import USAGE_ERROR, main
from pytest_claude_sessions.matrix.page import page
from pytest_claude_sessions.matrix.table import NOT_THERE, markdown, table
from pytest_claude_sessions.report.document import digest
from pytest_claude_sessions.report.reading import WrongReport, read_report
from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import load_registry
from tests.report.chromium import Page
from tests.report.samples import HOSTILE, MIXED, report

VISIBLE = """
Array.from(document.querySelectorAll("tr[data-verdict]")).filter((row) => row.checkVisibility()).map((row) => row.id)
"""


def written(path: Path, data: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(data), "utf-8", "backslashreplace")
    return path


def older(**changed: Any) -> dict[str, Any]:
    """A report of an earlier specification, with fewer requirements and no digest."""
    data = report("gamma", spec="0.9", **changed)
    data["requirements"] = [entry for entry in data["requirements"] if entry["capability"] == "store"]
    data["counts"] = dict(Counter(entry["verdict"] for entry in data["requirements"]))
    del data["digest"]
    return data


def test_each_report_is_a_column_and_each_requirement_a_row() -> None:
    made = table([report("alpha", MIXED), report("beta", {"RES-04": verdict.FAILED})])
    assert [column.title for column in made.columns] == ["alpha 1.2", "beta 1.2"]
    assert [row.id for row in made.rows] == list(load_registry().requirements)
    rows = {row.id: row for row in made.rows}
    assert rows["STO-01"].verdicts == ("failed", "passed")
    assert rows["STO-06"].verdicts == ("not-selected", "passed")
    assert rows["STO-01"].differs
    assert not rows["STO-07"].differs
    text = markdown(made)
    assert "| **STO-01** (must) | ✗ failed | ✓ passed |" in text
    assert "| *date* | 2026-11-21 | 2026-11-21 |" in text
    assert "| *claude* | fake 2.1.329 | fake 2.1.329 |" in text
    assert "alpha 1.2, STO-05: expected to fail: on the list" in text


def test_other_specification_partial_run_and_missing_digest_are_marked() -> None:
    expected = {"STO-05": verdict.EXPECTED_FAILURE}
    partial = report("beta", expected, outcome="partial", reasons=["STO-05 fails as expected"])
    made = table([report("alpha"), partial, older()])
    assert made.spec == "1.0"
    assert made.columns[0].marks == ()
    assert made.columns[1].marks == ("a partial run: STO-05 fails as expected",)
    assert made.columns[2].marks == ("specification 0.9, not 1.0", "no digest: whether it was edited cannot be told")
    assert {row.id: row for row in made.rows}["RES-04"].verdicts == ("passed", "passed", NOT_THERE)
    for text in (markdown(made), page(made)):
        assert "specification 0.9, not 1.0" in text
        assert "a partial run" in text


def edited(change: Callable[[dict[str, Any]], None], *, with_digest: bool) -> dict[str, Any]:
    data = report("alpha", MIXED)
    change(data)
    if with_digest:
        data["digest"] = digest(data)
    return data


def _passes(data: dict[str, Any]) -> None:
    data["requirements"][10]["verdict"] = "passed" if data["requirements"][10]["verdict"] != "passed" else "failed"


WRONG: dict[str, tuple[Any, str]] = {
    "edited": (edited(_passes, with_digest=False), "it was edited: its digest is not that of its contents"),
    "edited-with-a-new-digest": (edited(_passes, with_digest=True), "its counts are not those of its verdicts"),
    "outcome": (
        edited(lambda data: data.update(outcome="conformant"), with_digest=True),
        "a requirement failed and its outcome is conformant",
    ),
    "expected": (
        report("a", {"STO-05": verdict.EXPECTED_FAILURE}, outcome="conformant"),
        "a requirement fails as expected and its outcome is conformant",
    ),
    "outcome-unknown": (report(outcome="excellent"), "its outcome 'excellent' does not exist"),
    "twice": (
        edited(lambda data: data["requirements"].append(data["requirements"][0]), with_digest=True),
        "ID-01 is in it twice",
    ),
    "verdict": (
        edited(lambda data: data["requirements"][0].update(verdict="fine"), with_digest=True),
        "a verdict that does not exist",
    ),
    "field": (
        edited(lambda data: data["requirements"][0].pop("message"), with_digest=True),
        "one of its requirements lacks a field",
    ),
    "type": (edited(lambda data: data.update(subject="x"), with_digest=True), "its field 'subject' is missing"),
    "schema": ({"schema": 2}, "no report of schema 1"),
    "list": ([], "no report of schema 1"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG.keys())
def test_report_that_does_not_tell_what_a_run_found_is_refused(tmp_path: Path, data: Any, message: str) -> None:
    path = written(tmp_path / "report.json", data)
    with pytest.raises(WrongReport) as refused:
        read_report(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_command_writes_both_forms_or_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = [str(written(tmp_path / f"{name}.json", report(name))) for name in ("alpha", "beta")]
    outputs = [tmp_path / "matrix.html", tmp_path / "matrix.md"]
    command = [*good, "-o", str(outputs[0]), "-o", str(outputs[1])]
    assert main(command) == 0
    assert outputs[0].read_text().startswith("<!DOCTYPE html>")
    assert outputs[1].read_text().startswith("# Session managers")
    assert main(good) == 0
    assert capsys.readouterr().out == outputs[1].read_text()
    for path in outputs:
        path.unlink()
    (tmp_path / "bad.json").write_text("{")
    assert main([*command, str(tmp_path / "bad.json")]) == USAGE_ERROR
    assert "bad.json: not valid JSON" in capsys.readouterr().err
    assert main([str(tmp_path / "none.json")]) == USAGE_ERROR
    assert "No such file" in capsys.readouterr().err
    assert [path for path in outputs if path.exists()] == []


@pytest.mark.parametrize(
    ("output", "message"), [("matrix.pdf", "must end in .html or .md"), ("nowhere/m.md", "there is no directory")]
)
def test_bad_output_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, message: str) -> None:
    good = written(tmp_path / "a.json", report())
    with pytest.raises(SystemExit) as ended:
        main([str(good), "-o", str(tmp_path / output)])
    assert ended.value.code == USAGE_ERROR
    assert message in " ".join(capsys.readouterr().err.split())


def test_browser_shows_filters_and_links(tmp_path: Path, browse: Callable[..., Page]) -> None:
    path = tmp_path / "matrix.html"
    path.write_text(page(table([report(HOSTILE, MIXED), report("beta", {"RES-04": verdict.FAILED})])), "utf-8")
    shown = browse(path)
    assert shown.complaints == []
    assert shown.requests == [path.as_uri()]
    assert shown.run("document.title") == "Session managers and specification 1.0"
    assert shown.run("document.querySelectorAll('thead th[scope=col]').length") == 3
    shown.run("document.querySelector('[name=differing]').click()")
    assert sorted(shown.run(VISIBLE)) == sorted([*MIXED, "RES-04"])
    shown.run("document.querySelectorAll('[name=verdict]:not([value=failed])').forEach((box) => box.click())")
    assert shown.run(VISIBLE) == ["STO-01", "RES-04"]
    shown.show(path, "#RES-04")
    assert 0 <= shown.run("document.getElementById('RES-04').getBoundingClientRect().top") < 900
    shown.media(scheme="dark")
    assert shown.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    phone = browse(path, width=390)
    assert phone.run("document.documentElement.scrollWidth") <= 390
