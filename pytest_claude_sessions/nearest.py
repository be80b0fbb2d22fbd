"""The nearest valid name to a wrong one, for messages."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 0.5
"""How alike two names must be, from 0 to 1, for one to be offered in place of the other."""


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """`; did you mean X?`, or the valid names when none is near, ready to follow a message."""
    from difflib import SequenceMatcher

    names = list(valid)
    # The first of equals: an order that people know beats the one that difflib's own helper has.
    best = max(names, key=lambda name: SequenceMatcher(None, wrong, name).ratio(), default="")
    if SequenceMatcher(None, wrong, best).ratio() >= NEAR:
        return f"; did you mean {best!r}?"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"; valid: {shown}"
