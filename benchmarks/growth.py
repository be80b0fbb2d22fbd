"""How a cost grows with the size of what is done."""

from __future__ import annotations

import math
from collections.abc import Sequence

LINEAR = 1.1
"""The exponent up to which growth counts as linear: what is measured is never exact."""


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The k of `cost = b * size**k` that fits best: the slope by least squares, both on logarithmic scales.

    A fixed cost, such as the start of a program, makes it smaller.

    :param sizes: at least two, all above 0
    :param costs: one each, all above 0
    :raises ValueError: for anything else
    """
    if len(sizes) != len(costs) or len(set(sizes)) < 2 or min(*sizes, *costs) <= 0:
        raise ValueError(f"an exponent needs two sizes and a cost above 0 for each, not {sizes} and {costs}")
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def last_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The same between the last two sizes alone, where a fixed cost hides the least."""
    return exponent(sizes[-2:], costs[-2:])
