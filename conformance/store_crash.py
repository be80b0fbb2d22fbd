"""Checks of `store` with several processes at work, and with one that is killed while it writes (STO-05, STO-06)."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

WRITERS = 4
KEYS_EACH = 30


# ---------------------------------------------------------------------- several writers
@check("STO-05")
def writers_lose_nothing(trial: Trial) -> None:
    """Four processes write their own keys at once; a fifth reads all of them."""
    ids = _write_at_once(trial)
    reader = trial.process()
    lost = [key for key, session_id in ids.items() if reader.get_session(key) != session_id]
    trial.judge(
        not lost,
        given=f"{WRITERS} processes, released together, that write {KEYS_EACH} keys each",
        expected=f"all {len(ids)} ids, read by a further process",
        seen=f"{len(lost)} lost or wrong: {', '.join(lost[:8])}",
    )


@check("STO-05")
def writers_hide_nothing_meanwhile(trial: Trial) -> None:
    """While four processes write, a further one finds an id that was there before, each time it looks."""
    early = trial.new_id()
    trial.manager.set_session("early", early)
    reader = trial.process()
    writing = trial.background(lambda: _write_at_once(trial))
    seen = []
    while not writing.done_within(0):
        seen.append(reader.get_session("early"))
    writing.result()
    wrong = [other for other in seen if other != early]
    given = f"an id stored before {WRITERS} processes write theirs, read {len(seen)} times meanwhile by a further one"
    trial.judge(not wrong, given=given, expected=f"always {early}", seen=f"{len(wrong)} times {wrong[:1]}")
    trial.equal(reader.get_session("early"), early, given="an id stored before others wrote, read when they are done")


def _write_at_once(trial: Trial) -> dict[str, str]:
    """Several processes write, released together; what they wrote."""
    managers = [trial.manager, *(trial.process() for _ in range(WRITERS - 1))]
    ids = {f"writer-{w}-key-{k}": trial.new_id() for w in range(WRITERS) for k in range(KEYS_EACH)}

    def writer(number: int, manager: ManagerHandle) -> Callable[[], None]:
        def write() -> None:
            for key, session_id in ids.items():
                if key.startswith(f"writer-{number}-"):
                    manager.set_session(key, session_id)

        return write

    trial.together(*(writer(*pair) for pair in enumerate(managers)))
    return ids


# ---------------------------------------------------------------------- a killed writer
Sizes = dict[Path, tuple[int, int]]

# What the disk has to show for the kill to come: the sizes and time stamps at one look and at the next.
KILL_MOMENTS: dict[str, Callable[[Sizes, Sizes], bool]] = {
    "between-two-answers": lambda before, now: True,
    "a-file-has-shrunk": lambda before, now: any(p in now and now[p][0] < size for p, (size, _) in before.items()),
    "a-file-has-come": lambda before, now: not now.keys() <= before.keys(),
    "a-file-has-gone": lambda before, now: not before.keys() <= now.keys(),
    "a-file-has-changed": lambda before, now: any(p in now and now[p] != was for p, was in before.items()),
}
KILLS = 4
AT_MOST_ANSWERS = 12
"""A store that never shows the moment is killed after so many further answers."""
# Long keys make the store large, and its writes last.
CRASH_KEYS = tuple(f"{number:03d}-{'x' * 8000}" for number in range(20))


@check("STO-06", cases=KILL_MOMENTS)
def a_killed_writer_leaves_old_or_new(trial: Trial, moment: Callable[[Sizes, Sizes], bool]) -> None:
    """A process is killed again and again while it writes; each key has its old or its new id, none is gone."""
    book = Book(trial)
    writer = trial.process()
    for key in CRASH_KEYS:
        book.write(writer, key)
    for kill in range(KILLS):
        with book.written_over_and_over(writer):
            book.wait_for_answers(kill)
            book.wait_for_moment(moment)
        writer = trial.process()
        for key in CRASH_KEYS:
            allowed = book.allowed(key)
            seen = writer.get_session(key)
            trial.judge(
                seen in allowed,
                given=f"{len(CRASH_KEYS)} ids, and the process killed while it writes them anew (kill {kill + 1})",
                expected=f"key {key[:3]} has its {' or its new id '.join(allowed)}",
                seen=f"{seen}",
            )
            book.stored[key] = str(seen)


class Book:
    """What was stored, and what was being stored when the process was killed."""

    def __init__(self, trial: Trial) -> None:
        self.stored: dict[str, str] = {}
        self._trial = trial
        self._under_way: dict[str, str] = {}
        self._change = threading.Condition()
        self._answers = 0
        self._over = False

    def write(self, manager: ManagerHandle, key: str) -> None:
        """Store a new id for a key, and note it when it is answered."""
        self._under_way[key] = self._trial.new_id()
        manager.set_session(key, self._under_way[key])
        self.stored[key] = self._under_way.pop(key)
        with self._change:
            self._answers += 1
            self._change.notify_all()

    def allowed(self, key: str) -> list[str]:
        """The ids that a key may have now: the one answered last, and the one that was under way."""
        return [self.stored[key], *filter(None, [self._under_way.get(key)])]

    @contextlib.contextmanager
    def written_over_and_over(self, manager: ManagerHandle) -> Iterator[None]:
        """Two threads write the keys anew without end; at the end of the block the process is killed."""
        self._under_way.clear()
        self._answers, self._over = 0, False
        halves = (CRASH_KEYS[::2], CRASH_KEYS[1::2])
        threads = [self._trial.background(partial(self._write_on, manager, keys)) for keys in halves]
        yield
        self._over = True
        self._trial.killed(manager)
        for thread in threads:
            thread.result()

    def wait_for_answers(self, number: int) -> None:
        """Wait until so many writes are answered."""
        with self._change:
            self._change.wait_for(lambda: self._over or self._answers >= number)

    def wait_for_moment(self, moment: Callable[[Sizes, Sizes], bool]) -> None:
        """Wait until the disk shows the moment; a store that never does has so many more answers."""
        state_dir = self._trial.environment.state_dir
        last = self._answers + AT_MOST_ANSWERS
        before = _sizes(state_dir)
        while self._answers < last and not self._over:
            now = _sizes(state_dir)
            if moment(before, now):
                return
            before = now

    def _write_on(self, manager: ManagerHandle, keys: Sequence[str]) -> None:
        for key in itertools.cycle(keys):
            try:
                self.write(manager, key)
            except Exception:
                if self._over:  # the kill ended the call that was under way
                    return
                with self._change:
                    self._over = True
                    self._change.notify_all()
                raise


def _sizes(directory: Path) -> Sizes:
    found: Sizes = {}
    for path in directory.rglob("*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return found
