"""Holds the run with the real program to its promise: nothing failed, and what did not run needs a script."""

from __future__ import annotations

import json
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text())
assert report["environment"]["claude"]["kind"] == "real", report["environment"]
assert report["outcome"] in ("conformant", "partial"), report["reasons"]
card = [entry for entry in report["requirements"] if entry["verdict"] != "not-claimed"]
scripted = [entry["id"] for entry in card if entry["verdict"] == "could-not-run"]
passed = [entry["id"] for entry in card if entry["verdict"] == "passed"]
print(f"claude {report['environment']['claude']['release']}: {len(passed)} requirements passed,")
print(f"{len(scripted)} need the fake claude: {', '.join(scripted)}")
assert len(passed) >= 55, "too few requirements ran with the real program"
