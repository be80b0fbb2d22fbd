"""The mutation score: `python -m tests.strength.mutation` changes the reference manager and lets the suite find it.

A mutant is killed when a conformance run on it has an item that does not pass; the project's unit tests have no say.
Interrupted, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import py_compile
import queue
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from .mutants import MODULES, Mutant, source_of, text_of
from .mutation_data import load_judged, reason_for, write_data
from .mutation_session import KILLED, OPEN, SURVIVED, Found, MutationSession
from .project_copy import PACKAGE, ROOT, start_worker
from .reach import Reach
from .runs import Ran, Request, asked, requirement_of

SESSION = ROOT / ".strength" / "mutation"
FIRST_S = 15.0
"""Of the items that touch a mutant, how many seconds' worth are tried before all mutants have been tried once."""
CONTROL_EVERY = 40
_MANY = 60
_SEEN = ("failed", "warned", "harness-error", "could-not-run")


class Worker(threading.Thread):
    """Tries mutants, one after another, in a copy of its own."""

    def __init__(self, number: int, measure: Measure, work: queue.SimpleQueue[tuple[Mutant, bool]]) -> None:
        super().__init__(daemon=True)
        self._measure = measure
        self._work = work
        self._copy = measure.session.copy_of(number)
        self._scratch = Path(tempfile.mkdtemp(prefix="cs-"))
        self._process = start_worker(self._copy, self._scratch)
        self._stamp = 1_000_000_000
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            number = 0
            while True:
                try:
                    mutant, thorough = self._work.get_nowait()
                except queue.Empty:
                    break
                number += 1
                self._try(mutant, thorough=thorough, control=number % CONTROL_EVERY == 0)
        except BaseException as error:
            self.error = error
        finally:
            self._process.__exit__(None, None, None)
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _try(self, mutant: Mutant, *, thorough: bool, control: bool) -> None:
        measure = self._measure
        source = source_of(measure.session.copy, mutant.module)
        items = measure.order(mutant, source)
        if not thorough:
            items = measure.within(items, FIRST_S)
        self._put(mutant.module, text_of(mutant, source))
        try:
            ran = asked(self._process, measure.request(items))
        finally:
            self._put(mutant.module, source)
        found = judge(ran, complete=thorough or len(items) == len(measure.order(mutant, source)))
        measure.session.note(mutant, found)
        measure.told(mutant, found)
        if control:
            ran = asked(self._process, measure.request(measure.within(items, FIRST_S)))
            bad = [name for name, result in ran.results.items() if result[0] in _SEEN]
            measure.session.note_control(bad or ([] if ran.results else [ran.end]), len(ran.results))

    def _put(self, module: str, text: str) -> None:
        """Write the module, with a time stamp of its own: a compiled text of another mutant must not pass for it."""
        path = self._copy / PACKAGE / f"{module}.py"
        path.write_text(text, "utf-8")
        self._stamp += 1
        os.utime(path, (self._stamp, self._stamp))
        py_compile.compile(str(path), quiet=2)


