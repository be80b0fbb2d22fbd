"""The report as Markdown: for a pull request's comment, a wiki, or the summary of a CI step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..suite import verdict
from .plain import one_line, plain
from .view import NOT_SELECTED, ORDER, SYMBOLS, WORDS, Line, View, view

if TYPE_CHECKING:
    from ..suite.registry import Registry

SHOWN_FAILURES = 25
LONGEST_CELL = 300
_SPECIAL = "\\`*_{}[]<>()#+-!|~&"


def markdown(report: Mapping[str, Any], registry: Registry) -> str:
    """The text, in GitHub's dialect."""
    arranged = view(report, registry)
    lines = [
        f"# {cell(arranged.title)}: {report['outcome']}",
        "",
        f"Profile **{cell(report['profile'])}**, specification {report['spec']}, suite {report['suite_version']}, "
        f"Claude: {cell(arranged.claude)}" + (f", {report['created']}" if "created" in report else "") + ".",
        "",
        *(f"* {cell(reason)}" for reason in report["reasons"]),
        *([""] if report["reasons"] else []),
        *_capabilities(arranged),
        *_worth_a_look(arranged),
    ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text on one line, with nothing in it that Markdown or HTML would take for markup."""
    shown = one_line(text)
    if len(shown) > LONGEST_CELL:
        shown = shown[: LONGEST_CELL - 3] + "..."
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in shown)


def fenced(text: str) -> list[str]:
    """A text as a block of code; the fence is longer than any run of backticks within."""
    shown = plain(text)
    longest = run = 0
    for character in shown:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown.splitlines(), fence]


def _capabilities(arranged: View) -> Iterator[str]:
    used = [name for name in ORDER if any(group.counts[name] for group in arranged.groups if group.claimed)]
    yield f"| capability | {' | '.join(WORDS[name] for name in used)} |" if used else "| capability |"
    yield "|---" * (len(used) + 1) + "|"
    for group in arranged.groups:
        name = f"**{group.name}** (required)" if group.required else group.name
        if group.claimed:
            yield f"| {name} | {' | '.join(str(group.counts[word] or '') for word in used)} |"
    left_out = [group for group in arranged.groups if not group.claimed]
    yield ""
    if left_out:
        told = ", ".join(f"{group.name} (**required**)" if group.required else group.name for group in left_out)
        yield from (f"Not declared: {told}.", "")


def _worth_a_look(arranged: View) -> Iterator[str]:
    lines = [line for line in arranged.failing if line.verdict != NOT_SELECTED]
    for line in lines[:SHOWN_FAILURES]:
        told = f"{SYMBOLS[line.verdict]} <b>{line.id}</b> {WORDS[line.verdict]} ({line.level})"
        yield f"<details><summary>{told}</summary>"
        yield ""
        if line.statement:
            yield from (cell(line.statement), "")
        yield from fenced(_told(line))
        yield from ("", "</details>", "")
    if len(lines) > SHOWN_FAILURES:
        yield f"And {len(lines) - SHOWN_FAILURES} more."
    if not lines and arranged.report["outcome"] in (verdict.CONFORMANT, verdict.PARTIAL):
        yield "Nothing else to look at."


def _told(line: Line) -> str:
    return str(line.entry["message"]) or WORDS[line.verdict]
