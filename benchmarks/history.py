"""The newest 20 of a history of a million lines, against `jq -s` over the same file; and what memory it takes."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pairs import command, in_turn, peak_memory, save

from pytest_claude_sessions.config_dir import HistoryEntry

LINES = 1_000_000
PROMPTS_EACH = 10
MEMORY_BAR_MIB = 50

NEWEST = "[.[] | select(.sessionId)] | group_by(.sessionId) | map(max_by(.timestamp)) | sort_by(-.timestamp) | .[:20]"
IMPORTS = "import sys; from pathlib import Path; from pytest_claude_sessions.reference.history import History; "
LISTING = IMPORTS + "assert len(History(Path(sys.argv[1])).newest(20)) == 20"

with tempfile.TemporaryDirectory() as name:
    config = Path(name)
    (config / "projects").mkdir()
    history = config / "history.jsonl"
    started = datetime(2025, 1, 1, tzinfo=UTC)
    with history.open("w") as stream:
        for number in range(LINES):
            session_id = f"{number // PROMPTS_EACH:08x}-0000-4000-8000-000000000000"
            moment = started + timedelta(seconds=number)
            stream.write(HistoryEntry(f"prompt {number}", moment, f"/home/me/project-{number % 50}", session_id).line())
    python = [sys.executable, "-c"]
    # Whole processes on both sides, so that the start of Python is counted.
    ours, theirs = in_turn(
        command([*python, LISTING, str(config)], config),
        command(["jq", "-s", NEWEST, str(history)], config),
        rounds=5,
    )
    idle = peak_memory([*python, IMPORTS, str(config)], config)
    listing = peak_memory([*python, LISTING, str(config)], config)
    more = round(listing - idle, 2)
    size = history.stat().st_size
save(
    "history",
    ours,
    theirs,
    bar=1 / 50,
    lines=LINES,
    mib=round(size / 2**20, 1),
    memory_above_idle_mib=more,
    memory_bar_mib=MEMORY_BAR_MIB,
    memory_met=more <= MEMORY_BAR_MIB,
)
