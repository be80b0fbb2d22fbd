"""Where two observations differ, and how that is shown to a reader."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class _Absent:
    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Any = _Absent()
"""Stands where one side has nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which fake and real differ.

    :param place: steps and keys from the outside in, joined by "/"
    :param fake: what the fake did there
    :param real: what the real program did there
    """

    place: str
    fake: Any
    real: Any

    def __str__(self) -> str:
        lines = [f"{self.place}:"]
        ours, theirs = _lines(self.fake), _lines(self.real)
        if len(ours) == len(theirs) == 1:
            return "\n".join([*lines, f"  - fake: {ours[0]}", f"  + real: {theirs[0]}"])
        diff = list(difflib.unified_diff(ours, theirs, "fake", "real", lineterm="", n=2))
        return "\n".join([*lines, *("  " + line for line in diff if not line.startswith("@@"))])


def differences(fake: Any, real: Any, place: str = "") -> list[Difference]:
    """Every place in which two JSON values differ, as deep as both have the same shape."""
    if fake == real:
        return []
    # What one side lacks altogether is told part by part, so that each part can be known by itself.
    if fake is ABSENT and isinstance(real, Mapping) and real:
        fake = {}
    if real is ABSENT and isinstance(fake, Mapping) and fake:
        real = {}
    if isinstance(fake, Mapping) and isinstance(real, Mapping):
        found: list[Difference] = []
        for key in [*fake, *(key for key in real if key not in fake)]:
            found += differences(fake.get(key, ABSENT), real.get(key, ABSENT), f"{place}/{key}" if place else str(key))
        return found
    if isinstance(fake, list) and isinstance(real, list) and len(fake) == len(real):
        found = []
        for number, (one, other) in enumerate(zip(fake, real, strict=True)):
            found += differences(one, other, f"{place}/{number}")
        return found
    return [Difference(place, fake, real)]


def _lines(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_text(part) for part in value] or ["[]"]
    if isinstance(value, Mapping):
        return [f"{key}: {_text(part)}" for key, part in value.items()] or ["{}"]
    return [_text(value)]


def _text(value: Any) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
