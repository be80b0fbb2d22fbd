"""One try: the steps of a sequence done to a manager in a fresh world, the model beside it."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..door import Refusal
from ..environment import Environment
from ..suite.handle import ManagerHandle
from ..suite.judgement import Breach, CouldNotRun, Judgement, NotApplicable
from ..suite.trial import Trial
from .expectation import Expectation
from .sequence import KEYS, PLACES, PROMPTS, Sequence, Skip
from .story import Story, shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

HERE, BESIDE, PROCESS = range(3)
"""Which manager does a step: the one that runs, a second one beside it, or one in a process of its own."""

_BY = ("", " by a second manager", " by a manager in another process")


class Found(Breach):
    """Something does not hold.

    :param requirement: the id of what is breached
    :param step: what kind of step it was
    """

    def __init__(self, requirement: str, expected: str, seen: str, story: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join(f"{number}. {line}" for number, line in enumerate(story, 1)), expected, seen)
        self.requirement = requirement
        self.story = story


class Muted(Judgement):
    """What was found is not judged in this run; the try ends there."""


class Walk:
    """The state of a try.

    :param trial: the world
    :param sequence: what to do
    :param judged: whether a requirement is judged in this run
    """

    def __init__(self, trial: Trial, sequence: Sequence, judged: Callable[[str], bool]) -> None:
        self.trial = trial
        self.sequence = sequence
        self.story = Story(trial.root)
        self.capabilities = trial.capabilities
        self.expect = Expectation(ages="ttl" in self.capabilities)
        self.law = "STO-01"
        self.laws: dict[str, Callable[[], None]] = {}
        self.dispatched: set[str] = set()
        self.marks: list[bytes] = []
        self.aside: list[tuple[Path, bytes]] = []
        self.left_out: list[str] = []
        self.clock_moves = any(getattr(step, "moves_the_clock", False) for step in sequence.steps)
        self._judged = judged
        self._forced = ""
        self._others: dict[int, ManagerHandle] = {}
        self._prompts = 0
        self.settings: dict[str, Any] = {}
        self.epoch = 0
        self.touched: dict[str, None] = {}

    # ------------------------------------------------------------------ doing
    def walk(self) -> None:
        """Do the steps, and look at everything once more at the end.

        :raises Found: when something does not hold
        """
        try:
            if self.clock_moves:
                _ = self.trial.clock
                self.restarted()
            for step in self.sequence.steps:
                self._do(step.run)
            self._do(lambda walk: walk.end())
        except Found as found:
            expected, seen = self.story.plain(found.expected), self.story.plain(found.seen)
            raise Found(found.requirement, expected, seen, self.story.lines) from None

    def _do(self, run: Callable[[Walk], None]) -> None:
        self.law = "STO-01"
        try:
            run(self)
            for law in list(self.laws.values()):
                law()
        except Skip:
            return
        except (CouldNotRun, NotApplicable) as reason:
            self.left_out.append(str(reason))
        except Found as found:
            if not self._judged(found.requirement):
                raise Muted from None
            raise
        except (Breach, Refusal) as end:
            if not self._judged(self.law):
                raise Muted from None
            expected, seen = ("an answer", str(end)) if isinstance(end, Refusal) else (end.expected, end.seen)
            raise Found(self.law, expected, seen) from None

    def end(self) -> None:
        """After a last restart every key gives what it must, and one that nobody used nothing."""
        keys = list(self.touched)
        if not keys:
            raise Skip
        self.say("the manager is restarted, and every key is read")
        self.restarted()
        for key in [*keys, "a key that nobody used"]:
            self.read(key)

    def restarted(self, environment: Environment | None = None) -> ManagerHandle:
        """Start the manager anew."""
        self.drop_others()
        manager = self.trial.restart(environment)
        self.expect.started(self.now)
        return manager

    def stop(self) -> None:
        """End every manager."""
        self.drop_others()
        self.trial.stop()

    def manager(self, where: int = HERE) -> ManagerHandle:
        """The manager that does a step."""
        if where == HERE:
            return self.trial.manager
        if where not in self._others:
            self._others[where] = self.trial.another() if where == BESIDE else self.trial.process()
            self.expect.started(self.now)
        return self._others[where]

    def kill_other(self) -> None:
        """SIGKILL to the one in another process.

        :raises Skip: when there is none
        """
        if PROCESS not in self._others:
            raise Skip
        self.trial.killed(self._others.pop(PROCESS))

    def drop_others(self) -> None:
        """End the managers beside the first; the world may change under them."""
        for manager in self._others.values():
            self.trial.end(manager)
        self._others.clear()

    # ------------------------------------------------------------------ telling and judging
    def say(self, text: str, where: int = HERE) -> None:
        """Tell a step."""
        self.story.say(text + _BY[where])

    def add(self, text: str) -> None:
        """Tell what came of it."""
        self.story.add(text)

    def hold(self, requirement: str, holds: bool, *, expected: str, seen: object) -> None:
        """Go on when it holds.

        :raises Found: when it does not
        """
        if not holds:
            raise Found(self._forced or requirement, expected, seen if isinstance(seen, str) else repr(seen))

    def names(self, requirement: str, session_id: str | None, expected: str) -> None:
        """Go on when this is the id of the conversation that is meant.

        :raises Found: when it is not
        """
        self.hold(requirement, session_id == expected, expected=f"the id {expected}", seen=f"{session_id}")

    @contextmanager
    def under(self, law: str) -> Iterator[None]:
        """What is breached when a call in the block is not answered at all."""
        earlier, self.law = self.law, self._forced or law
        yield
        self.law = earlier

    @contextmanager
    def all_under(self, law: str) -> Iterator[None]:
        """What is breached in the block, whatever it is that does not hold."""
        self.law = self._forced = law
        try:
            yield
        finally:
            self._forced = ""

    # ------------------------------------------------------------------ the world
    @property
    def now(self) -> int:
        """The time in epoch ms, as the manager sees it."""
        if self.clock_moves:
            return (self.trial.clock.now() - _EPOCH) // _MS
        return int(time.time() * 1000)

    def key(self, number: int) -> str:
        """A key of this sequence."""
        names = KEYS[self.sequence.keys]
        name = names[number % len(names)]
        self.touched[name] = None
        return name

    def place(self, number: int) -> Path:
        """A working directory of this sequence, made when it is not there and was not removed."""
        names = PLACES[self.sequence.places]
        path = self.trial.root / "work" / names[number % len(names)]
        if not path.exists() and path not in self.removed:
            path.mkdir(parents=True)
        return path

    removed: frozenset[Path] = frozenset()

    def prompt(self) -> str:
        """A prompt that was not used yet."""
        self._prompts += 1
        return PROMPTS[self.sequence.prompts].format(number=self._prompts)

    def restarted_with(self, text: str, **settings: Any) -> None:
        """Start anew with other settings."""
        self.settings.update(settings)
        self.epoch += 1
        self.restarted(self.trial.environment.with_settings(**settings))

    def read(self, key: str, where: int = HERE) -> str | None:
        """Read a key and judge what it gives."""
        manager = self.manager(where)
        before = self.now
        self.expect.called(before)
        row = self.expect.rows.get(key)
        if row is not None:
            self.expect.looked_at(row, self.now)
        allowed, law = self.expect.offered(key, before)
        with self.under(law):
            seen = manager.get_session(key)
        told = " or ".join(sorted(map(str, allowed)))
        self.hold(law, seen in allowed, expected=f"{shown(key)} gives {told}", seen=f"it gives {seen!r}")
        if row is not None:
            if self.expect.must_be_stale(row, before):
                self.expect.gone(row, "TTL-01")
            else:
                row.allowed = {seen}
                if seen is not None and self.expect.ages:
                    row.low = max(row.low, int(before - self.expect.limit_ms))
        return seen

    def private_files(self) -> None:
        """Files in the state directory are their owner's alone (STO-12)."""
        for path in sorted(self.trial.environment.state_dir.rglob("*")):
            if path.is_file() and not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                self.hold(
                    "STO-12", not mode & 0o077, expected=f"{path} for its owner alone", seen=f"its mode is {mode:04o}"
                )
