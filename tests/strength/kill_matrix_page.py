"""The kill matrix as a page, and as a section: text from docs/strength/kill-matrix.json."""

from __future__ import annotations

from collections import Counter
from typing import Any

LIMIT = 0.05
"""What share of the checks a subject that always answers the same may pass."""


def page_of(data: dict[str, Any]) -> str:
    """docs/strength/kill-matrix.md."""
    lines = ["---", "orphan: true", "---", "", "# Which broken manager fails what", ""]
    lines += [
        "Managers that are broken on purpose (`tests/broken`), each held to all of the capability it is broken in,",
        "and to the first check of each requirement of `store` and `resume`. Made by",
        "`python -m tests.strength.kill_matrix` from its own runs; as data it is `docs/strength/kill-matrix.json`.",
        "",
        *section_of(data),
        "",
    ]
    rows = data["rows"]
    for capability in dict.fromkeys(entry["capability"] for entry in data["requirements"].values()):
        lines += [f"## {capability}", "", "| requirement | what breaks it | | fails besides |", "|---|---|---|---|"]
        for name, entry in data["requirements"].items():
            if entry["capability"] != capability:
                continue
            for row in (row for row in rows if row["requirement"] == name):
                lines.append(_line(name, entry["level"], row))
        lines.append("")
    return "\n".join(lines)


def _line(name: str, level: str, row: dict[str, Any]) -> str:
    kind = f"subtle: {row['subtle']}" if row["subtle"] else "plain"
    if row["options"]:
        kind += f", `{' '.join(row['options'])}`"
    if not row["caught"]:
        kind += ", **not caught**"
    elif not row["for_its_reason"]:
        kind += ", **for another reason**"
    return f"| {name} ({level}) | `{row['manager'].partition(':')[2]}` | {kind} | {', '.join(row['also_fails'])} |"


def section_of(data: dict[str, Any]) -> list[str]:
    """What the matrix comes to, as lines of Markdown."""
    rows, requirements = data["rows"], data["requirements"]
    right = sum(row["caught"] and row["for_its_reason"] for row in rows)
    musts = [name for name, entry in requirements.items() if entry["level"] == "must"]
    kinds = {name: {bool(r["subtle"]) for r in rows if r["requirement"] == name and r["caught"]} for name in musts}
    both = sum(kinds[name] == {True, False} for name in musts)
    subtle = Counter(row["subtle"] for row in rows if row["subtle"])
    told = ", ".join(f"{kind} ({number})" for kind, number in subtle.most_common())
    besides = sum(bool(row["also_fails"]) for row in rows)
    lines = [
        f"* {right} of {len(rows)} broken managers fail the requirement that they were made for, with the reason that"
        f" they were made for; {len(rows) - besides} of them fail nothing else.",
        f"* {both} of {len(musts)} *musts* are failed by a plain slip and by a subtle one at the least. The kinds of"
        f" subtle ones: {told}.",
    ]
    if data["not_run"]:
        lines.append(f"* {data['not_run']} were not run yet.")
    if data["constant"]:
        worst = max(data["constant"], key=lambda row: row["passed_items"] / max(row["items"], 1))
        share = worst["passed_items"] / max(worst["items"], 1)
        lines += [
            f"* {len(data['constant'])} subjects that answer every call alike, hang, crash or fork pass {share:.1%} of"
            f" the checks of the profile `card` at the most ({LIMIT:.0%} is what is allowed):",
            "",
            "| subject | checks passed | requirements passed |",
            "|---|---|---|",
        ]
        for row in data["constant"]:
            whole = row["passed_requirements"]
            named = f" ({', '.join(whole)})" if whole else ""
            checks = f"{row['passed_items']} of {row['items']}"
            lines.append(f"| `{row['subject']}` | {checks} | {len(whole)} of {row['requirements']}{named} |")
    return lines
