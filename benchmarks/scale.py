"""How much is measured: all of it, or enough to see that it works."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STARTED_WITH = dict(os.environ)
"""The variables of whoever called: what installs packages may need them."""


@dataclass(frozen=True)
class Scale:
    """What a row is told.

    :param short: fewer rounds and smaller sizes
    :param environments: where the environments of other plug-ins are made, and found the next time
    """

    short: bool
    environments: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "claude-sessions-bench")

    def rounds(self, full: int, short: int | None = None) -> int:
        """How many rounds: a third of them, at least three, when it is to be short."""
        return full if not self.short else short if short is not None else max(3, full // 3)

    def sizes(self, *full: int) -> tuple[int, ...]:
        """The sizes: a tenth of them when it is to be short."""
        return full if not self.short else tuple(max(1, size // 10) for size in full)


@contextmanager
def world() -> Iterator[Path]:
    """A directory for one row, gone at its end, with a HOME and a config dir of its own: nobody's are read."""
    before = {name: os.environ.get(name) for name in ("HOME", "CLAUDE_CONFIG_DIR")}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        (root / "home").mkdir()
        os.environ["HOME"] = str(root / "home")
        os.environ.pop("CLAUDE_CONFIG_DIR", None)
        try:
            yield root
        finally:
            for variable, value in before.items():
                if value is None:
                    os.environ.pop(variable, None)
                else:
                    os.environ[variable] = value
