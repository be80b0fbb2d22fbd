"""One part of a run that several machines share: what its report has to tell, so that the parts can become one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import verdict

if TYPE_CHECKING:
    from .run import ConformanceRun


def part_asked_for(number: int, of: int) -> str:
    """Why a part is no whole run, as its report says it."""
    return f"only part {number} of {of} was asked for"


def shard_as_json(run: ConformanceRun) -> dict[str, Any]:
    """The part of the report, see the report's schema.

    What a run decides by is in the report, but for what lies beside the requirements: that is decided here alone.
    """
    assert run.options.shard is not None
    number, of = run.options.shard
    others = tuple(reason for reason in run.plan.filtered if reason != part_asked_for(number, of))
    beside = verdict.decide(
        replace(run.plan, required=frozenset(), items={}, filtered=others),
        (),
        strict=run.options.strict,
        incidents=run.incidents,
        model=run.model_result,
    )
    results = [result for result in run.requirement_results if result.requirement.id in run.plan.items]
    return {
        "number": number,
        "of": of,
        "planned": list(run.all_planned),
        "executed": [result.requirement.id for result in results if result.executed],
        "needs_fake": [result.requirement.id for result in results if result.needs_fake],
        "strict": run.options.strict,
        "narrowed": run.plan.narrowed,
        "beside": {"outcome": beside.name, "reasons": list(beside.reasons)},
    }
