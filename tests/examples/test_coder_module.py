"""The workspace module in bash: one requirement or two of each capability; .ci/run holds it to all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import verdicts

MODULE = Path(__file__).parents[2] / "examples" / "coder-module"
PROGRAMS = ("bash", "jq", "sha1sum", "timeout")
REQUIREMENTS = ("ID-01", "ID-07", "RES-04", "RES-18", "QUA-01", "RET-02", "IDL-01")


def test_module_keeps_what_it_declares(conformance_of: Callable[..., dict[str, Any]]) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or not Path("/proc/self/stat").exists():
        pytest.skip(f"the module is for Linux, and this machine lacks {', '.join(missing) or '/proc'}")
    options = [word for name in REQUIREMENTS for word in ("--claude-requirement", name)]
    told = conformance_of(MODULE, "--rootdir", ".", *options)
    assert told["subject"]["language"] == "bash"
    assert told["subject"]["capabilities"] == ["identity", "idle", "quarantine", "resume", "retention"]
    assert verdicts(told, REQUIREMENTS) == dict.fromkeys(REQUIREMENTS, "passed")
