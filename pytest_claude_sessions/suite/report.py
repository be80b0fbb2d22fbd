"""The JSON report (SPEC 8)."""

from __future__ import annotations

import json
import platform
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .subject import as_json
from .verdict import VERDICTS

if TYPE_CHECKING:
    from .run import ConformanceRun

SCHEMA = 1


def make_report(run: ConformanceRun) -> dict[str, Any]:
    """The report's data, after the run's end."""
    assert run.outcome is not None
    counts = Counter(result.verdict for result in run.requirement_results)
    return {
        "schema": SCHEMA,
        "spec": run.registry.spec,
        "suite_version": version("pytest-claude-sessions"),
        "outcome": run.outcome.name,
        "reasons": list(run.outcome.reasons),
        "profile": run.options.profile,
        "subject": dict(as_json(run.identity)),
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "pytest": pytest.__version__,
            "claude": {"kind": "real" if run.program else "fake", "release": _release(run)},
        },
        "requirements": [
            {
                "id": result.requirement.id,
                "level": result.requirement.level,
                "capability": result.requirement.capability,
                "verdict": result.verdict,
                "seconds": round(result.seconds, 4),
                "tests": list(result.tests),
                "message": result.message,
            }
            for result in run.requirement_results
        ],
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


def write_report(path: Path, run: ConformanceRun) -> None:
    """Write the report."""
    path.write_text(json.dumps(make_report(run), indent=1, ensure_ascii=False) + "\n", "utf-8", "backslashreplace")


def _release(run: ConformanceRun) -> str:
    if run.program:
        return run.program.release
    from ..claude.release import NEWEST

    return ", ".join(run.options.releases) or NEWEST
