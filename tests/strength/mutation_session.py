"""What is known so far of the mutants: a directory that outlives an interruption."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from .mutants import MODULES, Mutant, mutants_of, source_of
from .project_copy import ROOT, make_copy, start_worker
from .reach import Reach
from .runs import Request, asked

KILLED, SURVIVED, OPEN = "killed", "survived", "open"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one mutant.

    :param state: `killed`, `survived` by all items that touch it, or `open` after the cheaper ones
    :param by: the item that did not pass, or `time-out`, `no start`, `crash`
    :param verdict: that item's
    :param message: the first lines of what it said
    :param ran: how many items ran
    :param seconds: wall time
    """

    state: str
    by: str = ""
    verdict: str = ""
    message: str = ""
    ran: int = 0
    seconds: float = 0.0


class MutationSession:
    """A directory with a copy of the project, what touches what, and cosmic-ray's data base of work.

    :param commit: what is copied where there is no copy yet, None for the checkout as it is
    """

    def __init__(self, directory: Path, commit: str | None) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.copy = directory / "copy-0"
        if not self.copy.exists():
            self._make_copy(commit)
        self._db = WorkDB(directory / "session.sqlite", WorkDB.Mode.create)
        self._lock = threading.Lock()
        self._mutants: dict[str, list[Mutant]] = {}

    @property
    def commit(self) -> str:
        """What was copied."""
        return (self.directory / "commit").read_text().strip()

    def _make_copy(self, commit: str | None) -> None:
        make_copy(self.copy, commit)
        told = subprocess.run(
            ["git", "rev-parse", "--short", commit or "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        (self.directory / "commit").write_text(told.stdout.strip())

    def renew(self, commit: str | None) -> None:
        """Take the project anew; results of mutants whose module did not change stay."""
        for old in self.directory.glob("copy-*"):
            shutil.rmtree(old)
        (self.directory / "reach.json").unlink(missing_ok=True)
        self._mutants.clear()
        self._make_copy(commit)

    def copy_of(self, worker: int) -> Path:
        """A copy that is one worker's own; made anew, as an interruption leaves a mutant in it."""
        own = self.directory / f"copy-{worker}"
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(self.copy, own)
        return own

    def reach(self, scratch: Path) -> Reach:
        """What touches what; measured when it is not known yet."""
        path = self.directory / "reach.json"
        if not path.exists():
            print("measuring which items touch which lines: one run of the full profile", flush=True)
            left = scratch / "reach"
            with start_worker(self.copy, scratch) as worker:
                ran = asked(
                    worker, Request("reference", stop=False, timeout_s=3600, reach=str(left), call_timeout_s=60)
                )
            bad = {
                name: result[:2] for name, result in ran.results.items() if result[0] not in ("passed", "not-claimed")
            }
            if bad or not ran.results:
                raise SystemExit(f"the unchanged manager does not pass: {ran.end} {bad} {ran.output}")
            seconds = {name: result[2] for name, result in ran.results.items() if result[0] == "passed"}
            Reach.of(left, seconds).save(path)
            shutil.rmtree(left)
        return Reach.load(path)

    def mutants(self, module: str) -> list[Mutant]:
        """The mutants of a module; made once for each of its texts."""
        if module not in self._mutants:
            source = source_of(self.copy, module)
            name = hashlib.sha256(source.encode()).hexdigest()[:16]
            path = self.directory / f"mutants-{module}-{name}.json"
            if not path.exists():
                path.write_text(json.dumps([asdict(mutant) for mutant in mutants_of(module, source)]))
            self._mutants[module] = [Mutant(**entry) for entry in json.loads(path.read_text())]
        return self._mutants[module]

    def plan(self, modules: Iterable[str]) -> None:
        """Enter the mutants of modules into the data base."""
        known = {item.job_id for item in self._db.work_items}
        mutants = (mutant for module in modules for mutant in self.mutants(module))
        self._db.add_work_items(WorkItem.single(m.id, _spec(m)) for m in mutants if m.id not in known)

    def note(self, mutant: Mutant, found: Found) -> None:
        """Keep what came of a mutant."""
        outcome = TestOutcome.KILLED if found.state == KILLED else TestOutcome.SURVIVED
        result = WorkResult(
            worker_outcome=WorkerOutcome.NORMAL,
            test_outcome=outcome,
            output=json.dumps(asdict(found)),
            diff=f"- {mutant.before}\n+ {mutant.after}",
        )
        with self._lock:
            self._db.set_result(mutant.id, result)

    def found(self) -> dict[str, Found]:
        """All that is known, by mutant."""
        with self._lock:
            return {job: Found(**json.loads(result.output or "{}")) for job, result in self._db.results}

    def counts(self, modules: Iterable[str] = MODULES) -> Counter[str]:
        """How many mutants are in which state; `pending` are those never tried."""
        found = self.found()
        pending = Found("pending")
        return Counter(found.get(m.id, pending).state for module in modules for m in self.mutants(module))

    def note_control(self, failed: list[str], ran: int) -> None:
        """Keep what came of a run of the unchanged manager under the same conditions."""
        with self._lock, (self.directory / "control.jsonl").open("a") as file:
            file.write(json.dumps({"failed": failed, "ran": ran}) + "\n")

    def controls(self) -> list[dict[str, object]]:
        """Those runs."""
        path = self.directory / "control.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _spec(mutant: Mutant) -> MutationSpec:
    return MutationSpec(
        module_path=Path(f"{mutant.module}.py"),
        operator_name=f"core/{mutant.operator}",
        occurrence=mutant.occurrence,
        start_pos=(mutant.line, mutant.column),
        end_pos=(mutant.line, mutant.column + 1),
        definition_name=mutant.definition,
    )
