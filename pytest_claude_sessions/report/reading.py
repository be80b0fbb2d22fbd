"""Reports that may be put together: those that are whole, agree with themselves and were not edited."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..suite import verdict
from .document import SCHEMA, digest

_FIELDS: Mapping[str, type] = {
    "spec": str,
    "suite_version": str,
    "outcome": str,
    "profile": str,
    "reasons": list,
    "subject": dict,
    "environment": dict,
    "requirements": list,
    "expected_failures": list,
    "counts": dict,
}
_ENTRY = ("id", "level", "capability", "verdict", "message")
_OUTCOMES = (verdict.CONFORMANT, verdict.PARTIAL, verdict.INCOMPLETE, verdict.NON_CONFORMANT)


class WrongReport(Exception):
    """A file that is no report, or one that does not tell what a run found; one line, with the remedy."""


def read_report(path: Path) -> Mapping[str, Any]:
    """Read a report.

    :raises WrongReport: when it cannot be trusted to be what a run wrote
    """
    try:
        report = json.loads(path.read_bytes())
    except OSError as error:
        raise WrongReport(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise WrongReport(f"{path}: not valid JSON: {error}") from error
    problem = _wrong_with(report)
    if problem:
        raise WrongReport(f"{path}: {problem}")
    whole: Mapping[str, Any] = report
    return whole


def _wrong_with(report: Any) -> str:
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        return f"no report of schema {SCHEMA}: make it with --claude-report PATH.json"
    for name, kind in _FIELDS.items():
        if not isinstance(report.get(name), kind):
            return f"its field {name!r} is missing, or of another type than the schema says"
    if "digest" in report and report["digest"] != digest(report):
        return "it was edited: its digest is not that of its contents; run the suite again"
    entries = report["requirements"]
    if not all(
        isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in _ENTRY) for entry in entries
    ):
        return "one of its requirements lacks a field of the schema"
    if not all(entry["verdict"] in verdict.VERDICTS for entry in entries):
        return "one of its requirements has a verdict that does not exist"
    repeated = [name for name, count in Counter(entry["id"] for entry in entries).items() if count > 1]
    if repeated:
        return f"{repeated[0]} is in it twice"
    return _contradiction(report)


def _contradiction(report: Mapping[str, Any]) -> str:
    """What a report says that cannot follow from its own verdicts."""
    counts = Counter(entry["verdict"] for entry in report["requirements"])
    if {name: number for name, number in report["counts"].items() if number} != dict(counts):
        return "its counts are not those of its verdicts; run the suite again"
    if report["outcome"] not in _OUTCOMES:
        return f"its outcome {report['outcome']!r} does not exist"
    if counts[verdict.FAILED] and report["outcome"] != verdict.NON_CONFORMANT:
        return f"a requirement failed and its outcome is {report['outcome']}; run the suite again"
    if counts[verdict.EXPECTED_FAILURE] and report["outcome"] == verdict.CONFORMANT:
        return "a requirement fails as expected and its outcome is conformant; run the suite again"
    return ""
