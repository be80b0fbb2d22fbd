"""`python -m pytest_claude_sessions.matrix`: reports in, tables out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ..report.reading import WrongReport, read_report
from .table import markdown, table

SUFFIXES = (".html", ".md")
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the tables.

    :param arguments: of the command line, None for this process's own
    :returns: the exit status: 2 when a report is refused, and then nothing is written
    """
    parser = argparse.ArgumentParser(
        prog="python -m pytest_claude_sessions.matrix",
        description="Put the JSON reports of several managers, versions or releases into one table.",
        allow_abbrev=False,
    )
    parser.add_argument("reports", nargs="+", metavar="REPORT.json", type=Path)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        type=Path,
        help="write a table: .html or .md (repeatable); without it, Markdown is printed",
    )
    options = parser.parse_intermixed_args(arguments)
    for path in options.output:
        if path.suffix not in SUFFIXES:
            parser.error(f"{path}: its name must end in {' or '.join(SUFFIXES)}")
        if not path.absolute().parent.is_dir():
            parser.error(f"{path}: there is no directory {path.absolute().parent}")
        if path.suffix == ".html" and find_spec("jinja2") is None:
            parser.error(f"{path}: an .html table needs jinja2: pip install 'pytest-claude-sessions[html]'")
    try:
        made = table([read_report(path) for path in options.reports])
    except WrongReport as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    for path in options.output:
        if path.suffix == ".html":
            from .page import page

            text = page(made)
        else:
            text = markdown(made)
        path.write_text(text, "utf-8", "backslashreplace")
    if not options.output:
        sys.stdout.write(markdown(made))
    return 0
