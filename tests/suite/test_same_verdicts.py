"""One manager behind both doors: the same verdicts, requirement by requirement.

The profile is `core`; CLAUDE_SESSIONS_PROFILE names another one (`card` in .ci/run).
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_claude_sessions.suite.subject import REFERENCE

PROFILE = os.environ.get("CLAUDE_SESSIONS_PROFILE", "core")
HOST = shlex.join([sys.executable, "-m", "pytest_claude_sessions.door.host", REFERENCE])


def report_of(manager: str, directory: Path) -> dict[str, Any]:
    """The report of a run of the profile."""
    directory.mkdir()
    command = [sys.executable, "-m", "pytest", "--claude-conformance", "-p", "no:cacheprovider"]
    command += ["--claude-profile", PROFILE, "--claude-manager", manager, "--claude-report", "report.json"]
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    told: dict[str, Any] = json.loads((directory / "report.json").read_text())
    return told


def test_both_doors_give_the_same_verdicts(tmp_path: Path) -> None:
    in_process = report_of("reference", tmp_path / "in-process")
    over_stdio = report_of(f"cmd:{HOST}", tmp_path / "stdio")
    verdicts, others = (
        {entry["id"]: (entry["verdict"], entry["tests"]) for entry in report["requirements"]}
        for report in (in_process, over_stdio)
    )
    assert others == verdicts
    assert over_stdio["outcome"] == in_process["outcome"] == "conformant"
    # The file of the store is named after the world, which is another one in each run.
    for report in (in_process, over_stdio):
        report["subject"]["options"].pop("store_json")
    assert over_stdio["subject"] == in_process["subject"]
