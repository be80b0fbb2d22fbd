"""Managers that are broken on purpose: each must fail the requirement that it was made for, for the right reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Broken:
    """One broken manager.

    :param requirement: the id of the requirement that must catch it
    :param manager: a class on top of the reference, or a factory, that an import finds
    :param message: a fragment of the failure's text
    :param options: more command line options of the run, such as `--claude-release`
    """

    requirement: str
    manager: Any
    message: str
    options: tuple[str, ...] = ()

    @property
    def spec(self) -> str:
        """What `--claude-manager` takes."""
        return f"{self.manager.__module__}:{self.manager.__qualname__}"
