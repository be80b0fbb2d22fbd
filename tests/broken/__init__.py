"""Managers that are broken on purpose: each must fail the requirement that it was made for, for the right reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Subtle = Literal[
    "",
    "off by one",
    "wrong unit",
    "right id, wrong file",
    "until a restart",
    "until a kill",
    "until something fails",
    "in one process",
    "in one place",
    "for ASCII",
    "the first time",
    "when alone",
    "the usual case",
    "one form of several",
    "one method of several",
    "order of two steps",
    "the word, not the deed",
]
"""In which way, or as far as what, a manager is right that is broken in a subtle way; empty for the plain slip."""


@dataclass(frozen=True)
class Broken:
    """One broken manager.

    :param requirement: the id of the requirement that must catch it
    :param manager: a class on top of the reference, or a factory, that an import finds
    :param message: a fragment of the failure's text
    :param options: more command line options of the run, such as `--claude-release`
    :param subtle: why one does not see it at once; every *must* has a plain slip and a subtle one
    """

    requirement: str
    manager: Any
    message: str
    options: tuple[str, ...] = ()
    subtle: Subtle = ""

    @property
    def spec(self) -> str:
        """What `--claude-manager` takes."""
        return f"{self.manager.__module__}:{self.manager.__qualname__}"
