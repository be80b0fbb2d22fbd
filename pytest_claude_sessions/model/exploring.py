"""The search: hypothesis draws sequences, each is tried once, and the one that fails is made short."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sequence import Sequence
from .walk import Found

SHRINKS = 100
"""How many sequences are tried to make the failing one shorter."""

Try = Callable[[Sequence], Found | None]


@dataclass(frozen=True, slots=True)
class Search:
    """What a search came to.

    :param tried: how many sequences
    :param found: what does not hold, in its shortest form; None when all held
    :param at: the number of the sequence that showed it first
    :param again: whether it showed again when the shortest sequence was tried once more
    """

    tried: int
    found: Found | None = None
    at: int = 0
    again: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the report."""
        data: dict[str, Any] = {"tried": self.tried}
        if self.found is not None:
            data |= {"breaches": self.found.requirement, "sequence": self.at, "steps": len(self.found.story)}
            data |= {"story": list(self.found.story), "expected": self.found.expected, "seen": self.found.seen}
        return data


def search(
    attempt: Try,
    capabilities: Iterable[str],
    *,
    count: int,
    longest: int,
    seed: int,
    moves_the_clock: bool,
    quick: bool,
    directory: Path,
) -> Search:
    """Try sequences until one fails, and make that one short; each theme has its share, the slow ones come last.

    :param attempt: tries one
    :param capabilities: that are judged
    :param count: how many sequences
    :param longest: most steps of one
    :param seed: the same one gives the same sequences
    :param quick: leave out what starts many processes
    :param directory: where hypothesis may write
    """
    from .drawing import strategies

    themes = strategies(capabilities, moves_the_clock=moves_the_clock, longest=longest, quick=quick)
    random.Random(seed).shuffle(themes)
    themes.sort(key=lambda theme: theme.slow)
    shares = _shares(count, [theme.share for theme in themes])
    tried = 0
    with _written_to(directory):
        for number, (theme, share) in enumerate(zip(themes, shares, strict=True)):
            if share:
                search = _Theme(attempt, tried).run(theme.strategy, share, seed * 1000 + number)
                if search.found is not None:
                    return search
                tried = search.tried
    return Search(tried)


def _shares(count: int, weights: list[int]) -> list[int]:
    """A number in parts that are as their weights, as far as whole numbers can be."""
    ends = [round(count * sum(weights[: number + 1]) / sum(weights)) for number in range(len(weights))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


class _Theme:
    """The search in one theme; what was tried is remembered, so that no sequence is tried twice."""

    def __init__(self, attempt: Try, tried: int) -> None:
        self._attempt = attempt
        self._before = tried
        self._known: dict[Sequence, Found | None] = {}
        self._first = 0
        self._begun = False

    def run(self, strategy: Any, count: int, seed: int) -> Search:
        """Try so many of them."""
        import hypothesis

        given: Any = hypothesis.given
        drawn = given(strategy)(self._one)
        settings: Any = hypothesis.settings
        with_settings = settings(
            max_examples=count + 1,
            database=None,
            deadline=None,
            phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
            suppress_health_check=list(hypothesis.HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        seeded = hypothesis.seed(seed)
        test: Any = with_settings(seeded(drawn))
        try:
            test()
        except Found as found:
            shortest = next(sequence for sequence, what in self._known.items() if what is found)
            again = self._attempt(shortest)
            return Search(
                self._before + len(self._known), again or found, self._before + self._first, again is not None
            )
        return Search(self._before + len(self._known))

    def _one(self, sequence: Sequence) -> None:
        if not self._begun:
            self._begun = True
            return  # hypothesis begins with the least that there is, which tells next to nothing
        if not sequence.steps:
            return
        if sequence not in self._known:
            if self._first and len(self._known) >= self._first + SHRINKS:
                return  # as short as it gets: what was not tried counts as held
            self._known[sequence] = self._attempt(sequence)
            if self._known[sequence] is not None and not self._first:
                self._first = len(self._known)
        found = self._known[sequence]
        if found is not None:
            raise found


@contextlib.contextmanager
def _written_to(directory: Path) -> Iterator[None]:
    """Let hypothesis keep its files there, not in the user's directory."""
    from hypothesis import configuration

    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(directory)
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(before)
