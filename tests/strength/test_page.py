"""The page on the suite's strength is that of the data."""

from __future__ import annotations

from .page import PAGE, page


def test_the_page_is_that_of_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.strength.page"


def test_each_measurement_has_a_section_and_its_command() -> None:
    text = page()
    for title in ("Kill matrix", "Mutation score", "Model-based runs", "Crash points", "Order and isolation"):
        section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
        assert "`tox -e" in section or "`python -m" in section, title
