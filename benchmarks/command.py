"""The command line: which rows, how long, and the page at the end."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from .pairs import CHECKOUT, Failed
from .result import Row, save
from .scale import Scale, world

ROWS = (
    "start_up",
    "turn",
    "frames",
    "config_dir",
    "fixture",
    "clock",
    "history",
    "transcripts",
    "stdio",
    "profiles",
    "shards",
)
PROFILED = "costly"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the page.

    :returns: the exit status: 1 when a row could not be measured; a bar that is missed stands on the page
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure what things cost beside what a user would take instead, and write docs/performance.md.",
        allow_abbrev=False,
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {', '.join([*ROWS, PROFILED])}")
    parser.add_argument("--short", action="store_true", help="fewer rounds and a tenth of the sizes")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page from what is kept")
    parser.add_argument(
        "--environments",
        metavar="DIR",
        type=Path,
        default=Scale(short=False).environments,
        help="where environments of other plug-ins are made and kept (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    for name in options.rows:
        if name not in (*ROWS, PROFILED):
            parser.error(f"there is no row {name!r}: {', '.join([*ROWS, PROFILED])}")
    from .page import write

    failed = [] if options.page else _measured(options.rows or [*ROWS, PROFILED], options)
    written = write()
    print(f"written: {', '.join(str(path.relative_to(CHECKOUT)) for path in written)}")
    for name in failed:
        print(f"not measured: {name}", file=sys.stderr)
    return 1 if failed else 0


def _measured(names: Sequence[str], options: argparse.Namespace) -> list[str]:
    failed = []
    scale = Scale(options.short, options.environments)
    for name in names:
        started = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        run = circumstances(name, short=options.short)
        try:
            with world() as root:
                row: Row | None = import_module(f".rows.{name}", __package__).measure(scale, root)
        except Failed as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        took = round(time.monotonic() - started)
        if row is not None:
            save(row, {**run, "seconds": took})
            tell(row)
        print(f"{name}: {took} s", file=sys.stderr, flush=True)
    return failed


def circumstances(name: str, *, short: bool) -> dict[str, Any]:
    """When, where and how a row is measured."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=CHECKOUT, capture_output=True, check=False)
    return {
        "command": f"python -m benchmarks {name}" + (" --short" if short else ""),
        "short": short,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": git.stdout.decode().strip(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def tell(row: Row) -> None:
    """Each figure with the commands that it is of."""
    for found in row.comparisons:
        bar = "no bar" if found.bar is None else f"bar {found.bar:.4g}, {'met' if found.met else 'MISSED'}"
        print(f"{row.name}: {found.what}, against {found.against}: {found.ratio:.4g} times ({bar})")
        print(f"    {found.ours_s:.4g} s  {found.commands[0]}\n    {found.theirs_s:.4g} s  {found.commands[1]}")
    for limit in row.limits:
        bar = "" if limit.bar is None else f" (bar {limit.bar:.4g}, {'met' if limit.met else 'MISSED'})"
        print(f"{row.name}: {limit.what}: {limit.value:.4g} {limit.unit}{bar}")
    for grown in row.growth:
        told = ", ".join(f"{size}: {cost:.4g} s" for size, cost in zip(grown.sizes, grown.seconds, strict=True))
        print(f"{row.name}: {grown.what} by {grown.unit}: {told}; exponent {grown.exponent:.2f}", end="")
        print(f" (last {grown.last_exponent:.2f}); MiB {', '.join(f'{mib:.1f}' for mib in grown.mib)}")
    for name, seconds in row.beside.items():
        print(f"{row.name}: {name}: {seconds:.4g} s")
    for note in row.notes:
        print(f"{row.name}: {note}")
    sys.stdout.flush()
