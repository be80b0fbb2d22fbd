"""What a machine cannot give, and why."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """One backend does not work here; the text says why, in one line."""


class BindUnavailable(RuntimeError):
    """No backend works here. The message names each one with its reason, and fits into a skip.

    what: what was wanted; reasons: backend -> why not; advice: what would make one work.
    """

    def __init__(self, what: str, reasons: Mapping[str, str], advice: str = "") -> None:
        self.what = what
        self.reasons = dict(reasons)
        listed = "; ".join(f"{backend}: {reason}" for backend, reason in reasons.items())
        super().__init__(f"this machine cannot provide {what} ({listed})" + (f". {advice}" if advice else ""))
