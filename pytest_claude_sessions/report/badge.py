"""The badge: an SVG picture, and the JSON that badge services read; both name profile and specification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from ..suite import verdict
from .plain import one_line

# White text keeps a contrast of at least 4.5 on each of these (WCAG AA).
COLOURS = {
    verdict.CONFORMANT: "#1a7f37",
    verdict.PARTIAL: "#8a6100",
    verdict.INCOMPLETE: "#a04100",
    verdict.NON_CONFORMANT: "#c4232b",
}
LABEL_COLOUR = "#444c56"
HEIGHT = 20
PADDING = 8
LONGEST_NAME = 40
_NARROW, _WIDE = "ijl.,:;|!'ftr()[] ", "mwMW@%"


def label(report: Mapping[str, Any]) -> str:
    """What the badge is about."""
    return f"claude sessions {report['spec']} {_short(report['profile'])}"


def picture(report: Mapping[str, Any]) -> str:
    """The badge as SVG; a viewer's own font may differ, so the text is set to the width that was laid out."""
    left, right = label(report), str(report["outcome"])
    left_width, right_width = _width(left), _width(right)
    width = left_width + right_width
    told = f"{left}: {right} ({one_line(report['subject']['name'])[:LONGEST_NAME]})"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" role="img"'
        f' aria-label="{escape(told)}">',
        f"<title>{escape(told)}</title>",
        f'<clipPath id="r"><rect width="{width}" height="{HEIGHT}" rx="3"/></clipPath>',
        '<g clip-path="url(#r)">',
        f'<rect width="{left_width}" height="{HEIGHT}" fill="{LABEL_COLOUR}"/>',
        f'<rect x="{left_width}" width="{right_width}" height="{HEIGHT}" fill="{COLOURS[right]}"/>',
        "</g>",
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
        _text(left, 0, left_width),
        _text(right, left_width, right_width),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def endpoint(report: Mapping[str, Any]) -> str:
    """The badge as the JSON that badge services read from an address."""
    outcome = report["outcome"]
    badge = {"schemaVersion": 1, "label": label(report), "message": outcome, "color": COLOURS[outcome].lstrip("#")}
    return json.dumps(badge, indent=1) + "\n"


def _short(name: str) -> str:
    shown = one_line(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 3] + "..."


def _width(text: str) -> int:
    return round(_text_width(text)) + 2 * PADDING


def _text_width(text: str) -> float:
    """The width in an 11 pixel Verdana, near enough: narrow, wide and other characters."""
    return sum(4.2 if c in _NARROW else 9.8 if c in _WIDE else 11 if ord(c) > 0x2E80 else 6.9 for c in text)


def _text(text: str, x: int, width: int) -> str:
    return (
        f'<text x="{x + PADDING}" y="14" textLength="{width - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(text)}</text>"
    )
