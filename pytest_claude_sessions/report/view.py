"""A report's data arranged for a reader: capabilities in order, statements beside ids, words for verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..suite import verdict

if TYPE_CHECKING:
    from ..suite.registry import Registry

NOT_SELECTED = "not-selected"
# A symbol beside the colour: the verdict is never told by colour alone.
SYMBOLS = {
    verdict.PASSED: "✓",
    verdict.FAILED: "✗",
    verdict.WARNED: "!",
    verdict.NOT_CLAIMED: "–",
    verdict.COULD_NOT_RUN: "?",
    verdict.HARNESS_ERROR: "‼",
    verdict.EXPECTED_FAILURE: "≈",
    NOT_SELECTED: "·",
}
WORDS = {
    verdict.PASSED: "passed",
    verdict.FAILED: "failed",
    verdict.WARNED: "warned",
    verdict.NOT_CLAIMED: "not claimed",
    verdict.COULD_NOT_RUN: "could not run",
    verdict.HARNESS_ERROR: "harness error",
    verdict.EXPECTED_FAILURE: "expected failure",
    NOT_SELECTED: "not selected",
}
# What a reader looks for first comes first.
ORDER = (
    verdict.FAILED,
    verdict.HARNESS_ERROR,
    verdict.COULD_NOT_RUN,
    verdict.EXPECTED_FAILURE,
    verdict.WARNED,
    verdict.PASSED,
    verdict.NOT_CLAIMED,
    NOT_SELECTED,
)
SHOWN_OPEN = (verdict.FAILED, verdict.HARNESS_ERROR)


def shown_verdict(entry: Mapping[str, Any]) -> str:
    """The verdict as it is shown: a requirement that was filtered out is told apart from one that could not run."""
    if entry["verdict"] == verdict.COULD_NOT_RUN and entry["message"] == "not selected":
        return NOT_SELECTED
    return str(entry["verdict"])


def title_of(report: Mapping[str, Any]) -> str:
    """The manager that a report is about, with its version when it tells one."""
    subject = report["subject"]
    return f"{subject['name']} {subject['version']}".strip()


@dataclass(frozen=True)
class Line:
    """One requirement of a report.

    :param entry: its object in the report
    :param statement: the sentence, empty when this suite does not know the id
    :param cause: what usually breaks it
    """

    entry: Mapping[str, Any]
    statement: str = ""
    cause: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.entry["id"])

    @property
    def level(self) -> str:
        """`must`, `should` or `may`."""
        return str(self.entry["level"])

    @property
    def verdict(self) -> str:
        """Its verdict, or `not-selected`."""
        return shown_verdict(self.entry)

    @property
    def failures(self) -> Sequence[Mapping[str, Any]]:
        """Its failures, as data."""
        return list(self.entry.get("failures", []))


@dataclass(frozen=True)
class Group:
    """One capability of a report.

    :param claimed: whether the manager declares it
    :param required: whether the profile asks for it
    """

    name: str
    lines: tuple[Line, ...]
    claimed: bool
    required: bool

    @cached_property
    def counts(self) -> Counter[str]:
        """How many requirements have each verdict."""
        return Counter(line.verdict for line in self.lines)

    @property
    def state(self) -> str:
        """`failed`, `passed`, or what else the capability as a whole is."""
        if not self.claimed:
            return verdict.FAILED if self.required else verdict.NOT_CLAIMED
        return next((name for name in ORDER if self.counts[name]), NOT_SELECTED)


@dataclass(frozen=True)
class View:
    """A report, ready to be shown.

    :param report: its data
    :param groups: its capabilities, those that are required first
    """

    report: Mapping[str, Any]
    groups: tuple[Group, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All requirements."""
        return tuple(line for group in self.groups for line in group.lines)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many requirements have each verdict."""
        return Counter(line.verdict for line in self.lines)

    @property
    def failing(self) -> tuple[Line, ...]:
        """What a reader has to look at, the worst first."""
        worth = ORDER[: ORDER.index(verdict.PASSED)]
        found = [line for line in self.lines if line.verdict in worth]
        return tuple(sorted(found, key=lambda line: worth.index(line.verdict)))

    @property
    def title(self) -> str:
        """The manager, with its version when it tells one."""
        return title_of(self.report)

    @property
    def claude(self) -> str:
        """Which Claude it ran with."""
        claude = self.report["environment"]["claude"]
        return f"{'the real program' if claude['kind'] == 'real' else 'the fake'}, release {claude['release']}"


def view(report: Mapping[str, Any], registry: Registry) -> View:
    """Arrange a report.

    :param registry: gives statements and causes, where it is of the report's version of the specification
    """
    known = registry.requirements if registry.spec == report["spec"] else {}
    required = report.get("required", registry.profiles.get(report["profile"], ()))
    claimed = report["subject"]["capabilities"]
    names = dict.fromkeys(entry["capability"] for entry in report["requirements"])
    groups = []
    for name in sorted(names, key=lambda name: (name not in required, name not in claimed)):
        lines = []
        for entry in report["requirements"]:
            if entry["capability"] == name:
                requirement = known.get(entry["id"])
                lines.append(
                    Line(entry, requirement.statement, requirement.cause) if requirement is not None else Line(entry)
                )
        groups.append(Group(name, tuple(lines), name in claimed, name in required))
    return View(report, tuple(groups))
