"""A sequence of steps as plain data, the names in it, and what a step is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from .walk import Walk

KEYS: tuple[tuple[str, ...], ...] = (
    ("alpha", "beta", "gamma"),
    ("alpha", "Alpha", "ALPHA"),
    ("caf\u00e9", "cafe\u0301", "cafe"),
    ("alpha", " alpha", "alpha "),
    ("alpha", "alpha\n", "alpha\t"),
    ("k" * 10_000, "k" * 9_999, "k" * 9_999 + "j"),
    ("a/b", "a-b", "a\\b"),
    ("a\x01", "a\x02", "a"),
    ("--resume", "../beta", "__proto__"),
)
"""Keys that a careless store takes for one another; the first are plain."""

PLACES: tuple[tuple[str, ...], ...] = (
    ("here", "there"),
    ("with some spaces", "v1.2.3"),
    ("snake_case_dir", "Übergröße-文档"),
)
"""Working directories."""

PROMPTS = (
    "prompt {number}",
    "--resume evil {number}",
    "prompt\n\tof two  lines {number}",
    'it\'s "quoted" $(touch pwned) `touch pwned`; touch pwned {number}',
    "Ünïcödé 🦊 {number}",
)
"""How prompts read; each holds its number, so that no two are the same."""

WORKSPACES = tuple(f"a1b2c3d4-0000-4000-8000-00000000000{number}" for number in range(1, 4))


class Skip(Exception):
    """The step makes no sense where it stands, or the machine lacks what it takes; it is left out."""


class Step(Protocol):
    """Something that is done to the manager or its world, as data: equal steps do the same.

    `needs` names the capabilities without which it is never drawn.
    """

    needs: ClassVar[frozenset[str]]

    def run(self, walk: Walk) -> None:
        """Do it, tell it, and judge what came of it.

        :raises Skip: when there is nothing to do
        :raises Found: when something does not hold
        """


@dataclass(frozen=True, slots=True)
class Sequence:
    """What one try consists of.

    :param steps: in their order
    :param keys: which of :data:`KEYS`
    :param places: which of :data:`PLACES`
    :param prompts: which of :data:`PROMPTS`
    """

    steps: tuple[Step, ...]
    keys: int = 0
    places: int = 0
    prompts: int = 0
