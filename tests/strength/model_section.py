"""What the model-based runs find, as a section of text from docs/strength/model.json."""

from __future__ import annotations

from collections import Counter
from typing import Any

AREAS = {"STO": "store", "TTL": "ttl", "RES": "resume", "QUA": "quarantine"}
WHY = {
    "ForgetsWhatIsNotSaved": "it takes a disk that fills up while Claude answers",
    "KnowsItsOwnAlone": "it takes a second process at the right moment of a turn",
    "LocksItsThreadsAlone": "it takes two processes in the same few microseconds",
    "LocksTheWriteAlone": "it takes two processes in the same few microseconds",
    "LockFile": "it takes a kill in the same few microseconds",
}
"""Why a manager may be passed by, by its name; of the others nothing is known but that no sequence came upon them."""


def section_of(data: dict[str, Any]) -> list[str]:
    """The section's lines."""
    managers = data["managers"]
    found = [entry for entry in managers if entry["found"]]
    untried = max(0, data.get("of", 0) - len(managers))
    share = _percent(len(found), len(managers))
    lines = [
        f"`--claude-model={data['sequences']}`, with no check beside it, found {len(found)} of {len(managers)} broken",
        f"managers ({share}). One command repeats it: `python -m tests.strength.model_finds --anew`.",
        *([f"**{untried} more are not tried yet.**"] if untried else []),
        "",
        "| capability | broken managers | found | share | median steps |",
        "|---|--:|--:|--:|--:|",
    ]
    for prefix, area in AREAS.items():
        of = [entry for entry in managers if entry["requirement"].startswith(prefix)]
        if not of:
            continue
        steps = sorted(entry["steps"] for entry in of if entry["found"])
        median = steps[len(steps) // 2] if steps else "–"
        lines.append(f"| {area} | {len(of)} | {len(steps)} | {_percent(len(steps), len(of))} | {median} |")
    same = Counter(entry["breaches"] == entry["requirement"] for entry in found)
    lines += [
        "",
        f"{same[True]} of those found breach the very requirement that they were made for; the others show first",
    ]
    lines += ["in another one."]
    missed = [entry for entry in managers if not entry["found"]]
    if missed:
        lines += ["", "Not found:", ""]
        lines += [f"* {entry['requirement']} `{_name(entry)}`: {_why(entry)}" for entry in missed]
    return lines


def _name(entry: dict[str, Any]) -> str:
    return str(entry["manager"]).rpartition(":")[2]


def _why(entry: dict[str, Any]) -> str:
    return WHY.get(_name(entry), "no sequence came upon it")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"
