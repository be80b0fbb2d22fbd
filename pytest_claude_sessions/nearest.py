"""The nearest valid name to a wrong one, for messages."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """`; did you mean X?`, or the valid names when none is near, ready to follow a message."""
    from difflib import get_close_matches

    names = list(valid)
    close = get_close_matches(wrong, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"; valid: {shown}"
