"""Tries every crash point of the reference and the examples: `python -m tests.strength.crash [SUBJECT...]`.

What it finds is kept in `docs/strength/crash.json`, by subject: one that is not named keeps what was found last.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude_sessions.crash.point import KINDS

CHECKOUT = Path(__file__).parents[2]
DATA = CHECKOUT / "docs" / "strength" / "crash.json"
COMMAND = "python -m tests.strength.crash"
SERIES = "each-change"
"""What the names of all crash checks begin with."""

HOST = "pytest_claude_sessions.door.host pytest_claude_sessions.reference:reference"


@dataclass(frozen=True)
class Subject:
    """A manager whose crash points are tried.

    :param name: in the data and on the page
    :param directory: where pytest is started, from the checkout on
    :param options: of pytest
    """

    name: str
    directory: str
    options: tuple[str, ...]


SUBJECTS = (
    Subject("reference", ".", ("--claude-manager", "reference")),
    Subject("reference, traced", ".", ("--claude-manager", f"cmd:{shlex.quote(sys.executable)} -m {HOST}")),
    Subject("claude-hooks (TypeScript)", "examples/claude-hooks", ("--rootdir", ".")),
    Subject("coder-module (bash)", "examples/coder-module", ("--rootdir", ".")),
    Subject("ccr (bash)", "examples/ccr", ("--rootdir", ".")),
)


def tried(subject: Subject) -> dict[str, Any]:
    """Try all points of a subject; what its report says of them.

    :raises RuntimeError: when there is no report, or a check could not run
    """
    with tempfile.TemporaryDirectory() as place:
        report = Path(place, "report.json")
        command = [sys.executable, "-m", "pytest", "--claude-conformance", "--claude-crash", "-k", SERIES]
        command += ["-p", "no:cacheprovider", "--claude-report", str(report), *subject.options]
        done = subprocess.run(command, cwd=CHECKOUT / subject.directory, stdout=sys.stderr, check=False)
        told = json.loads(report.read_text()) if report.exists() else {}
    if "crash" not in told:
        raise RuntimeError(f"{subject.name}: no crash points in the report (exit status {done.returncode})")
    return by_work(told)


def by_work(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a report: its date, and the points of each work."""
    crash = report["crash"]
    works: dict[str, Any] = {}
    for series in crash["series"]:
        requirement = series["test"].rpartition("::")[2].partition("[")[0]
        work = works.setdefault(f"{requirement} {series['work']}", {"tried": {}, "survived": {}})
        for name in ("tried", "survived"):
            work[name][series["kind"]] = series[name]
    return {
        "date": report["created"][:10],
        "form": crash["form"],
        "tried": crash["tried"],
        "survived": crash["survived"],
        "works": works,
    }


def section(data: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the page on strength that tell of crash points.

    :param data: what `docs/strength/crash.json` holds
    """
    total = sum(found["tried"] for found in data.values())
    survived = sum(found["survived"] for found in data.values())
    yield from ("## Crash points", "")
    yield (
        "Each manager is killed just before and just after every call that changes one of its files, and each such "
        "call is made to fail with `ENOSPC`, `EIO` and `EROFS`; then it is started again and held to the requirement. "
        "A Python factory is forked with its `os` functions watched (in-process), any other manager is followed by "
        "ptrace with all that it starts (traced). A kill does not empty the kernel's caches, so a rename before a "
        "flush is not seen here."
    )
    yield from ("", f"**{survived} of {total} points were survived.** `{COMMAND}` repeats it.", "")
    yield "| manager | form | requirement, and what was under way | " + " | ".join(KINDS) + " | survived | date |"
    yield "|---|---|---|" + "---|" * (len(KINDS) + 2)
    for subject, found in data.items():
        for work, counts in found["works"].items():
            each = [str(counts["tried"].get(kind, "")) for kind in KINDS]
            points, held = sum(counts["tried"].values()), sum(counts["survived"].values())
            cells = [subject, found["form"], _words(work), *each, f"{held} of {points}"]
            yield f"| {' | '.join([*cells, found['date']])} |"
    yield ""


def _words(work: str) -> str:
    requirement, _, name = work.partition(" ")
    return f"{requirement}: {name.replace('-', ' ')}"


def main(names: list[str]) -> int:
    """Try the subjects named, or all; 1 when one of them did not survive a point."""
    lost = False
    for subject in SUBJECTS:
        if names and subject.name not in names:
            continue
        found = tried(subject)
        keep(subject.name, found)
        lost = lost or found["survived"] < found["tried"]
        print(f"{subject.name}: {found['survived']} of {found['tried']} points survived", flush=True)
    return int(lost)


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Put what was found of a subject in the place of what was found before."""
    data: dict[str, Any] = json.loads(DATA.read_text()) if DATA.exists() else {}
    data[name] = found
    DATA.parent.mkdir(parents=True, exist_ok=True)
    ordered = {one.name: data[one.name] for one in SUBJECTS if one.name in data}
    DATA.write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
