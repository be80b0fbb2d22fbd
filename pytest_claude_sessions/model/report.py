"""What a model-based run found, as text and as plain data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..suite.collection import node_id_of_model
from .plan import ModelPlan

LONGEST = 8
"""Lines that are shown of what was seen."""

if TYPE_CHECKING:
    from ..suite.run import ConformanceRun
    from .exploring import Search


def told(run: ConformanceRun, plan: ModelPlan, searched: Search) -> str:
    """The failing sequence as numbered steps, what was expected and seen, and how to repeat it."""
    found = searched.found
    assert found is not None
    requirement = run.registry.requirements[found.requirement]
    lines = [f"{requirement.id} ({requirement.level}): {requirement.statement}", ""]
    lines += _labelled("steps", [f"{number}. {line}" for number, line in enumerate(found.story, 1)])
    lines += _labelled("expected", found.expected.splitlines())
    lines += _labelled("seen", _cut(found.seen.splitlines()))
    if requirement.cause:
        lines += _labelled("usual cause", [requirement.cause])
    lines += _labelled("found", [found_in_words(plan, searched)])
    lines += _labelled("repeat", [repeat_command(run, plan)])
    return "\n".join(lines)


def failure_as_json(run: ConformanceRun, plan: ModelPlan, searched: Search) -> Mapping[str, Any]:
    """The same as plain data (conformance/report.schema.json, `failures`)."""
    found = searched.found
    assert found is not None
    return {
        "given": "\n".join(f"{number}. {line}" for number, line in enumerate(found.story, 1)),
        "expected": found.expected,
        "seen": found.seen,
        "tree": [],
        "starts": [],
        "artifacts": "",
        "repeat": repeat_command(run, plan),
    }


def found_in_words(plan: ModelPlan, searched: Search) -> str:
    """Where the sequence came from."""
    again = "" if searched.again else "; it did not show again when it was tried once more"
    return f"by sequence {searched.at} of {plan.count} with seed {plan.seed}, then made as short as it goes{again}"


def repeat_command(run: ConformanceRun, plan: ModelPlan) -> str:
    """The command line that finds it again."""
    words = run.command_words()
    if plan.asked_for:
        words += [f"--claude-model={plan.count}"]
    if plan.seed:
        words += [f"--claude-model-seed={plan.seed}"]
    return shlex.join([*words, node_id_of_model(plan.name)])


def _cut(lines: list[str]) -> list[str]:
    """A traceback less its middle."""
    return lines if len(lines) <= LONGEST else [*lines[:1], "...", *lines[-LONGEST + 2 :]]


def _labelled(label: str, lines: list[str]) -> list[str]:
    first, *rest = lines or [""]
    return [f"{label + ':':<13}{first}", *(" " * 13 + line for line in rest)]
