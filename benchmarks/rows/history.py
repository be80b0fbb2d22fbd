"""The newest 20 conversations of a history, against `jq -s` and against `tail` with `jq`."""

from __future__ import annotations

import shlex
import statistics
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.environments import executable
from benchmarks.pairs import command, in_turn, inside_env, peak_mib
from benchmarks.result import Growth, Limit, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.config_dir import HistoryEntry
from pytest_claude_sessions.reference.history import History

PROMPTS_EACH = 10
TAIL = 1000
SHOWN = 20
NEWEST = (
    f"[.[] | select(.sessionId)] | group_by(.sessionId) | map(max_by(.timestamp)) | sort_by(-.timestamp) | .[:{SHOWN}]"
)
IMPORTS = "import sys; from pathlib import Path; from pytest_claude_sessions.reference.history import History; "
LISTING = IMPORTS + f"assert len(History(Path(sys.argv[1])).newest({SHOWN})) == {SHOWN}"


def measure(scale: Scale, root: Path) -> Row:
    """Whole processes where the other side is one; the manager's call where a shell's command is."""
    jq = executable("jq")
    sizes = scale.sizes(10_000, 100_000, 1_000_000)
    seconds, mib = [], []
    for size in sizes:
        config = written(root / str(size), size)
        [times] = in_turn(lambda config=config: listed(config), rounds=scale.rounds(15))
        seconds.append(statistics.median(times))
        mib.append(peak_mib([sys.executable, "-c", LISTING, str(config)], root, inside_env()))
    idle = peak_mib([sys.executable, "-c", IMPORTS, str(config)], root, inside_env())
    history = config / "history.jsonl"
    slurp = [jq, "-s", NEWEST, str(history)]
    tail = ["sh", "-c", f"tail -n {TAIL} {shlex.quote(str(history))} | {jq} -s {shlex.quote(NEWEST)}"]
    whole = command([sys.executable, "-c", LISTING, str(config)], root, inside_env())
    first = in_turn(whole, command(slurp, root), rounds=2, warm=0)
    second = in_turn(lambda: listed(config), command(tail, root), rounds=scale.rounds(30))
    third = in_turn(whole, command(tail, root), rounds=scale.rounds(9))
    ours = f"History(config_dir).newest({SHOWN})"
    typed = f"python -c '{ours}'"
    return Row(
        "history",
        "The history of what was typed",
        comparisons=(
            compared(
                f"the newest {SHOWN} of {sizes[-1]:,} lines, Python's start included",
                "jq -s",
                *first,
                bar=1 / 50,
                commands=(typed, f"jq -s '{NEWEST}' history.jsonl"),
            ),
            compared(
                f"the same in a manager that runs (list_sessions({SHOWN}))",
                "tail -n with jq",
                *second,
                bar=1.0,
                commands=(ours, f"tail -n {TAIL} history.jsonl | jq -s '{NEWEST}'"),
            ),
            compared(
                "the same with Python's start",
                "tail -n with jq",
                *third,
                bar=None,
                commands=(typed, f"tail -n {TAIL} history.jsonl | jq -s '{NEWEST}'"),
            ),
        ),
        limits=(Limit(f"memory of listing {sizes[-1]:,} lines above that of the imports", mib[-1] - idle, "MiB", 50),),
        growth=(Growth(f"the newest {SHOWN}", "lines", sizes, tuple(seconds), tuple(mib)),),
    )


def written(config: Path, size: int) -> Path:
    """A config dir with a history of so many lines."""
    (config / "projects").mkdir(parents=True)
    started = datetime(2025, 1, 1, tzinfo=UTC)
    with (config / "history.jsonl").open("w") as stream:
        for number in range(size):
            session_id = f"{number // PROMPTS_EACH:08x}-0000-4000-8000-000000000000"
            moment = started + timedelta(seconds=number)
            project = f"/home/me/project-{number % 50}"
            stream.write(HistoryEntry(f"prompt {number}", moment, project, session_id).line())
    return config


def listed(config: Path) -> None:
    """What `list_sessions` of the reference manager does."""
    assert len(History(config).newest(SHOWN)) == SHOWN
