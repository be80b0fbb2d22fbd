"""The kill matrix: `python -m tests.strength.kill_matrix` runs every broken manager and notes all that it fails.

Each is held to the whole capability that it was broken in, and to the first check of each requirement of `store` and
`resume`, which no manager can do without. Interrupted, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import pkgutil
import queue
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import tests.broken
from pytest_claude_sessions.suite.registry import load_registry
from tests.broken import Broken
from tests.broken.constant import CONSTANT

from .kill_matrix_page import page_of
from .project_copy import ROOT, make_copy, start_worker
from .runs import Ran, Request, asked, requirement_of

SESSION = ROOT / ".strength" / "kill-matrix"
DATA = ROOT / "docs" / "strength" / "kill-matrix.json"
PAGE = DATA.with_suffix(".md")
CORE = ("store", "resume")
_FAILS = ("failed", "warned")


@dataclass(frozen=True, slots=True)
class Subject:
    """One run of the matrix.

    :param spec: as `--claude-manager` takes it
    :param options: more of the command line
    :param capabilities: that it is held to in whole; empty for the constant subjects, which are held to the card
    """

    spec: str
    options: tuple[str, ...]
    capabilities: tuple[str, ...]

    @property
    def key(self) -> str:
        """What its result is kept under."""
        return " ".join([self.spec, *self.options])


def all_broken() -> list[Broken]:
    """Every row of tests/broken."""
    names = [module.name for module in pkgutil.iter_modules(tests.broken.__path__, "tests.broken.")]
    return [broken for name in names for broken in getattr(import_module(name), "BROKEN", ())]


def subjects() -> list[Subject]:
    """What is run: each broken manager once, whatever it is broken in, and the constant ones."""
    requirements = load_registry().requirements
    held: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for broken in all_broken():
        held[broken.spec, broken.options].add(requirements[broken.requirement].capability)
    found = [Subject(spec, options, tuple(sorted(held[spec, options]))) for spec, options in held]
    return [Subject(f"{kind.__module__}:{kind.__name__}", (), ()) for kind in CONSTANT] + found


class MatrixSession:
    """A directory with a copy of the project and the results so far, a line each."""

    def __init__(self, directory: Path, commit: str | None, *, renew: bool = False) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.copy = directory / "copy"
        if renew:
            shutil.rmtree(self.copy, ignore_errors=True)
            (directory / "items.json").unlink(missing_ok=True)
        if not self.copy.exists():
            make_copy(self.copy, commit)
        self._results = directory / "results.jsonl"
        self._lock = threading.Lock()

    def items(self) -> list[str]:
        """What the unbroken manager passes, in the order of the suite; found out when it is not known yet."""
        path = self.directory / "items.json"
        if not path.exists():
            print("one run of the full profile on the unbroken manager", flush=True)
            with Runner(self) as runner:
                ran = runner.run(Request("reference", stop=False, timeout_s=3600, call_timeout_s=60))
            bad = {
                name: result[:2] for name, result in ran.results.items() if result[0] not in ("passed", "not-claimed")
            }
            if bad or not ran.results:
                raise SystemExit(f"the unbroken manager does not pass: {ran.end} {bad} {ran.output}")
            path.write_text(json.dumps(list(ran.results)))
        found: list[str] = json.loads(path.read_text())
        return found

    def note(self, subject: Subject, ran: Ran) -> None:
        """Keep a result."""
        results = {name: (verdict, text) for name, (verdict, text, _) in ran.results.items()}
        with self._lock, self._results.open("a") as file:
            file.write(
                json.dumps({"key": subject.key, "end": ran.end, "results": results, "output": ran.output}) + "\n"
            )

    def results(self) -> dict[str, dict[str, Any]]:
        """What is known, by subject."""
        if not self._results.exists():
            return {}
        return {entry["key"]: entry for entry in map(json.loads, self._results.read_text().splitlines())}


class Runner:
    """A worker with a scratch directory of its own."""

    def __init__(self, session: MatrixSession) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="cs-"))
        self._process = start_worker(session.copy, self._scratch, "tests.broken.preload")

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._process.__exit__(None, None, None)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def run(self, request: Request) -> Ran:
        """Make a run."""
        return asked(self._process, request)


def request_for(subject: Subject, items: list[str]) -> Request:
    """The run of a subject.

    :param items: all of the suite, in its order
    """
    registry = load_registry()
    if not subject.capabilities:
        names = [requirement.id for requirement in registry.of(registry.profiles["card"])]
        return Request(subject.spec, None, names, stop=False, timeout_s=1800, call_timeout_s=0.1)
    if subject.options:  # a release stands in the names of the items
        names = [requirement.id for requirement in registry.of(subject.capabilities)]
        return Request(subject.spec, None, names, stop=False, timeout_s=1800, options=list(subject.options))
    chosen, seen = [], set()
    for name in items:
        area, requirement = name.split("::")[1], requirement_of(name)
        if area in subject.capabilities or (area in CORE and requirement not in seen):
            chosen.append(name)
        seen.add(requirement)
    names = list(dict.fromkeys(map(requirement_of, chosen)))
    return Request(subject.spec, chosen, names, stop=False, timeout_s=1800)


def row_of(broken: Broken, entry: dict[str, Any]) -> dict[str, Any]:
    """What a run says of one row of tests/broken."""
    failed: dict[str, int] = defaultdict(int)
    other: dict[str, int] = defaultdict(int)
    said = False
    for name, (verdict, text) in entry["results"].items():
        requirement = requirement_of(name)
        if verdict in _FAILS:
            failed[requirement] += 1
            said = said or (requirement == broken.requirement and broken.message in text)
        elif verdict in ("harness-error", "could-not-run"):
            other[requirement] += 1
    return {
        "requirement": broken.requirement,
        "manager": broken.spec.removeprefix("tests.broken."),
        "options": list(broken.options),
        "subtle": broken.subtle,
        "items": len(entry["results"]),
        "caught": broken.requirement in failed,
        "for_its_reason": said,
        "also_fails": sorted(name for name in failed if name != broken.requirement),
        "unclear": sorted(other),
        "end": entry["end"],
    }


def constant_row(spec: str, entry: dict[str, Any]) -> dict[str, Any]:
    """What a run says of a subject that always answers the same."""
    results = entry["results"]
    passed = [name for name, (verdict, _) in results.items() if verdict == "passed"]
    by_requirement: dict[str, set[str]] = defaultdict(set)
    for name, (verdict, _) in results.items():
        by_requirement[requirement_of(name)].add(verdict)
    # What does not apply to a subject was not passed by it.
    whole = sorted(n for n, verdicts in by_requirement.items() if "passed" in verdicts <= {"passed", "not-claimed"})
    return {
        "subject": spec.partition(":")[2],
        "items": len(results),
        "passed_items": len(passed),
        "requirements": len(by_requirement),
        "passed_requirements": whole,
        "end": entry["end"],
    }


def data_of(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The data file."""
    broken = all_broken()
    rows = [row_of(row, results[key]) for row in broken if (key := " ".join([row.spec, *row.options])) in results]
    constants = [f"{kind.__module__}:{kind.__name__}" for kind in CONSTANT]
    requirements = {
        requirement.id: {"level": requirement.level, "capability": requirement.capability}
        for requirement in load_registry().requirements.values()
    }
    return {
        "requirements": requirements,
        "rows": rows,
        "not_run": len(broken) - len(rows),
        "constant": [constant_row(spec, results[spec]) for spec in constants if spec in results],
    }


