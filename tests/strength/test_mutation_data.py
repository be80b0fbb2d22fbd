"""Tests of what is known of the mutants: the data, the page, and the reasons."""

from __future__ import annotations

import json

from tests.strength.mutation_data import DATA, load_judged
from tests.strength.mutation_page import page_of, section_of


def test_every_reason_is_given() -> None:
    assert [entry for entry in load_judged() if not entry["reason"].strip() or not entry["before"]] == []


def test_the_page_is_that_of_the_data() -> None:
    data = json.loads(DATA.read_text("utf-8"))
    assert DATA.with_suffix(".md").read_text("utf-8") == page_of(data)


def test_the_section_tells_the_share_and_what_is_open() -> None:
    entry = {"mutants": 10, "killed": 8, "survived": 1, "open": 0, "pending": 1, "should": 2, "same": 1}
    data = {
        "modules": {"store": {**entry, "survivors": []}},
        "controls": {"runs": 3, "items": 30, "failed": []},
    }
    text = "\n".join(section_of(data))
    assert "8 of 9 mutants are killed by the suite alone, **88.9%**" in text
    assert "without them it is 100.0%. 0 are open." in text
    assert "1 of 10 were not tried yet" in text
