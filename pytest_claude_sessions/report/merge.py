"""`python -m pytest_claude_sessions.report.merge`: the reports of a run's parts become the report of the whole.

The outcome is what one run over everything would have had, decided by the same rules; a part that is lost makes it
`incomplete`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..options import REPORT_SUFFIXES
from ..suite import verdict
from ..suite.registry import Registry, Requirement, load_registry
from .document import digest
from .reading import WrongReport, read_report
from .view import NOT_SELECTED, shown_verdict
from .writing import write_report

USAGE_ERROR = 2
# What the parts of one run have in common.
_SAME = ("spec", "suite_version", "profile", "required", "expected_failures")
# Not its options: they may name what is another place in each run.
_SAME_SUBJECT = ("name", "version", "language", "capabilities")
_SAME_PLAN = ("of", "planned", "strict", "narrowed")
# What is of one part alone and cannot be added up.
_LEFT_OUT = ("shard", "digest", "coverage", "crash")


def merge(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The report of the whole run.

    :param reports: of its parts (`--claude-shard`), in any order; those that are missing are lost
    :raises WrongReport: when they are no parts of one run, or one is there twice
    """
    registry = load_registry()
    if not reports:
        raise WrongReport("every part is missing")
    _check(reports, registry)
    parts = {report["shard"]["number"]: report for report in reports}
    first = parts[min(parts)]
    of, planned = first["shard"]["of"], first["shard"]["planned"]
    lost = [number for number in range(1, of + 1) if number not in parts]
    owners = {name: place % of + 1 for place, name in enumerate(planned)}
    found = [_joined(requirement, parts, owners.get(requirement.id)) for requirement in registry.requirements.values()]
    beside = [report["shard"]["beside"] for report in parts.values()]
    outcome = verdict.decide(
        verdict.Plan(
            required=frozenset(first["required"]),
            claimed=frozenset(first["subject"]["capabilities"]),
            items=dict.fromkeys(planned, ()),
            filtered=_reasons(beside, verdict.PARTIAL),
            narrowed=first["shard"]["narrowed"],
            expected_failures={entry["id"]: entry["reason"] for entry in first["expected_failures"]},
        ),
        [result for result, _ in found],
        strict=first["shard"]["strict"],
        incidents=[*(f"part {number} of {of} is missing" for number in lost), *_reasons(beside, verdict.INCOMPLETE)],
    )
    counts = Counter(result.verdict for result, _ in found)
    whole: dict[str, Any] = {
        **{name: value for report in parts.values() for name, value in report.items() if name not in _LEFT_OUT},
        "created": max(str(report.get("created", "")) for report in reports),
        "outcome": outcome.name,
        "reasons": list(outcome.reasons),
        "environment": _environment(list(parts.values())),
        "requirements": [entry for _, entry in found],
        "counts": {name: counts.get(name, 0) for name in verdict.VERDICTS},
    }
    return {**whole, "digest": digest(whole)}


def _check(reports: Sequence[Mapping[str, Any]], registry: Registry) -> None:
    for report in reports:
        if "shard" not in report:
            raise WrongReport("a report of a whole run is among them: parts are made with --claude-shard K/N")
        if report["spec"] != registry.spec:
            raise WrongReport(
                f"specification {report['spec']}: merge with the suite that ran, this one has {registry.spec}"
            )
        for name in _SAME:
            if report[name] != reports[0][name]:
                raise WrongReport(f"no parts of one run: they differ in {name!r}")
        for name in _SAME_SUBJECT:
            if report["subject"][name] != reports[0]["subject"][name]:
                raise WrongReport(f"no parts of one run: they are of managers that differ in {name!r}")
        for name in _SAME_PLAN:
            if report["shard"][name] != reports[0]["shard"][name]:
                raise WrongReport(f"no parts of one run: they differ in {name!r} of 'shard'")
        if report["environment"]["claude"] != reports[0]["environment"]["claude"]:
            raise WrongReport("no parts of one run: they ran with different Claudes")
    twice = [number for number, count in Counter(report["shard"]["number"] for report in reports).items() if count > 1]
    if twice:
        raise WrongReport(f"part {twice[0]} is there twice")