def write_data(results: dict[str, dict[str, Any]]) -> str:
    """Write data and page; a line that sums them up."""
    data = data_of(results)
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page_of(data), "utf-8")
    rows = data["rows"]
    right = sum(row["caught"] and row["for_its_reason"] for row in rows)
    left = f"{data['not_run']} were not run"
    return f"{right} of {len(rows)} broken managers fail what they were made for, for its reason; {left}"


def run_all(session: MatrixSession, work: Iterable[Subject], jobs: int) -> None:
    """Run the subjects that are left."""
    waiting: queue.SimpleQueue[Subject] = queue.SimpleQueue()
    todo = list(work)
    for subject in todo:
        waiting.put(subject)
    items = session.items()
    begun, errors = time.monotonic(), []

    def body() -> None:
        try:
            with Runner(session) as runner:
                while True:
                    subject = waiting.get_nowait()
                    ran = runner.run(request_for(subject, items))
                    session.note(subject, ran)
                    failed = {requirement_of(n) for n, result in ran.results.items() if result[0] in _FAILS}
                    left = waiting.qsize()
                    rest = (time.monotonic() - begun) / max(len(todo) - left, 1) * left / 60
                    print(
                        f"{len(todo) - left}/{len(todo)} {subject.key}: {ran.end}, {len(ran.results)} items in "
                        f"{ran.seconds:.0f} s, fails {', '.join(sorted(failed)) or 'nothing'} ({rest:.0f} min left)",
                        flush=True,
                    )
        except queue.Empty:
            pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, daemon=True) for _ in range(jobs if todo else 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.kill_matrix", description=__doc__)
    parser.add_argument("--session", type=Path, default=SESSION, help="the directory of what is known so far")
    parser.add_argument("--jobs", type=int, default=1, help="workers (default: one)")
    parser.add_argument("--commit", help="copy this commit instead of the checkout as it is")
    parser.add_argument("--renew", action="store_true", help="take the project anew, and keep what is known")
    parser.add_argument("--again", nargs="*", metavar="NAME", help="run once more those of that name; all without one")
    parser.add_argument("--write", action="store_true", help="only turn what is known into the data file and the page")
    given = parser.parse_args()
    session = MatrixSession(given.session, given.commit, renew=given.renew)
    if not given.write:
        known = session.results()
        again = given.again
        left = [
            subject
            for subject in subjects()
            if subject.key not in known
            or again == []
            or any(subject.spec.endswith((f":{name}", f".{name}")) for name in again or ())
        ]
        run_all(session, left, given.jobs)
    print(write_data(session.results()))


if __name__ == "__main__":
    main()
