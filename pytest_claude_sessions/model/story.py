"""A try told in numbered steps that a person can follow: ids by short names, paths below the trial's world."""

from __future__ import annotations

import os
import re
from pathlib import Path

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LONGEST_NAME = 40


class Story:
    """What was done so far.

    :param root: the trial's world; paths are told from there
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._steps: list[str] = []
        self._names: dict[str, str] = {}

    @property
    def lines(self) -> tuple[str, ...]:
        """The steps in their order."""
        return tuple(self._steps)

    def say(self, text: str) -> None:
        """A new step."""
        self._steps.append(self._one_line(text))

    def add(self, text: str) -> None:
        """What came of the step."""
        self._steps[-1] += f" -> {self._one_line(text)}"

    def plain(self, text: str) -> str:
        """A text with ids and paths by their short names."""
        return _UUID.sub(lambda found: self._name(found.group()), text.replace(f"{self._root}{os.sep}", ""))

    def _one_line(self, text: str) -> str:
        return self.plain(text).replace("\n", "\\n")

    def _name(self, session_id: str) -> str:
        return self._names.setdefault(session_id, f"id-{len(self._names) + 1}")


def shown(value: object) -> str:
    """A key, prompt or value as a step tells it."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= LONGEST_NAME else f"{text[:16]}...{text[-6:]} ({len(str(value))} characters)"
