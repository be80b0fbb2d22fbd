"""From `--claude-report PATH` to the file: the suffix names the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..suite.registry import Registry

Renderer = Callable[[Mapping[str, Any], "Registry"], str]


def write_report(path: Path, report: Mapping[str, Any], registry: Registry) -> None:
    """Write a report.

    :param path: its suffix is one of :data:`pytest_claude_sessions.options.REPORT_SUFFIXES`
    :param report: the data of :func:`.document.make_report`
    """
    path.write_text(renderer(path.name)(report, registry), "utf-8", "backslashreplace")


def renderer(name: str) -> Renderer:
    """What makes the text of a report with such a file name."""
    if name.endswith(".badge.json"):
        from .badge import endpoint

        return lambda report, _: endpoint(report)
    suffix = Path(name).suffix
    if suffix == ".svg":
        from .badge import picture

        return lambda report, _: picture(report)
    if suffix == ".html":
        from .page import page

        return page
    if suffix == ".md":
        from .markdown import markdown

        return markdown
    from .document import as_text

    return lambda report, _: as_text(report)
