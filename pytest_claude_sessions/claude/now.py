"""The fake's clock: the machine's, or the instant in `<CLAUDE_FAKE_DIR>/clock.json`."""

from __future__ import annotations

import os
import time

from .json_text import loads


class Clock:
    """Tells the time of records.

    :param directory: CLAUDE_FAKE_DIR, None for none; its `clock.json` holds {"now": epoch seconds} to stand still at.
    """

    __slots__ = ("frozen",)

    frozen: float | None

    def __init__(self, directory: str | None) -> None:
        self.frozen = None
        if directory is None:
            return
        try:
            with open(os.path.join(directory, "clock.json"), encoding="utf-8") as file:
                self.frozen = float(loads(file.read())["now"])
        except FileNotFoundError:
            return

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() if self.frozen is None else self.frozen

    def stamp(self, path: str) -> None:
        """Give a file that was just written the time of this clock."""
        if self.frozen is not None:
            os.utime(path, (self.frozen, self.frozen))
