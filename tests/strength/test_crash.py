"""The counts of crash points, kept as data and told on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.point import KINDS

from . import crash

REPORT = {
    "created": "2026-11-21T20:00:00+00:00",
    "crash": {
        "form": "traced",
        "tried": 9,
        "survived": 8,
        "series": [
            {
                "test": f"claude-conformance::store::STO-06[each-change-interrupted-a-sweep-{kind}]",
                "form": "traced",
                "work": "a-sweep",
                "kind": kind,
                "tried": tried,
                "survived": survived,
            }
            for kind, tried, survived in (("before", 5, 5), ("EIO", 4, 3))
        ],
    },
}


def test_report_by_what_was_under_way() -> None:
    assert crash.by_work(REPORT) == {
        "date": "2026-11-21",
        "form": "traced",
        "tried": 9,
        "survived": 8,
        "works": {
            "STO-06 a-sweep": {"tried": {"before": 5, "EIO": 4}, "survived": {"before": 5, "EIO": 3}},
        },
    }


def test_section_of_the_page() -> None:
    lines = list(crash.section({"a manager": crash.by_work(REPORT)}))
    assert lines[0] == "## Crash points"
    assert "**8 of 9 points were survived.** `python -m tests.strength.crash` repeats it." in lines
    assert "| a manager | traced | STO-06: a sweep | 5 |  |  | 4 |  | 8 of 9 | 2026-11-21 |" in lines


def test_one_subject_is_kept_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "DATA", tmp_path / "strength" / "crash.json")
    crash.keep("ccr (bash)", {"tried": 1})
    crash.keep("reference", {"tried": 2})
    crash.keep("ccr (bash)", {"tried": 3})
    assert list(json.loads(crash.DATA.read_text()).items()) == [
        ("reference", {"tried": 2}),
        ("ccr (bash)", {"tried": 3}),
    ]


def test_what_is_kept_was_survived() -> None:
    """Of every subject that was tried, each work with each kind of interruption."""
    kept = json.loads(crash.DATA.read_text())
    names = {subject.name for subject in crash.SUBJECTS}
    assert set(kept) <= names
    for found in kept.values():
        assert found["survived"] == found["tried"] > 0
        for counts in found["works"].values():
            assert set(counts["tried"]) == set(KINDS)
            assert counts["tried"] == counts["survived"]
