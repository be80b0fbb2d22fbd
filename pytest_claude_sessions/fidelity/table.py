"""How `releases.json` is written: a line holds what fits, the rest is broken up, so that changes can be reviewed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..claude import release

TABLE = Path(release.__file__).with_name("releases.json")
_WIDTH = 120


def written(table: Any) -> str:
    """The text of the table.

    :param table: what the file holds
    """
    return _text(table, 0, 0, broken=2) + "\n"


def rewrite(path: Path = TABLE) -> None:
    """Write the file anew in its own form, after a change by hand."""
    path.write_text(written(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")


def _text(value: Any, indent: int, before: int, broken: int = 0) -> str:
    """One value.

    :param indent: of the line that it begins in
    :param before: how much of that line is taken already, and by a comma behind it
    :param broken: how many levels are broken up even where they fit: the facets and their entries
    """
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (not broken and indent + before + len(flat) <= _WIDTH):
        return flat
    inner, broken = " " * (indent + 1), max(broken - 1, 0)
    if isinstance(value, dict):
        keys = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        parts = [key + _text(v, indent + 1, len(key) + 1, broken) for key, v in zip(keys, value.values(), strict=True)]
        opened, closed = "{", "}"
    else:
        parts = [_text(part, indent + 1, 1, broken) for part in value]
        opened, closed = "[", "]"
    return opened + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + closed
