"""The command line: `python -m pytest_claude_sessions.fidelity RELEASE`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .install import NotInstalled, default_cache, find_release
from .known import BadKnown
from .page import PAGE, render
from .play import Played, play_all
from .results import BadResults, in_short, read_results, record, row
from .scenario import UnknownScenario, chosen, scenarios
from .table import rewrite

RESULTS = Path("tests", "fidelity", "results.json")


def main(words: Sequence[str]) -> int:
    """Play the scenarios for a release and print what came of it.

    :param words: the arguments
    :return: 0 when nothing is left unexplained, 1 when something is, 2 for bad input
    """
    given = _parser().parse_args(words)
    if given.list:
        for name, scenario in scenarios().items():
            print(f"{name}: {scenario.about}")
        return 0
    if given.table:
        rewrite()
        return 0
    if given.page is not None:
        return _write_page(given.page, given.record or RESULTS)
    if given.release is None:
        print("fidelity: which release? Three numbers such as 2.1.112, or sdk for the installed SDK's", file=sys.stderr)
        return 2
    try:
        wanted = chosen(given.scenario)
        installed = find_release(given.release, given.cache)
        played = play_all(installed, wanted, lambda one: print(_line(one, given.show), file=sys.stderr, flush=True))
        made = row(installed.release, installed.source, played)
        if given.record is not None:
            record(given.record, made)
    except (UnknownScenario, NotInstalled, BadKnown, BadResults) as error:
        print(f"fidelity: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(made, indent=1, ensure_ascii=False))
    else:
        print(_summary(installed.release, played))
    return 0 if all(one.good for one in played) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_claude_sessions.fidelity",
        description="Play every scenario with a real release of Claude Code and with the fake, and compare.",
    )
    parser.add_argument("release", nargs="?", help="a version such as 2.1.112, or sdk: the one in the installed SDK")
    parser.add_argument("--cache", type=Path, help=f"where releases are installed (default {default_cache()})")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="only this one (repeatable)")
    parser.add_argument("--json", action="store_true", help="print the row as data")
    parser.add_argument(
        "--record", nargs="?", type=Path, const=RESULTS, metavar="PATH", help=f"keep the row (default {RESULTS})"
    )
    parser.add_argument("--show", action="store_true", help="show what the real program did in each step")
    parser.add_argument(
        "--page", nargs="?", type=Path, const=PAGE, metavar="PATH", help=f"make the page anew (default {PAGE})"
    )
    parser.add_argument("--table", action="store_true", help="write the table of releases anew in its own form")
    parser.add_argument("--list", action="store_true", help="list the scenarios and play none")
    return parser


def _write_page(page: Path, results: Path) -> int:
    try:
        text = render(read_results(results))
    except (BadKnown, BadResults) as error:
        print(f"fidelity: {error}", file=sys.stderr)
        return 2
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return 0


def _line(played: Played, show: bool) -> str:
    if not show:
        return str(played)
    return "\n".join([str(played), *(f"    {step}: {in_short(seen)}" for step, seen in played.real.items())])


def _summary(release: str, played: Sequence[Played]) -> str:
    counts: dict[str, int] = {}
    for one in played:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"{release}: {len(played)} scenarios, {told}"
