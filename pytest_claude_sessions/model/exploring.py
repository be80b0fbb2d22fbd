"""The search: hypothesis draws sequences, each is tried once, and the one that fails is made short."""

from __future__ import annotations

import contextlib
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
    directory: Path,
) -> Search:
    """Try sequences until one fails, and make that one short.

    :param attempt: tries one
    :param capabilities: that are judged
    :param count: how many sequences
    :param longest: most steps of one
    :param seed: the same one gives the same sequences
    :param directory: where hypothesis may write
    """
    import hypothesis

    from .drawing import sequences

    known: dict[Sequence, Found | None] = {}
    first: list[int] = []

    def run(sequence: Sequence) -> None:
        if sequence not in known:
            if first and len(known) >= first[0] + SHRINKS:
                return  # as good as it gets: what was not tried counts as held
            known[sequence] = attempt(sequence)
            if known[sequence] is not None and not first:
                first.append(len(known))
        found = known[sequence]
        if found is not None:
            raise found

    test: Any = hypothesis.given(sequences(capabilities, moves_the_clock=moves_the_clock, longest=longest))(run)
    test = hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )(hypothesis.seed(seed)(test))
    with _written_to(directory):
        try:
            test()
        except Found as found:
            shortest = next(sequence for sequence, what in known.items() if what is found)
            again = attempt(shortest)
            if again is not None:
                found = again
            return Search(len(known), found, first[0], again is not None)
    return Search(len(known))


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
