"""The form of a report follows from its file's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude_sessions.report.writing import write_report
from pytest_claude_sessions.suite.registry import load_registry

from .samples import MIXED, report


def written(path: Path) -> str:
    write_report(path, report(verdicts=MIXED), load_registry())
    return path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("report.svg", "<svg "),
        ("report.html", "<!doctype html>"),
        ("report.md", "# little store 1.2: non-conformant"),
    ],
)
def test_the_suffix_picks_the_form(name: str, beginning: str, tmp_path: Path) -> None:
    if name.endswith(".html"):
        pytest.importorskip("jinja2", reason="the extra html is not installed")
    assert written(tmp_path / name).lower().startswith(beginning.lower())


def test_data_is_the_report_itself(tmp_path: Path) -> None:
    assert json.loads(written(tmp_path / "report.json"))["outcome"] == report(verdicts=MIXED)["outcome"]


def test_a_badge_for_badge_services_is_data(tmp_path: Path) -> None:
    badge = json.loads(written(tmp_path / "report.badge.json"))
    assert badge["schemaVersion"] == 1
    assert "non-conformant" in badge["message"]
