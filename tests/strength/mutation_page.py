"""The mutation score as a page, and as a section: text from docs/strength/mutation.json."""

from __future__ import annotations

from typing import Any

WANTED = 0.9
"""What share of the mutants the suite must kill by itself."""


def page_of(data: dict[str, Any]) -> str:
    """docs/strength/mutation.md."""
    lines = ["---", "orphan: true", "---", "", "# Which changes of the reference manager nobody notices", ""]
    lines += [
        "cosmic-ray changes the reference manager in one place, and a conformance run on it has to fail. Made by",
        "`python -m tests.strength.mutation`; as data it is `docs/strength/mutation.json`, and the reasons stand in",
        "`tests/strength/judged.toml`.",
        "",
        *section_of(data),
        "",
    ]
    for module, entry in data["modules"].items():
        if not entry["survivors"]:
            continue
        lines += [f"## {module}", "", "| line | before | after | why it is the same |", "|---|---|---|---|"]
        for survivor in entry["survivors"]:
            reason = survivor["reason"] or ("*not tried by all checks yet*" if survivor.get("open") else "**open**")
            before, after = _cell(survivor["before"]), _cell(survivor["after"])
            lines.append(f"| {survivor['line']} | {before} | {after} | {reason} |")
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    words = " ".join(text.split()).replace("|", "\\|")
    return f"`` {words} ``" if "`" in words else f"`{words}`" if words else ""


def section_of(data: dict[str, Any]) -> list[str]:
    """What the score comes to, as lines of Markdown."""
    modules = data["modules"]
    total = {name: sum(entry[name] for entry in modules.values()) for name in _COUNTS}
    tried = total["mutants"] - total["pending"]
    differ = tried - total["same"]
    unexplained = differ - total["killed"]
    share = total["killed"] / max(tried, 1)
    lines = [
        f"* {total['killed']} of {tried} mutants are killed by the suite alone, **{share:.1%}**"
        f" ({WANTED:.0%} are wanted); {total['should']} of them by a *should*.",
        f"* {total['same']} others are the same behaviour, each with its reason; without them it is"
        f" {total['killed'] / max(differ, 1):.1%}. {unexplained} are open.",
    ]
    if total["pending"]:
        lines.append(f"* {total['pending']} of {total['mutants']} were not tried yet.")
    controls = data["controls"]
    if controls["runs"]:
        lines.append(
            f"* Between them the unchanged manager was tried {controls['runs']} times, with {controls['items']} checks"
            f" in all; {len(controls['failed'])} of those runs failed."
        )
    lines += ["", "| module | mutants | killed | the same | open | not tried |", "|---|---|---|---|---|---|"]
    for module, entry in modules.items():
        rest = entry["mutants"] - entry["killed"] - entry["same"] - entry["pending"]
        numbers = (entry["mutants"], entry["killed"], entry["same"], rest, entry["pending"])
        lines.append(f"| `{module}` | {' | '.join(map(str, numbers))} |")
    return lines


_COUNTS = ("mutants", "killed", "pending", "should", "same")
