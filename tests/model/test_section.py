"""What is measured of the model-based runs, as text."""

from __future__ import annotations

from tests.strength.model_section import section_of


def entry(requirement: str, name: str, breaches: str = "", steps: int = 0) -> dict:
    found = {"breaches": breaches, "steps": steps, "sequence": 3} if breaches else {}
    return {"requirement": requirement, "manager": f"tests.broken.x:{name}", "found": bool(breaches), **found}


def test_section_counts_by_capability_and_names_who_was_missed() -> None:
    managers = [entry("STO-01", "A", "STO-01", 2), entry("STO-02", "B", "STO-01", 4), entry("RES-07", "LockFile")]
    text = "\n".join(section_of({"sequences": 200, "managers": managers}))
    assert "`--claude-model=200`, with no check beside it, found 2 of 3 broken\nmanagers (67 %)" in text
    assert "| store | 2 | 2 | 100 % | 4 |" in text
    assert "| resume | 1 | 0 | 0 % | – |" in text
    assert "1 of those found breach the very requirement" in text
    assert "* RES-07 `LockFile`: it takes a kill" in text
