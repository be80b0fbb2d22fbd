"""Plots as SVG, in the few forms that the page needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

WIDTH = 720
_LINE, _TOP, _NAMES, _RIGHT = 26, 34, 330, 70
_MET, _MISSED, _PLAIN, _GRID, _TEXT = "#2a78b5", "#b3452c", "#8a8f98", "#d8dbe0", "#22252a"
_COLOURS = ("#2a78b5", "#b3452c", "#5b8c3a", "#8a5aa8")


def bars(title: str, values: Mapping[str, float], marked: Sequence[str], unit: str) -> str:
    """Horizontal bars from zero on, each with its figure.

    :param values: by name, in the order from the top
    :param marked: the names that are ours
    """
    longest = max(values.values())
    parts = []
    for place, (name, value) in enumerate(values.items()):
        colour = _MET if name in marked else _PLAIN
        parts += _bar(place, name, _NAMES, value / longest * _room(), colour, f"{value:.4g} {unit}")
    return _picture(title, _TOP + len(values) * _LINE + 8, parts)


def against_bars(title: str, ratios: Mapping[str, tuple[float, bool]]) -> str:
    """How far each figure is from its bar, the bars in one line: on a logarithmic scale, left of it is met.

    :param ratios: by name, the figure as a part of its bar, and whether that is met
    """
    lowest = min(0.1, *(ratio for ratio, _ in ratios.values()))
    highest = max(2.0, *(ratio for ratio, _ in ratios.values()))
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)

    def x(ratio: float) -> float:
        return _NAMES + (math.log10(ratio) - decades[0]) / (decades[-1] - decades[0]) * _room()

    height = _TOP + len(ratios) * _LINE + 30
    parts = []
    for decade in decades:
        parts.append(_rule(x(10.0**decade), height - 24, _GRID, 1))
        parts.append(_text(x(10.0**decade), height - 8, f"{10.0**decade:g}", "middle"))
    for place, (name, (ratio, met)) in enumerate(ratios.items()):
        left, right = sorted((x(ratio), x(1)))
        colour = _MET if met else _MISSED
        parts += _bar(place, name, left, right - left, colour, f"{ratio:.2g}{'' if met else ' missed'}", at=x(ratio))
    parts.append(_rule(x(1), height - 24, _TEXT, 2))
    return _picture(title, height, parts)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str) -> str:
    """Lines on logarithmic scales.

    :param series: points by name
    :param across: what x counts
    :param up: what y counts
    """
    points = [point for each in series.values() for point in each]
    x = _scale([point[0] for point in points], 70, WIDTH - 30)
    height = 260 + 18 * len(series)
    y = _scale([point[1] for point in points], 240, _TOP + 10)
    parts = []
    for decade in _decades([point[0] for point in points]):
        parts.append(f'<line x1="{x(decade):.1f}" y1="{_TOP}" x2="{x(decade):.1f}" y2="240" stroke="{_GRID}"/>')
        parts.append(_text(x(decade), 256, f"{decade:,.10g}", "middle"))
    for decade in _decades([point[1] for point in points]):
        parts.append(f'<line x1="70" y1="{y(decade):.1f}" x2="{WIDTH - 30}" y2="{y(decade):.1f}" stroke="{_GRID}"/>')
        parts.append(_text(64, y(decade) + 4, f"{decade:g}", "end"))
    for number, (name, found) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in found)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="4" fill="{colour}"/>' for a, b in found]
        below = 276 + 18 * number
        parts.append(f'<rect x="70" y="{below - 9}" width="12" height="10" fill="{colour}"/>')
        parts.append(_text(88, below, name, "start"))
    return _picture(f"{title} ({up}, by {across})", height, parts)


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    decades = _decades(values)
    low, high = math.log10(decades[0]), math.log10(decades[-1])
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)


def _decades(values: Sequence[float]) -> list[float]:
    """The powers of ten around some values, at least two."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _room() -> int:
    return WIDTH - _NAMES - _RIGHT


def _bar(place: int, name: str, x: float, width: float, colour: str, told: str, at: float | None = None) -> list[str]:
    y = _TOP + place * _LINE
    return [
        _text(_NAMES - 8, y + 15, name, "end"),
        f'<rect x="{x:.1f}" y="{y + 3}" width="{max(width, 1):.1f}" height="{_LINE - 8}" fill="{colour}"/>',
        _text(max(x + width, at or 0) + 5, y + 15, told, "start"),
    ]


def _rule(x: float, bottom: float, colour: str, width: int) -> str:
    return f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_TEXT}">{escape(text)}</text>'


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    # With a ground of its own: the page may be light or dark.
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            'font-family="sans-serif" font-size="12">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#ffffff"/>',
            f'<text x="12" y="21" font-weight="bold" fill="{_TEXT}">{escape(title)}</text>',
            *parts,
            "</svg>",
            "",
        ]
    )