def _joined(
    requirement: Requirement, parts: Mapping[int, Mapping[str, Any]], owner: int | None
) -> tuple[verdict.RequirementResult, dict[str, Any]]:
    """A requirement's result, as a run knows it and as a report holds it.

    :param owner: the number of the part that it was in, None where it was in none
    """
    entries = {number: _entry(report, requirement) for number, report in parts.items()}
    entry = dict(entries.get(owner or 0) or next(iter(entries.values())))
    if owner is not None and owner not in parts:
        of = next(iter(parts.values()))["shard"]["of"]
        why = f"not executed: part {owner} of {of} is missing"
        entry.update(verdict=verdict.COULD_NOT_RUN, seconds=0.0, message=why)
    # What is tried across requirements (a model-based run) may breach one that belongs to another part.
    for number, other in entries.items():
        if (
            number != owner
            and shown_verdict(other) != NOT_SELECTED
            and verdict.is_worse(other["verdict"], entry["verdict"])
        ):
            entry = dict(other)
    own = parts.get(owner) if owner is not None else None
    shard = own["shard"] if own is not None else {"executed": (), "needs_fake": ()}
    result = verdict.RequirementResult(
        requirement=requirement,
        verdict=entry["verdict"],
        seconds=entry["seconds"],
        tests=tuple(entry["tests"]),
        message=entry["message"],
        executed=requirement.id in shard["executed"],
        needs_fake=requirement.id in shard["needs_fake"],
        failures=tuple(entry.get("failures", ())),
    )
    return result, entry


def _entry(report: Mapping[str, Any], requirement: Requirement) -> Mapping[str, Any]:
    entries: Sequence[Mapping[str, Any]] = report["requirements"]
    return next(entry for entry in entries if entry["id"] == requirement.id)


def _reasons(beside: Sequence[Mapping[str, Any]], outcome: str) -> tuple[str, ...]:
    """What the parts found beside the requirements, each reason once."""
    return tuple(
        dict.fromkeys(reason for found in beside if found["outcome"] == outcome for reason in found["reasons"])
    )


def _environment(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where the parts ran: hosts may differ."""
    environments = [report["environment"] for report in parts]
    joined = {
        name: "; ".join(dict.fromkeys(environment[name] for environment in environments))
        for name in ("python", "platform", "pytest")
    }
    return {**environments[0], **joined}


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the parts and write the whole.

    :param arguments: of the command line, None for this process's own
    :returns: the exit status that the whole run would have had: 0 for `conformant` and `partial`, 1 for the others;
        2 when the reports cannot be put together, and then nothing is written
    """
    parser = argparse.ArgumentParser(
        prog="python -m pytest_claude_sessions.report.merge",
        description="Make one report of the JSON reports of a run's parts (pytest --claude-shard K/N).",
        allow_abbrev=False,
    )
    parser.add_argument("reports", nargs="+", metavar="PART.json", type=Path, help="those that do not exist are lost")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        type=Path,
        help=f"write the report (repeatable): {', '.join(REPORT_SUFFIXES)}",
    )
    options = parser.parse_intermixed_args(arguments)
    for path in options.output:
        if path.suffix not in REPORT_SUFFIXES:
            parser.error(f"{path}: its name must end in {' or '.join(REPORT_SUFFIXES)}")
    lost = [path for path in options.reports if not path.exists()]
    for path in lost:
        print(f"{path}: there is no such file: its part counts as lost", file=sys.stderr)
    try:
        whole = merge([read_report(path) for path in options.reports if path not in lost])
    except WrongReport as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    for path in options.output:
        write_report(path, whole, load_registry())
    print(f"outcome: {whole['outcome']}")
    for reason in whole["reasons"]:
        print(f"  because {reason}")
    return 0 if whole["outcome"] in verdict.GREEN else 1


if __name__ == "__main__":
    raise SystemExit(main())
