"""How many crash points a run tried, and how many of them the manager survived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .point import KINDS


class Result(Protocol):
    """What a check found."""

    @property
    def node_id(self) -> str: ...
    @property
    def crash(self) -> Mapping[str, Any] | None: ...


def counted(results: Iterable[Result]) -> dict[str, Any] | None:
    """The counts of all checks that tried points, as the report holds them; None when there are none."""
    series = [{"test": result.node_id, **result.crash} for result in results if result.crash is not None]
    if not series:
        return None
    return {
        "form": ", ".join(sorted({str(entry["form"]) for entry in series})),
        "tried": sum(entry["tried"] for entry in series),
        "survived": sum(entry["survived"] for entry in series),
        "series": sorted(series, key=lambda entry: str(entry["test"])),
    }


def told(crash: Mapping[str, Any]) -> str:
    """The counts in a line."""
    kinds: Counter[str] = Counter()
    for entry in crash["series"]:
        kinds[entry["kind"]] += entry["tried"]
    each = ", ".join(f"{kind} {kinds[kind]}" for kind in KINDS if kinds[kind])
    return f"crash points ({crash['form']}): {crash['tried']} tried, {crash['survived']} survived ({each})"
