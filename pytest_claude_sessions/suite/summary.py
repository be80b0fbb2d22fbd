"""The terminal summary: a line a capability, then the outcome and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from . import verdict

if TYPE_CHECKING:
    from .run import ConformanceRun

SHOWN_REASONS = 12
_COLOURS = {
    verdict.CONFORMANT: {"green": True},
    verdict.PARTIAL: {"yellow": True},
    verdict.INCOMPLETE: {"yellow": True},
    verdict.NON_CONFORMANT: {"red": True},
}
_SHOWN = (
    verdict.PASSED,
    verdict.FAILED,
    verdict.WARNED,
    verdict.EXPECTED_FAILURE,
    verdict.COULD_NOT_RUN,
    verdict.HARNESS_ERROR,
)


def write_summary(terminal: Any, run: ConformanceRun) -> None:
    """Write the summary after pytest's own."""
    assert run.outcome is not None
    terminal.section(f"conformance of {run.identity.name} with specification {run.registry.spec}", sep="=")
    by_capability: dict[str, list[verdict.RequirementResult]] = {}
    for result in run.requirement_results:
        by_capability.setdefault(result.requirement.capability, []).append(result)
    for capability, results in by_capability.items():
        needed = "required" if capability in run.plan.required else ""
        if capability not in run.plan.claimed:
            colour = {"red": True} if needed else {"light": True}
            terminal.write_line(f"  {capability:<11} {'not declared':<44} {needed}", **colour)
            continue
        selected = [result for result in results if result.requirement.id in run.plan.items]
        counts = Counter(result.verdict for result in selected)
        shown = ", ".join(f"{counts[name]} {name}" for name in _SHOWN if counts[name])
        shown += f", {counts[verdict.NOT_CLAIMED]} not applicable" if counts[verdict.NOT_CLAIMED] else ""
        bad = counts[verdict.FAILED]
        terminal.write_line(f"  {capability:<11} {shown or 'not selected':<44} {needed}", red=bool(bad), green=not bad)
    for result in run.requirement_results:
        if result.verdict == verdict.WARNED:
            terminal.write_line(f"  should: {result.requirement.id} {result.requirement.statement}", yellow=True)
    terminal.write_line(f"outcome: {run.outcome.name}", bold=True, **_COLOURS[run.outcome.name])
    for reason in run.outcome.reasons[:SHOWN_REASONS]:
        terminal.write_line(f"  because {reason}"[:300])
    if len(run.outcome.reasons) > SHOWN_REASONS:
        terminal.write_line(f"  and {len(run.outcome.reasons) - SHOWN_REASONS} more reasons")
