"""How a check ends when it does not pass."""

from __future__ import annotations


class Judgement(Exception):
    """Ends a check with something else than passed."""


class Breach(Judgement):
    """The manager did not do what the requirement says.

    :param given: the situation that it was put into
    :param expected: what the requirement asks for there
    :param seen: what was there instead
    """

    def __init__(self, given: str, expected: str, seen: str) -> None:
        super().__init__(given, expected, seen)
        self.given, self.expected, self.seen = given, expected, seen

    def __str__(self) -> str:
        return f"given {self.given}: expected {self.expected}, seen {self.seen}"


class CouldNotRun(Judgement):
    """The machine, or the way of the run, lacks something; the reason says what."""


class NotApplicable(Judgement):
    """The requirement does not hold for a manager with these options, or on this release; the reason says why."""
