"""`--claude-requirements`: every requirement with its state, without running anything."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .check import checks_of
from .registry import Registry, Requirement, load_registry

if TYPE_CHECKING:
    import pytest

    from .verdict import RequirementResult

REMEMBERED = "claude-sessions/verdicts"
"""The key of pytest's cache under which a run leaves its verdicts."""

NEVER_RUN = "not run yet"
NO_CHECK = "no check yet"


def list_requirements(config: pytest.Config, form: str) -> int:
    """Print the list.

    :param form: `text` or `json`
    :returns: the exit status
    """
    registry = load_registry()
    last: Mapping[str, str] = (_cached(config) or {}).get("verdicts", {})
    rows = [_row(requirement, registry, last) for requirement in registry.requirements.values()]
    if form == "json":
        print(json.dumps({"spec": registry.spec, "requirements": rows}, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['id']:<7} {row['level']:<6} {row['capability']:<10} {row['state']:<16} {row['statement']}")
    cached = _cached(config)
    told = f", as {cached['manager']} was seen last" if cached else ""
    print(f"\n{len(rows)} requirements of specification {registry.spec}{told}; more on one: pytest --claude-explain ID")
    return 0


def remember(config: pytest.Config, manager: str, results: list[RequirementResult]) -> None:
    """Keep the verdicts of a run for the next list; those of another manager are forgotten.

    :param manager: the name that it tells
    """
    cache = getattr(config, "cache", None)
    if cache is None:
        return
    before = _cached(config) or {}
    kept = before.get("verdicts", {}) if before.get("manager") == manager else {}
    new = {r.requirement.id: r.verdict for r in results if r.message not in ("not selected", "not executed")}
    cache.set(REMEMBERED, {"manager": manager, "verdicts": {**kept, **new}})


def _cached(config: pytest.Config) -> dict[str, Any] | None:
    # Read as a file: the list is printed before pytest has opened its cache.
    try:
        directory = config.rootpath / os.path.expandvars(config.getini("cache_dir"))
        found = json.loads((directory / "v" / REMEMBERED).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("verdicts"), dict) else None


def _row(requirement: Requirement, registry: Registry, last: Mapping[str, str]) -> dict[str, Any]:
    profiles = [name for name, capabilities in registry.profiles.items() if requirement.capability in capabilities]
    checks = sum(len(check.node_names()) for check in checks_of(requirement.id, requirement.capability))
    return {
        "id": requirement.id,
        "level": requirement.level,
        "capability": requirement.capability,
        "profiles": profiles,
        "state": last.get(requirement.id, NEVER_RUN) if checks else NO_CHECK,
        "checks": checks,
        "statement": requirement.statement,
    }
