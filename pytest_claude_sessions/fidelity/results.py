"""What was played, with its date: a row a release, and `tests/fidelity/results.json` that keeps the rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..claude.release import parse_version
from .play import Played

SCHEMA = 1


class BadResults(ValueError):
    """The file of results cannot be read."""


def row(release: str, source: str, played: Iterable[Played]) -> dict[str, Any]:
    """What one release did, as data.

    :param source: where the program came from, "sdk" or "npm"
    """
    today = datetime.now(UTC).date().isoformat()
    played = list(played)
    return {
        "release": release,
        "source": source,
        "date": today,
        "met": {known.name: today for one in played for known in one.known},
        "scenarios": {one.scenario: _entry(one, today) for one in sorted(played, key=lambda one: one.scenario)},
    }


def _entry(one: Played, today: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"outcome": one.outcome, "date": today}
    if one.known:
        entry["known"] = sorted(known.name for known in one.known)
    if one.reason:
        entry["reason"] = one.reason
    if one.unexplained:
        entry["differences"] = [str(difference) for difference in one.unexplained]
    if one.stale:
        entry["stale"] = [known.name for known in one.stale]
    if one.real:
        entry["real"] = {step: in_short(seen) for step, seen in one.real.items()}
    return entry


def in_short(seen: dict[str, Any]) -> str:
    """A step in one line: exit status, frames, how many messages were sent, what was said, files made."""
    words: list[str] = []
    if "exit" in seen:
        words.append(f"exit {seen['exit']}")
    if seen.get("kinds"):
        words.append(" ".join(seen["kinds"]))
    if seen.get("sent"):
        words.append("sent " + ", ".join(map(str, seen["sent"])))
    for frame in seen.get("frames", ()):
        words += [str(text) for text in frame.get("errors") or ()]
        if frame.get("is_error") and frame.get("result"):
            words.append(str(frame["result"]))
    words += [f"stderr: {line}" for line in seen.get("stderr", ())[:1]]
    words += [f"hooks: {' '.join(seen['hooks'])}"] if seen.get("hooks") else []
    words += [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in seen.items() if key not in _TOLD]
    return " · ".join(words)


_TOLD = frozenset({"exit", "kinds", "frames", "sent", "stderr", "stdout", "hooks", "files", "records", "types"})


def read_results(path: Path) -> dict[str, Any]:
    """The recorded rows by release; none when the file is not there.

    :raises BadResults: when it is no such file
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        value = json.loads(text)
        rows: dict[str, Any] = value["releases"]
    except (ValueError, KeyError, TypeError):
        raise BadResults(f"{path} is no file of fidelity results: move it away, and it is made anew") from None
    return rows


def record(path: Path, new: dict[str, Any]) -> None:
    """Keep a row; scenarios of the same release that were not played this time stay as they were recorded.

    :raises BadResults: when the file is there and no such file
    """
    rows = read_results(path)
    before = rows.get(new["release"], {})
    scenarios = {**before.get("scenarios", {}), **new["scenarios"]}
    # A race that was met once stays told: it does not show in every play.
    met = {**before.get("met", {}), **new["met"]}
    rows[new["release"]] = {
        **new,
        "met": {name: met[name] for name in sorted(met)},
        "scenarios": {name: scenarios[name] for name in sorted(scenarios)},
    }
    ordered = {release: rows[release] for release in sorted(rows, key=parse_version)}
    text = json.dumps({"schema": SCHEMA, "releases": ordered}, indent=1, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    new_path = path.with_suffix(".new")
    new_path.write_text(text, encoding="utf-8")
    new_path.replace(path)
