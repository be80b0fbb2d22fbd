"""The workspace module in bash: one requirement or two of each capability; .ci/run holds it to all of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = Path(__file__).parents[2] / "examples" / "coder-module"
PROGRAMS = ("bash", "jq", "sha1sum", "timeout")
REQUIREMENTS = ("ID-01", "ID-07", "QUA-01", "RET-02", "IDL-01")


def test_module_keeps_what_it_declares(tmp_path: Path) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or not Path("/proc/self/stat").exists():
        pytest.skip(f"the module is for Linux, and this machine lacks {', '.join(missing) or '/proc'}")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "--claude-conformance", "--rootdir", ".", "-p", "no:cacheprovider"]
    for name in REQUIREMENTS:
        command += ["--claude-requirement", name]
    run = subprocess.run(
        [*command, "--claude-report", str(report)], cwd=MODULE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(report.read_text())
    assert told["subject"]["language"] == "bash"
    assert told["subject"]["capabilities"] == ["identity", "idle", "quarantine", "retention"]
    verdicts = {entry["id"]: entry["verdict"] for entry in told["requirements"] if entry["id"] in REQUIREMENTS}
    assert verdicts == dict.fromkeys(REQUIREMENTS, "passed")
