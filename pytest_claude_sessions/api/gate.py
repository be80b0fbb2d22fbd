"""A gate that holds answers back until a test opens it, so that no test sleeps to be slow."""

from __future__ import annotations

import math
import threading

from .errors import GateNotReached, InvalidInput

GIVE_UP_AFTER_S = 120.0
"""A held answer is given up (the connection is cut) after so many seconds, so a forgotten gate ends."""


class AnswerGate:
    """Holds every answer that comes to it until :meth:`open`, and tells the test that one has come.

    :param opens_after_s: let each answer through by itself after so many seconds; None waits for open().
    :raises InvalidInput: when opens_after_s is negative or not finite.
    """

    def __init__(self, *, opens_after_s: float | None = None) -> None:
        if opens_after_s is not None and (not math.isfinite(opens_after_s) or opens_after_s < 0):
            raise InvalidInput(f"a slow answer takes 0 or more finite seconds, not {opens_after_s!r}")
        self.opens_after_s = opens_after_s
        # Waits take their time-outs from the lock, not from a clock, which a test may have frozen.
        self._decided = threading.Event()
        self._open = False
        self._came = threading.Condition()
        self._reached = 0

    @property
    def reached(self) -> int:
        """How many answers have come to the gate so far."""
        with self._came:
            return self._reached

    @property
    def is_open(self) -> bool:
        """Whether open() was called."""
        return self._open

    def open(self) -> None:
        """Let the held answers and all later ones through."""
        # An abandoned gate stays shut: its server has stopped.
        self._open = self._open or not self._decided.is_set()
        self._decided.set()

    def abandon(self) -> None:
        """Give the held answers up: their connections are cut. The server does this when it stops."""
        self._open = False
        self._decided.set()

    def wait_reached(self, timeout_s: float = 60.0, count: int = 1) -> None:
        """Wait until answers have come to the gate.

        :param timeout_s: how long at most for each of them, in seconds.
        :param count: how many answers.
        :raises GateNotReached: when fewer came in time.
        """
        with self._came:
            while self._reached < count:
                if not self._came.wait(timeout_s):
                    raise GateNotReached(timeout_s, self._reached, count)

    def hold(self, at_most_s: float | None = None) -> bool:
        """Wait at the gate, as an answer does.

        :param at_most_s: give up after so many seconds, as a client with a time-out does.
        :return: whether the answer may go on.
        """
        limits = [GIVE_UP_AFTER_S if self.opens_after_s is None else self.opens_after_s]
        if at_most_s is not None:
            limits.append(at_most_s)
        with self._came:
            self._reached += 1
            self._came.notify_all()
        if self._decided.wait(min(limits)):
            return self._open
        return self.opens_after_s is not None and min(limits) == self.opens_after_s
