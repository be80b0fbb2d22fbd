"""Tests of the mutants, of what touches them, and of the reasons why one is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.strength.mutation_data import reason_for
from tests.strength.reach import Reach, function_lines

mutants = pytest.importorskip("tests.strength.mutants", reason="mutants need cosmic-ray, of `tox -e mutation`")

SOURCE = '''\
from __future__ import annotations

LIMIT: int | None = 3


def late(age: float | None, *, limit: int = LIMIT) -> bool:
    """Whether an age is past a limit."""
    if age is None:
        return False
    return age > limit
'''


def changes() -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants.mutants_of("late", SOURCE)}


def test_a_comparison_becomes_its_opposite_and_its_neighbours() -> None:
    last = {after for before, after in changes() if before == "return age > limit"}
    assert last == {"return age <= limit", "return age >= limit", "return age != limit"}


def test_types_and_marks_of_arguments_are_left_alone() -> None:
    assert not [before for before, _ in changes() if before.startswith("def ")]
    assert {after for before, after in changes() if before.startswith("LIMIT")} == {
        "LIMIT: int | None = 4",
        "LIMIT: int | None = 2",
    }


def test_a_mutant_is_made_again_from_what_is_kept_of_it() -> None:
    for mutant in mutants.mutants_of("late", SOURCE):
        text = mutants.text_of(mutant, SOURCE)
        assert text != SOURCE
        assert mutant.after in [line.strip() for line in text.splitlines()]
    assert {m.definition for m in mutants.mutants_of("late", SOURCE)} == {"", "late"}


def test_every_module_of_the_manager_is_there_but_the_command_line() -> None:
    package = Path(mutants.__file__).parents[2] / mutants.PACKAGE
    of_the_command_line = {"__init__", "__main__", "completion"}
    modules = {path.stem for path in package.glob("*.py") if not path.stem.startswith("command_")}
    assert set(mutants.MODULES) == modules - of_the_command_line


def test_lines_belong_to_statements_and_functions() -> None:
    inside = function_lines(SOURCE)
    assert inside[8] == (range(8, 9), range(7, 11))
    assert 3 not in inside


def test_items_are_those_of_the_statement_then_of_the_function_then_of_the_module() -> None:
    [mutant] = [m for m in mutants.mutants_of("late", SOURCE) if m.after == "return age >= limit"]
    seconds = {"a": 1.0, "b": 1.0, "c": 1.0}
    assert Reach({"late": {8: ["a", "b"], 10: ["b"]}}, seconds).items_for(mutant, SOURCE) == ["b"]
    assert sorted(Reach({"late": {8: ["a", "b"]}}, seconds).items_for(mutant, SOURCE)) == ["a", "b"]
    assert sorted(Reach({}, seconds).items_for(mutant, SOURCE)) == ["a", "b", "c"]


def test_a_reason_is_of_one_line_or_of_one_change() -> None:
    [mutant] = [m for m in mutants.mutants_of("late", SOURCE) if m.after == "return age >= limit"]
    line = {"before": "return age > limit", "reason": "why"}
    assert reason_for(mutant, [line]) == "why"
    assert reason_for(mutant, [{**line, "after": mutant.after, "module": "late"}]) == "why"
    assert reason_for(mutant, [{**line, "after": "return age != limit"}]) == ""
    assert reason_for(mutant, [{**line, "module": "early"}]) == ""
