"""Branch coverage of the project by its own tests, package by package.

`python -m tests.strength.coverage_by_package coverage.json` takes what `coverage json` wrote, and keeps the numbers in
docs/strength/coverage.json; `tox -e coverage` does all of it. The status is 1 below the bar.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

CHECKOUT = Path(__file__).parent.parent.parent
RESULTS = CHECKOUT / "docs" / "strength" / "coverage.json"
SOURCES = ("pytest_claude_sessions", "conformance")
BAR = 95.0
"""Per cent of lines and branches together, of the whole."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What was run, of what there is."""

    lines: int
    covered_lines: int
    branches: int
    covered_branches: int

    @property
    def per_cent(self) -> float:
        """Of lines and branches together, as coverage counts; what has neither is covered."""
        whole = self.lines + self.branches
        return 100 * (self.covered_lines + self.covered_branches) / whole if whole else 100.0

    @classmethod
    def of(cls, summaries: list[Mapping[str, Any]]) -> Covered:
        """The sum of what coverage says of some files."""
        names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
        return cls(*(sum(summary[name] for summary in summaries) for name in names))

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "lines": self.lines,
            "covered_lines": self.covered_lines,
            "branches": self.branches,
            "covered_branches": self.covered_branches,
            "per_cent": round(self.per_cent, 2),
        }


def by_package(report: Mapping[str, Any], sources: list[str]) -> dict[str, Covered]:
    """Each package's sum, and `all` of them.

    :param report: what `coverage json` wrote
    :param sources: the paths of all modules, relative to the checkout
    :raises LookupError: for a module that no test imports, of which coverage knows nothing
    """
    files = {str(PurePosixPath(path)): data["summary"] for path, data in report["files"].items()}
    unknown = [path for path in sources if path not in files]
    if unknown:
        raise LookupError(f"no test imports {', '.join(unknown)}")
    packages: dict[str, list[Mapping[str, Any]]] = {}
    for path in sources:
        packages.setdefault(str(PurePosixPath(path).parent).replace("/", "."), []).append(files[path])
    whole = [summary for summaries in packages.values() for summary in summaries]
    return {name: Covered.of(summaries) for name, summaries in sorted(packages.items())} | {"all": Covered.of(whole)}


def section(results: Mapping[str, Any]) -> Iterator[str]:
    """The project's own code, as lines of the page.

    :param results: what `docs/strength/coverage.json` holds
    """
    whole = results["packages"]["all"]
    yield from ("## The project's own code", "")
    yield (
        f"Its tests run {whole['per_cent']:.1f} % of its lines and branches ({results['bar']:.0f} % is the bar), "
        "children and the runs of pytest in tests included."
    )
    if results.get("without"):
        yield f"Not run for this number: {', '.join(f'`{name}`' for name in results['without'])}."
    yield from ("", "Repeat it with `tox -e coverage`.", "")
    yield from ("| package | lines | branches | covered |", "|---|---:|---:|---:|")
    for name, found in results["packages"].items():
        lines = f"{found['covered_lines']} of {found['lines']}"
        branches = f"{found['covered_branches']} of {found['branches']}"
        yield f"| {'**all**' if name == 'all' else f'`{name}`'} | {lines} | {branches} | {found['per_cent']:.1f} % |"
    yield ""


def main() -> int:
    """Keep the numbers of a report of coverage."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.coverage_by_package", description=main.__doc__)
    parser.add_argument("report", type=Path, help="what `coverage json` wrote")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="where they are kept")
    parser.add_argument(
        "--without", metavar="TESTS", nargs="*", default=[], help="tests that were left out, to be told"
    )
    given = parser.parse_args()
    report = json.loads(given.report.read_text("utf-8"))
    # A module without a line of code is in no report.
    sources = [path for source in SOURCES for path in (CHECKOUT / source).rglob("*.py") if path.stat().st_size]
    packages = by_package(report, sorted(path.relative_to(CHECKOUT).as_posix() for path in sources))
    results = {
        "coverage": report["meta"]["version"],
        "bar": BAR,
        "without": given.without,
        "packages": {name: covered.as_json() for name, covered in packages.items()},
    }
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print("\n".join(section(results)))
    return int(packages["all"].per_cent < BAR)


if __name__ == "__main__":
    sys.exit(main())
