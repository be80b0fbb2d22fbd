"""What a release of the `claude` program does, as data: `releases.json` read for one version.

`releases.json` maps a facet to a list of entries `{"since": "x.y.z", "value": ..., "observed": [releases]}`. A
version behaves as the newest entry that is not newer than it; an older version than the first entry behaves as the
first. A facet such as `text:in_use` is a part of a whole, here of `texts`, so that each text has ranges of its own; a
part that is null is not there. Nothing else in the fake asks for a version number.
"""

from __future__ import annotations

import os

from .json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NEWEST = "2.1.330"
OBSERVED = (
    "1.0.0",
    "1.0.31",
    "1.0.98",
    "1.0.128",
    "2.0.0",
    "2.0.77",
    "2.1.0",
    "2.1.50",
    "2.1.112",
    "2.1.114",
    "2.1.160",
    "2.1.329",
    "2.1.330",
)

WHOLES = {"text": "texts", "api_error": "api_errors", "hook": "hooks", "host_hook": "host_hooks"}
"""What facets begin with that are parts -> the whole that they are parts of."""

_TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "releases.json")
_READ: dict[str, list[dict[str, Any]]] = {}
"""The table, once it was read; nobody changes it."""
_MADE: dict[str, Release] = {}
"""The releases that were asked for: a suite of tests asks for the same one thousands of times."""


class UnknownRelease(ValueError):
    """A text that names no release.

    :ivar given: what was asked for.
    :ivar nearest: the observed release whose name is closest, to offer to the reader.
    """

    def __init__(self, given: str) -> None:
        self.given = given
        self.nearest = _nearest(given)
        super().__init__(
            f"{given!r} is not a release of claude: expected three numbers such as {NEWEST!r}, "
            f"the nearest known one is {self.nearest!r} (known: {', '.join(OBSERVED)})"
        )


class Release:
    """One release of the `claude` program.

    :ivar version: the version as asked for, also when it is none of the observed ones.
    :ivar behaviour: facet -> value, as `releases.json` has it for that version.
    """

    __slots__ = ("behaviour", "version")

    version: str
    behaviour: Mapping[str, Any]

    def __init__(self, version: str, behaviour: Mapping[str, Any]) -> None:
        self.version = version
        self.behaviour = behaviour

    @classmethod
    def of(cls, version: str) -> Release:
        """The release of that name.

        :param version: three numbers and dots, such as "2.1.112"; any release, observed or not.
        :raises UnknownRelease: when it is not of that form.
        """
        made = _MADE.get(version)
        if made is None:
            wanted = parse_version(version)
            made = cls(version, _behaviour(wanted))
            _MADE[version] = made
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Release) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        return f"Release.of({self.version!r})"


def parse_version(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by.

    :raises UnknownRelease: when it is not three numbers and dots.
    """
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UnknownRelease(version)
    return tuple(int(part) for part in parts)


def _table() -> dict[str, list[dict[str, Any]]]:
    if not _READ:
        with open(_TABLE, encoding="utf-8") as file:
            _READ.update(loads(file.read()))
    return _READ


def _behaviour(wanted: tuple[int, ...]) -> dict[str, Any]:
    behaviour: dict[str, Any] = {whole: {} for whole in WHOLES.values()}
    for facet, entries in _table().items():
        value = _value(entries, wanted)
        kind, _, part = facet.partition(":")
        if kind not in WHOLES:
            behaviour[facet] = value
        elif value is not None:
            behaviour[WHOLES[kind]][part] = value
    return behaviour


def _value(entries: list[dict[str, Any]], wanted: tuple[int, ...]) -> Any:
    # From the newest on: that is what is asked for most.
    for entry in reversed(entries[1:]):
        if parse_version(entry["since"]) <= wanted:
            return entry["value"]
    return entries[0]["value"]


def _nearest(given: str) -> str:
    # The longest common beginning, the newer one first: "2.1.x" is answered with the newest 2.1.
    return max(reversed(OBSERVED), key=lambda known: _common(known, given.strip("v ")))


def _common(one: str, other: str) -> int:
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return length
