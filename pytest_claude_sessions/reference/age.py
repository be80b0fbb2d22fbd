"""How long a stored id may rest before it is no longer offered (source 002, TTL-01 to TTL-13)."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from ..manager import ManagerError

DAY_MS = 24 * 60 * 60 * 1000


def now_ms() -> int:
    """Epoch milliseconds: no time zone and no daylight saving in it (TTL-13)."""
    return int(time.time() * 1000)


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """The limit in ms; an age that equals it is still fresh (TTL-03)."""

    limit_ms: float

    @classmethod
    def of(cls, setting: Any) -> AgeLimit:
        """The configured limit, 24 h without one.

        :raises ManagerError: `invalid_setting` for what is not a number above 0 (TTL-11)
        """
        if setting is None:
            return cls(DAY_MS)
        number = isinstance(setting, (int, float)) and not isinstance(setting, bool)
        if not number or not math.isfinite(setting) or setting <= 0:
            raise ManagerError(
                "invalid_setting",
                f"max_session_age_ms is {setting!r}: a number of milliseconds above 0 is expected",
            )
        return cls(setting)

    def is_stale(self, last_used_at: int) -> bool:
        """Whether an id last used then, in epoch ms, is no longer offered."""
        return now_ms() - last_used_at > self.limit_ms