class Measure:
    """One call of the command: what is to be tried, in which order."""

    def __init__(self, session: MutationSession, reach: Reach) -> None:
        self.session = session
        self._reach = reach
        self._kills: dict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()
        self._done = 0
        self._begun = time.monotonic()
        self._total = 0
        by_id = {mutant.id: mutant for module in MODULES for mutant in session.mutants(module)}
        for name, found in session.found().items():
            if name in by_id and found.state == KILLED:
                self._count(by_id[name], found.by)

    def _count(self, mutant: Mutant, by: str) -> None:
        self._kills[mutant.module][by] += 1
        self._kills[f"{mutant.module} {mutant.definition}"][by] += 1

    def order(self, mutant: Mutant, source: str) -> list[str]:
        """The items that touch a mutant: first what killed its neighbours, then the quickest of each requirement."""
        near = self._kills[f"{mutant.module} {mutant.definition}"]
        far = self._kills[mutant.module]
        seconds = self._reach.seconds
        items = self._reach.items_for(mutant, source)
        first = {name for name, _ in near.most_common(8)} | {name for name, _ in far.most_common(4)}
        ranks: Counter[str] = Counter()
        order: dict[str, tuple[float, ...]] = {}
        for name in sorted(items, key=lambda name: (seconds[name], name)):
            requirement = requirement_of(name)
            order[name] = (0, -near[name], -far[name]) if name in first else (1, ranks[requirement], seconds[name])
            ranks[requirement] += 1
        return sorted(items, key=lambda name: (*order[name], name))

    def within(self, items: list[str], budget_s: float) -> list[str]:
        """As many of the items as take that long, at least one."""
        chosen: list[str] = []
        for name in items:
            budget_s -= self._reach.seconds[name] + 0.01
            if chosen and budget_s < 0:
                break
            chosen.append(name)
        return chosen

    def request(self, items: list[str]) -> Request:
        """A run of these items."""
        requirements = sorted(set(map(requirement_of, items)))
        expected = sum(self._reach.seconds[name] for name in items)
        return Request(
            "reference",
            items,
            requirements if len(requirements) <= _MANY else [],
            timeout_s=90 + 6 * expected,
        )

    def told(self, mutant: Mutant, found: Found) -> None:
        """Say how far it is."""
        with self._lock:
            self._done += 1
            if found.state == KILLED and "::" in found.by:
                self._count(mutant, found.by)
            seconds = time.monotonic() - self._begun
            rest = (self._total - self._done) * seconds / self._done / 60
            place = f"{mutant.module}:{mutant.line} {mutant.operator}"
            print(
                f"{self._done}/{self._total} {place}: {found.state} {found.by} "
                f"({found.ran} items, {found.seconds:.1f} s; {rest:.0f} min left)",
                flush=True,
            )

    def run(self, work: list[Mutant], *, thorough: bool, jobs: int) -> None:
        """Try these mutants."""
        self._done, self._total, self._begun = 0, len(work), time.monotonic()
        waiting: queue.SimpleQueue[tuple[Mutant, bool]] = queue.SimpleQueue()
        for mutant in work:
            waiting.put((mutant, thorough))
        workers = [Worker(number, self, waiting) for number in range(1, jobs + 1)] if work else []
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for worker in workers:
            if worker.error is not None:
                raise worker.error


def judge(ran: Ran, *, complete: bool) -> Found:
    """What a run says of its mutant.

    :param complete: whether all items that touch it were asked for
    """
    for name, (verdict, message, _) in ran.results.items():
        if verdict in _SEEN:
            return Found(KILLED, name, verdict, message[:600], len(ran.results), ran.seconds)
    state = SURVIVED if complete else OPEN
    by, message = "", ""
    if ran.end == "time-out":
        state, by = KILLED, "time-out"
    elif ran.end.startswith("signal") or ran.end == "exit 99":
        state, by = KILLED, "crash"
        message = f"{ran.end} {ran.output[-300:]}"
    elif not ran.results:
        state, by = KILLED, "no start"
        message = ran.output[-600:]
    return Found(state, by, "", message, len(ran.results), ran.seconds)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.mutation", description=__doc__)
    parser.add_argument("--session", type=Path, default=SESSION, help="the directory of what is known so far")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="workers (default: one a processor)")
    parser.add_argument("--commit", help="copy this commit instead of the checkout as it is")
    parser.add_argument("--renew", action="store_true", help="take the project anew, and keep what is known")
    parser.add_argument(
        "--again", choices=("survivors", "all"), help="try those once more, after a change of the suite"
    )
    parser.add_argument("--modules", nargs="+", choices=MODULES, default=list(MODULES), metavar="MODULE")
    parser.add_argument("--write", action="store_true", help="only turn what is known into docs/strength/mutation.json")
    given = parser.parse_args()

    session = MutationSession(given.session, given.commit)
    if given.renew:
        session.renew(given.commit)
    if given.write:
        print(write_data(session))
        return
    with tempfile.TemporaryDirectory(prefix="cs-") as scratch:
        reach = session.reach(Path(scratch))
    session.plan(given.modules)
    measure = Measure(session, reach)

    def chosen(wanted: Callable[[str], bool]) -> list[Mutant]:
        known = session.found()
        states = (
            (m, known[m.id].state if m.id in known else "") for name in given.modules for m in session.mutants(name)
        )
        return [mutant for mutant, state in states if wanted(state)]

    if given.again == "survivors":
        measure.run(chosen(lambda state: state == SURVIVED), thorough=True, jobs=given.jobs)
    judged = load_judged()
    first = chosen(lambda state: not state or given.again == "all")
    first.sort(key=lambda mutant: bool(reason_for(mutant, judged)))  # of those nothing new is expected
    measure.run(first, thorough=False, jobs=given.jobs)
    left = [mutant for mutant in chosen(lambda state: state == OPEN) if not reason_for(mutant, judged)]
    measure.run(left, thorough=True, jobs=given.jobs)
    print(write_data(session))


if __name__ == "__main__":
    main()
