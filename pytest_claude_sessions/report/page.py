"""The report as one HTML file: nothing is loaded from elsewhere, and it reads without its script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from ..suite.reach import ranges
from .plain import plain
from .view import NOT_SELECTED, ORDER, SHOWN_OPEN, SYMBOLS, WORDS, view

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..suite.registry import Registry

CHART_WIDTH = 600
SHORTEST_BAR = 3


@dataclass(frozen=True)
class Bar:
    """One start of Claude in the chart of a failure.

    :param x: where it begins, in units of a chart that is :data:`CHART_WIDTH` wide
    :param after: seconds since the first start
    :param took: seconds, None for one that never ended
    """

    start: Mapping[str, Any]
    x: float
    width: float
    after: float
    took: float | None


def page(report: Mapping[str, Any], registry: Registry) -> str:
    """The page."""
    arranged = view(report, registry)
    ids = {line.id for line in arranged.lines}

    def named(reason: str) -> tuple[str, str, str] | None:
        """A reason in three parts, the middle one being the requirement that it names."""
        found = next((word for word in reason.replace(":", " ").split() if word in ids), None)
        return reason.partition(found) if found else None

    return render(
        "report.html.j2",
        view=arranged,
        report=report,
        order=[name for name in ORDER if arranged.counts[name]],
        failing=[line for line in arranged.failing if line.verdict != NOT_SELECTED],
        opened=SHOWN_OPEN,
        named=named,
        ranges=ranges,
        timeline=timeline,
        at=lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="milliseconds"),
        chart_width=CHART_WIDTH,
    )


def timeline(starts: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """The starts along the time that they took together."""
    if not starts:
        return []
    first = min(start["started_at"] for start in starts)
    last = max(start["ended_at"] or start["started_at"] for start in starts)
    scale = CHART_WIDTH / max(last - first, 1e-6)
    bars = []
    for start in starts:
        after, ended = start["started_at"] - first, start["ended_at"]
        took = None if ended is None else max(ended - start["started_at"], 0.0)
        width = CHART_WIDTH - after * scale if took is None else took * scale
        x = min(after * scale, CHART_WIDTH - SHORTEST_BAR)
        bars.append(Bar(start, round(x, 1), round(min(max(width, SHORTEST_BAR), CHART_WIDTH - x), 1), after, took))
    return bars


def render(template: str, **values: Any) -> str:
    """Fill in a template of this package; styles and script are put in, and nothing else may run or be loaded."""
    style = resources.files(__package__).joinpath("templates/page.css.j2").read_text("utf-8")
    script = resources.files(__package__).joinpath("templates/page.js.j2").read_text("utf-8")
    return (
        _environment()
        .get_template(template)
        .render(
            style=style,
            script=script,
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'",
            symbols=SYMBOLS,
            words=WORDS,
            **values,
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Every value that is put in: what a manager wrote is shown, never obeyed.
        finalize=lambda value: plain(value) if type(value) is str else value,
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
