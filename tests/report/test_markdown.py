"""The report as Markdown: what happened at a glance, and nothing of a manager's words taken for markup."""

from __future__ import annotations

from pytest_claude_sessions.report.markdown import LONGEST_CELL, SHOWN_FAILURES, cell, fenced, markdown
from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import load_registry

from .samples import HOSTILE, MIXED, report


def test_it_tells_outcome_counts_and_each_failure() -> None:
    text = markdown(report(verdicts=MIXED), load_registry())
    lines = text.splitlines()
    assert lines[0] == "# little store 1.2: non-conformant"
    assert "Profile **core**, specification 1.0" in text
    assert "* STO\\-01 failed" in lines
    row = next(line for line in lines if line.startswith("| **store** (required) |"))
    header = next(line for line in lines if line.startswith("| capability |"))
    cells = dict(zip(header.split("|"), row.split("|"), strict=True))
    assert cells[" failed "].strip() == "1"
    assert cells[" expected failure "].strip() == "1"
    assert "<b>STO-01</b> failed (must)" in text
    assert "<b>STO-06</b>" not in text
    assert "Not declared: identity" in text


def test_conformant_run_says_so_shortly() -> None:
    text = markdown(report(), load_registry())
    assert text.startswith("# little store 1.2: conformant\n")
    assert "<details>" not in text
    assert "Nothing else to look at." in text


def test_more_failures_than_can_be_read_are_counted() -> None:
    all_of_store = {name: verdict.FAILED for name, r in load_registry().requirements.items() if r.level == "must"}
    text = markdown(report(verdicts=all_of_store), load_registry())
    assert text.count("<details>") == SHOWN_FAILURES
    assert f"And {len(all_of_store) - SHOWN_FAILURES} more." in text


def test_markup_of_a_manager_is_text() -> None:
    made = report(name=HOSTILE, reasons=[HOSTILE, "a | b\n# c"])
    made["requirements"][0].update(verdict="failed", message=f"{HOSTILE}\n```\n<b>")
    text = markdown(made, load_registry())
    outside = [line for line in text.splitlines() if not line.startswith("<details>")]
    assert not [line for line in outside if line.startswith("#") and line[-1] == "c"]
    assert "* a \\| b \\# c" in outside
    assert "\\<script\\>" in outside[0]
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_fence_is_longer_than_what_it_holds() -> None:
    assert fenced("a\n````\nb") == ["`````text", "a", "````", "b", "`````"]


def test_long_texts_are_cut() -> None:
    assert cell("x" * 500) == "x" * (LONGEST_CELL - 3) + "..."
