"""The JSON report (SPEC 8): what every other report is made from."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from ..crash.count import counted
from ..suite.shard import shard_as_json
from ..suite.subject import as_json
from ..suite.verdict import VERDICTS, RequirementResult
from .masking import Masking

if TYPE_CHECKING:
    from ..suite.run import ConformanceRun

SCHEMA = 1


def make_report(run: ConformanceRun) -> dict[str, Any]:
    """The report's data, after the run's end."""
    assert run.outcome is not None
    masking = Masking()
    counts = Counter(result.verdict for result in run.requirement_results)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "spec": run.registry.spec,
        "suite_version": version("pytest-claude-sessions"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "outcome": run.outcome.name,
        "reasons": _masked(list(run.outcome.reasons), masking),
        "profile": run.options.profile,
        "required": sorted(run.plan.required),
        "subject": dict(as_json(run.identity)),
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "pytest": pytest.__version__,
            "claude": {"kind": "real" if run.program else "fake", "release": _release(run)},
        },
        "requirements": [_masked(_requirement(result), masking) for result in run.requirement_results],
        "expected_failures": [
            {
                "id": failure.id,
                "reason": failure.reason,
                "issue": failure.issue,
                "until": failure.until.isoformat() if failure.until else None,
            }
            for failure in run.options.expected_failures.values()
        ],
        "counts": {name: counts.get(name, 0) for name in VERDICTS},
    }
    crash = counted(run.results.values())
    if crash is not None:
        report["crash"] = crash
    if run.model_result is not None and run.model_result.model is not None:
        report["model"] = _masked(run.model_result.model, masking)
    if run.options.shard is not None:
        report["shard"] = _masked(shard_as_json(run), masking)
    if run.unreached is not None:
        report["coverage"] = run.unreached.as_json()
    return {**report, "digest": digest(report)}


def as_text(report: Mapping[str, Any]) -> str:
    """The report as the file holds it."""
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def digest(report: Mapping[str, Any]) -> str:
    """A report's digest, `sha256:...`: it tells one that was edited by hand, not one that was forged."""
    rest = {name: value for name, value in report.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _requirement(result: RequirementResult) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": result.requirement.id,
        "level": result.requirement.level,
        "capability": result.requirement.capability,
        "verdict": result.verdict,
        "seconds": round(result.seconds, 4),
        "tests": list(result.tests),
        "message": result.message,
    }
    if result.failures:
        entry["failures"] = [dict(failure) for failure in result.failures]
    return entry


def _masked(value: Any, masking: Masking) -> Any:
    """Plain data without secrets: a manager's own words, and what it was seen to do, may hold some."""
    if isinstance(value, str):
        return masking.of_text(value)
    if isinstance(value, Mapping):
        return {name: _masked(part, masking) for name, part in value.items()}
    return [_masked(part, masking) for part in value] if isinstance(value, list | tuple) else value


def _release(run: ConformanceRun) -> str:
    if run.program:
        return run.program.release
    from ..claude.release import NEWEST

    return ", ".join(run.options.releases) or NEWEST
