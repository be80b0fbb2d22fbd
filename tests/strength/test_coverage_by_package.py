"""Numbers of coverage, package by package."""

from __future__ import annotations

from typing import Any

import pytest

from .coverage_by_package import Covered, by_package, section


def summary(lines: int, covered: int, branches: int = 0, taken: int = 0) -> dict[str, Any]:
    return {
        "summary": {
            "num_statements": lines,
            "covered_lines": covered,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


REPORT = {"files": {"a/x.py": summary(10, 8), "a/y.py": summary(6, 6, 4, 1), "a/b/z.py": summary(20, 20)}}


def test_files_are_put_together_by_package() -> None:
    packages = by_package(REPORT, ["a/x.py", "a/y.py", "a/b/z.py"])
    assert packages == {
        "a": Covered(16, 14, 4, 1),
        "a.b": Covered(20, 20, 0, 0),
        "all": Covered(36, 34, 4, 1),
    }
    assert packages["a"].per_cent == 75.0
    assert packages["all"].per_cent == 87.5


def test_files_of_others_do_not_count() -> None:
    assert by_package(REPORT, ["a/b/z.py"])["all"] == Covered(20, 20, 0, 0)


def test_a_module_that_no_test_imports_is_told() -> None:
    with pytest.raises(LookupError, match=r"no test imports a/new\.py"):
        by_package(REPORT, ["a/x.py", "a/new.py"])


def test_a_package_without_a_line_is_covered() -> None:
    assert Covered(0, 0, 0, 0).per_cent == 100.0


def test_the_section_names_each_package_and_the_whole() -> None:
    packages = by_package(REPORT, ["a/x.py", "a/y.py", "a/b/z.py"])
    results = {"bar": 95.0, "packages": {name: covered.as_json() for name, covered in packages.items()}}
    text = "\n".join(section(results))
    assert "Its tests run 87.5 % of its lines and branches (95 % is the bar)" in text
    assert "| `a` | 14 of 16 | 1 of 4 | 75.0 % |" in text
    assert "| **all** | 34 of 36 | 1 of 4 | 87.5 % |" in text
    assert "Not run" not in text


def test_tests_that_were_left_out_are_told() -> None:
    packages = {"all": Covered(2, 2, 0, 0).as_json()}
    text = "\n".join(section({"bar": 95.0, "packages": packages, "without": ["tests/slow", "tests/more"]}))
    assert "Not run for this number: `tests/slow`, `tests/more`." in text
