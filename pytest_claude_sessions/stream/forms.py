"""The frames that only a connection shows, release by release: tool results, partial messages, control requests.

`forms.json` has the shape of `claude/releases.json`: a facet maps to entries `{"since", "value", "observed"}`, and a
release behaves as the newest entry that is not newer than it. It was measured on 2026-11-21 with the releases of
`observed`, driven over `--input-format stream-json` by claude-agent-sdk 0.2.186 or by hand. 1.0.0 has no such input and
1.0.31 no control requests, so there the oldest form stands in.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..claude.release import Release, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def forms_of(release: Release) -> Mapping[str, Any]:
    """Facet -> value for one release; a control request that it does not know yet is left out."""
    wanted = parse_version(release.version)
    # These two are the fake program's as well, and stand in its table.
    known: dict[str, Any] = {
        "user": release.behaviour["frame:user"],
        "can_use_tool": release.behaviour["request:can_use_tool"],
    }
    for facet, entries in _table().items():
        for entry in entries:
            if parse_version(entry["since"]) > wanted:
                break
            known[facet] = entry["value"]
    return known


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    text = files(__package__).joinpath("forms.json").read_text(encoding="utf-8")
    table: dict[str, list[dict[str, Any]]] = json.loads(text)
    return table
