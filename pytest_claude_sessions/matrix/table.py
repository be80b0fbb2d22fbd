"""The table: requirements down, implementations across; what a reader must not overlook is written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..report.markdown import cell
from ..report.view import ORDER, SYMBOLS, WORDS, shown_verdict, title_of
from ..suite import verdict
from ..suite.registry import load_registry

NOT_THERE = "not-there"
"""A requirement that a report does not know."""


@dataclass(frozen=True)
class Column:
    """One report.

    :param marks: what sets it apart, such as another specification; empty when nothing does
    """

    report: Mapping[str, Any]
    marks: tuple[str, ...]
    verdicts: Mapping[str, str]
    reasons: Mapping[str, str]

    @property
    def title(self) -> str:
        """The manager, with its version when it tells one."""
        return title_of(self.report)

    @property
    def claude(self) -> str:
        """Which Claude it ran with."""
        claude = self.report["environment"]["claude"]
        return f"{claude['kind']} {claude['release']}"

    @property
    def date(self) -> str:
        """The day of the run, empty when the report does not tell."""
        return str(self.report.get("created", ""))[:10]

    def counted(self) -> str:
        """How many requirements have each verdict, in words."""
        found = list(self.verdicts.values())
        return ", ".join(f"{found.count(name)} {WORDS[name]}" for name in ORDER if name in found)


@dataclass(frozen=True)
class Row:
    """One requirement, with its verdict in each column."""

    id: str
    level: str
    capability: str
    statement: str
    verdicts: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the columns do not agree."""
        return len(set(self.verdicts)) > 1


@dataclass(frozen=True)
class Table:
    """All of it.

    :param spec: the specification that most of the reports are held to
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    spec: str

    @property
    def groups(self) -> Mapping[str, Sequence[Row]]:
        """The rows by capability."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.capability, []).append(row)
        return groups


def table(reports: Sequence[Mapping[str, Any]]) -> Table:
    """Put reports side by side, in the order given."""
    registry = load_registry()
    specs = [report["spec"] for report in reports]
    spec = max(specs, key=lambda each: (specs.count(each), each))
    columns = tuple(_column(report, spec) for report in reports)
    entries: dict[str, Mapping[str, Any]] = {}
    # Levels and capabilities are those of the specification that rules.
    for report in sorted(reports, key=lambda report: report["spec"] != spec):
        for entry in report["requirements"]:
            entries.setdefault(entry["id"], entry)
    order = {name: number for number, name in enumerate(registry.requirements)}
    rows = []
    for name in sorted(entries, key=lambda name: (order.get(name, len(order)), name)):
        known = registry.requirements.get(name) if registry.spec == spec else None
        rows.append(
            Row(
                name,
                entries[name]["level"],
                entries[name]["capability"],
                known.statement if known else "",
                tuple(column.verdicts.get(name, NOT_THERE) for column in columns),
            )
        )
    return Table(columns, tuple(rows), spec)


def _column(report: Mapping[str, Any], spec: str) -> Column:
    marks = []
    if report["spec"] != spec:
        marks.append(f"specification {report['spec']}, not {spec}")
    if report["outcome"] == verdict.PARTIAL:
        marks.append("a partial run: " + "; ".join(map(str, report["reasons"])))
    if "digest" not in report:
        marks.append("no digest: whether it was edited cannot be told")
    verdicts = {entry["id"]: shown_verdict(entry) for entry in report["requirements"]}
    reasons = {failure["id"]: failure["reason"] for failure in report["expected_failures"]}
    return Column(report, tuple(marks), verdicts, reasons)


def markdown(made: Table) -> str:
    """The table in GitHub's Markdown."""
    columns = made.columns
    lines = [
        f"# Session managers and specification {made.spec}",
        "",
        "| | " + " | ".join(cell(column.title) for column in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for name, told in (
        ("outcome", [str(column.report["outcome"]) for column in columns]),
        ("profile", [cell(column.report["profile"]) for column in columns]),
        ("specification", [cell(column.report["spec"]) for column in columns]),
        ("claude", [cell(column.claude) for column in columns]),
        ("date", [column.date for column in columns]),
        ("suite", [cell(column.report["suite_version"]) for column in columns]),
        ("verdicts", [column.counted() for column in columns]),
    ):
        lines.append(f"| *{name}* | {' | '.join(told)} |")
    for row in made.rows:
        told = [f"{_symbol(name)} {_word(name)}" for name in row.verdicts]
        lines.append(f"| **{row.id}** ({row.level}) | {' | '.join(told)} |")
    notes = [f"* {cell(column.title)}: {cell(mark)}" for column in columns for mark in column.marks]
    notes += [
        f"* {cell(column.title)}, {name}: expected to fail: {cell(reason)}"
        for column in columns
        for name, reason in column.reasons.items()
    ]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def _symbol(name: str) -> str:
    return SYMBOLS.get(name, " ")


def _word(name: str) -> str:
    return WORDS.get(name, "not there")
