"""What the tests of the example managers share."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def conformance_of(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the suite on an example as its README says; the report, once the run was green."""

    def run(example: Path, *options: str) -> dict[str, Any]:
        report = tmp_path / "report.json"
        command = [sys.executable, "-m", "pytest", "--claude-conformance", "-p", "no:cacheprovider", *options]
        done = subprocess.run(
            [*command, "--claude-report", str(report)], cwd=example, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(report.read_text())
        return told

    return run


def verdicts(report: dict[str, Any], requirements: tuple[str, ...]) -> dict[str, str]:
    """What was found of these requirements."""
    return {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["id"] in requirements}
