"""What a manager object in Python says of itself."""

from __future__ import annotations

from typing import Any

from . import Identity, Misconduct


def identify(manager: Any) -> Identity:
    """What a manager object says of itself.

    :raises Misconduct: when it declares no capabilities, or a wrong name among them
    """
    declared = getattr(manager, "capabilities", None)
    if not isinstance(declared, (set, frozenset, list, tuple)) or not all(isinstance(c, str) for c in declared):
        raise Misconduct(f"the manager's `capabilities` is {declared!r:.80}: a set of names is expected")
    return Identity(
        name=str(getattr(manager, "name", None) or type(manager).__name__),
        version=str(getattr(manager, "version", None) or ""),
        language="python",
        capabilities=frozenset(declared),
        options=dict(getattr(manager, "options", None) or {}),
    )
