"""`docs/cli-behaviour.md`, made from `releases.json` and the recorded results: what each release range does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..claude import release as release_module
from ..claude.release import WHOLES, parse_version
from .known import read_known
from .questions import SECTIONS, Question

PAGE = Path("docs", "cli-behaviour.md")
COMMAND = "python -m pytest_claude_sessions.fidelity --page"

_HEAD = """# What each release of Claude Code does with sessions

How the `claude` program names, keeps, finds, refuses and loses conversations, release by release. Everything here was
seen: a release was started against a loopback Messages API, and what it printed, wrote and sent was kept.

How to read the tables: a row holds from its first release to the last one before the next row. A release that was not
seen behaves as the next older one that was, as far as anybody knows; the last column names those that a row rests on.

<!-- Made by `{command}` from pytest_claude_sessions/claude/releases.json and tests/fidelity/results.json. -->
"""


def render(results: Mapping[str, Any]) -> str:
    """The page.

    :param results: recorded rows by release, as `results.read_results` gives them
    """
    table: dict[str, list[dict[str, Any]]] = json.loads(_table().read_text(encoding="utf-8"))
    parts = [_HEAD.format(command=COMMAND), _contents()]
    for section, questions in SECTIONS:
        parts.append(f"## {section}\n")
        parts += [_answer(question, _entries(table, question.facet), results) for question in questions]
    parts += [_played(results), _differences()]
    return "\n".join(parts)


def _table() -> Path:
    return Path(release_module.__file__).with_name("releases.json")


def _entries(table: Mapping[str, list[dict[str, Any]]], facet: str) -> list[dict[str, Any]]:
    """The entries of a facet; those of a whole are put together from its parts."""
    if facet in table:
        return table[facet]
    parts = {name.partition(":")[2]: table[name] for name in table if WHOLES.get(name.partition(":")[0]) == facet}
    made: list[dict[str, Any]] = []
    for since in _in_order({entry["since"] for entries in parts.values() for entry in entries}):
        following = {name: _at(entries, since) for name, entries in parts.items()}
        value = {name: entry["value"] for name, entry in following.items() if entry["value"] is not None}
        observed = {release for entry in following.values() for release in entry["observed"]}
        made.append({"since": since, "value": value, "observed": observed})
    for entry, later in pairwise(made):
        entry["observed"] = {one for one in entry["observed"] if parse_version(one) < parse_version(later["since"])}
    for entry in made:
        entry["observed"] = {one for one in entry["observed"] if parse_version(one) >= parse_version(entry["since"])}
    return made


def _at(entries: list[dict[str, Any]], release: str) -> dict[str, Any]:
    wanted = parse_version(release)
    return next((entry for entry in reversed(entries) if parse_version(entry["since"]) <= wanted), entries[0])


def _contents() -> str:
    lines = []
    for section, questions in SECTIONS:
        lines.append(f"* [{section}](#{_anchor(section)})")
        lines += [f"  * [{question.text}](#{_anchor(question.text)})" for question in questions]
    return "\n".join(lines) + "\n"


def _anchor(text: str) -> str:
    kept = "".join(char for char in text.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


def _answer(question: Question, entries: Iterable[Mapping[str, Any]], results: Mapping[str, Any]) -> str:
    rows: list[tuple[str, str, set[str]]] = []
    for entry in entries:
        said = question.say(entry["value"])
        if rows and rows[-1][1] == said:
            rows[-1][2].update(entry["observed"])
        else:
            rows.append((entry["since"], said, set(entry["observed"])))
    played = [release for release in results if _was_good(results[release], question)]
    lines = [f"### {question.text}\n", "| releases | | seen on |", "|---|---|---|"]
    for number, (since, said, observed) in enumerate(rows):
        following = rows[number + 1][0] if number + 1 < len(rows) else None
        seen = observed | {
            release
            for release in played
            if parse_version(since) <= parse_version(release)
            and (following is None or parse_version(release) < parse_version(following))
        }
        lines.append(f"| {_range(since, following, number)} | {_cell(said)} | {', '.join(_in_order(seen))} |")
    tried = ", ".join(f"`{name}`" for name in question.scenarios)
    return "\n".join([*lines, "", f"Tried by {tried}.\n"])


def _was_good(row: Mapping[str, Any], question: Question) -> bool:
    scenarios = row["scenarios"]
    return all(scenarios.get(name, {}).get("outcome") in ("same", "known") for name in question.scenarios)


def _range(since: str, following: str | None, number: int) -> str:
    if following is None:
        return "all" if number == 0 else f"{since} and later"
    return f"before {following}" if number == 0 else f"{since} to before {following}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _in_order(releases: Iterable[str]) -> list[str]:
    return sorted(releases, key=parse_version)


def _played(results: Mapping[str, Any]) -> str:
    lines = [
        "## Releases that were played\n",
        "Every scenario of the fidelity suite, played by the real program and by the fake `claude`, and compared.\n",
        "| release | on | scenarios | the same | known difference | otherwise |",
        "|---|---|---|---|---|---|",
    ]
    for release in _in_order(results):
        row = results[release]
        outcomes = [entry["outcome"] for entry in row["scenarios"].values()]
        same, known = outcomes.count("same"), outcomes.count("known")
        rest = [
            f"{name}: {entry['outcome']}"
            for name, entry in row["scenarios"].items()
            if entry["outcome"] not in ("same", "known")
        ]
        told = ", ".join(rest) or "none"
        lines.append(f"| {release} | {row['date']} | {len(outcomes)} | {same} | {known} | {told} |")
    return "\n".join(lines) + "\n"


def _differences() -> str:
    lines = [
        "## Where the fake differs, and why\n",
        "| difference | releases | scenarios | reason |",
        "|---|---|---|---|",
    ]
    for one in read_known():
        first = "all" if one.since == "0.0.0" else one.since
        releases = first if one.until == one.since else f"{first} to {one.until}" if one.until else f"from {first}"
        releases = "all" if releases == "from all" else releases
        scenarios = ", ".join(f"`{name}`" for name in one.scenarios)
        often = " (not every time)" if one.sometimes else ""
        lines.append(f"| {one.name}{often} | {releases} | {scenarios} | {_cell(one.reason)} |")
    return "\n".join(lines) + "\n"
