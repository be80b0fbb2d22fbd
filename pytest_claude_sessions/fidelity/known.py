"""Differences between fake and real that are known, with their reasons: `known.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..claude.release import parse_version
from .difference import Difference

_FILE = Path(__file__).with_name("known.json")


class BadKnown(ValueError):
    """An entry of the known differences that cannot be used."""


@dataclass(frozen=True, slots=True)
class Known:
    """A known difference.

    :param name: how it is called in results
    :param scenarios: patterns of scenario names
    :param since: the first release that has it
    :param until: the last one; None for no end
    :param places: patterns of places in the observation, such as `*/stderr`
    :param reason: why it is there and why it is left
    :param sometimes: it is a race of the real program: a play without it does not make it stale
    """

    name: str
    scenarios: tuple[str, ...]
    since: str
    until: str | None
    places: tuple[str, ...]
    reason: str
    sometimes: bool = False

    def applies(self, scenario: str, release: str) -> bool:
        """Whether it is about a scenario on a release."""
        version = parse_version(release)
        return (
            any(fnmatchcase(scenario, pattern) for pattern in self.scenarios)
            and parse_version(self.since) <= version
            and (self.until is None or version <= parse_version(self.until))
        )

    def covers(self, difference: Difference) -> bool:
        """Whether a difference is this one."""
        return any(fnmatchcase(difference.place, pattern) for pattern in self.places)


def read_known(entries: Iterable[Any] | None = None) -> tuple[Known, ...]:
    """The known differences.

    :param entries: what `known.json` holds; None reads it
    :raises BadKnown: naming the entry that has no reason, an unknown key or a wrong release
    """
    if entries is None:
        entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(_one(entry) for entry in entries)


def _one(entry: Any) -> Known:
    name = entry.get("name")
    unknown = set(entry) - {"name", "scenarios", "since", "until", "places", "reason", "sometimes"}
    if not name or unknown or not entry.get("reason") or not entry.get("scenarios") or not entry.get("places"):
        missing = [key for key in ("name", "scenarios", "places", "reason") if not entry.get(key)]
        raise BadKnown(f"known difference {name!r}: missing {missing}, unknown {sorted(unknown)}")
    for bound in ("since", "until"):
        if entry.get(bound) is not None:
            parse_version(entry[bound])
    return Known(
        name,
        tuple(entry["scenarios"]),
        entry.get("since", "0.0.0"),
        entry.get("until"),
        tuple(entry["places"]),
        entry["reason"],
        bool(entry.get("sometimes", False)),
    )


@dataclass(frozen=True, slots=True)
class Sorted:
    """The differences of one scenario, told apart.

    :param unexplained: those that nothing explains
    :param met: the known ones that occurred
    :param stale: the known ones that did not occur and were to
    """

    unexplained: tuple[Difference, ...]
    met: tuple[Known, ...]
    stale: tuple[Known, ...]


def sort_out(scenario: str, release: str, found: Sequence[Difference], known: Iterable[Known]) -> Sorted:
    """Tell the known differences of a scenario from the others."""
    about = [one for one in known if one.applies(scenario, release)]
    met = [one for one in about if any(one.covers(difference) for difference in found)]
    return Sorted(
        tuple(difference for difference in found if not any(one.covers(difference) for one in about)),
        tuple(met),
        tuple(one for one in about if one not in met and not one.sometimes),
    )
