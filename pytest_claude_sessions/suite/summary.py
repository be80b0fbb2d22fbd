"""The terminal summary: a line a capability, then the outcome and why, and what no requirement reached."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..crash.count import counted, told
from ..report.plain import one_line
from ..report.view import NOT_SELECTED, WORDS, shown_verdict
from . import verdict

if TYPE_CHECKING:
    from .reach import Result
    from .run import ConformanceRun

SHOWN_REASONS = 12
SHOWN_FILES = 30
NARROWEST = 40
LONGEST_REASON = 300
_COLOURS = {
    verdict.CONFORMANT: {"green": True},
    verdict.PARTIAL: {"yellow": True},
    verdict.INCOMPLETE: {"yellow": True},
    verdict.NON_CONFORMANT: {"red": True},
}
_NOT_WRITTEN = re.compile(r"\b(\w+)\(\) raised NotImplementedError|\bhas no method (\w+)\(\)")
_SHOWN = (
    verdict.PASSED,
    verdict.FAILED,
    verdict.WARNED,
    verdict.EXPECTED_FAILURE,
    verdict.COULD_NOT_RUN,
    verdict.HARNESS_ERROR,
)


def write_summary(terminal: Any, run: ConformanceRun) -> None:
    """Write the summary after pytest's own: `-q` leaves out what is as it should be, `-v` shows every reason."""
    assert run.outcome is not None
    quiet, verbose = terminal.verbosity < 0, terminal.verbosity > 0
    name = one_line(run.identity.name)
    terminal.write_sep("=", f"conformance of {name} with specification {run.registry.spec}")
    by_capability: dict[str, list[verdict.RequirementResult]] = {}
    for result in run.requirement_results:
        by_capability.setdefault(result.requirement.capability, []).append(result)
    for capability, results in by_capability.items():
        _capability(terminal, run, capability, results, quiet=quiet)
    crash = counted(run.results.values())
    if crash is not None:
        terminal.write_line(f"  {told(crash)}")
    if run.model_result is not None:
        _model(terminal, run.model_result, quiet=quiet)
    for result in run.requirement_results:
        if result.verdict == verdict.WARNED and not quiet:
            terminal.write_line(f"  should: {result.requirement.id} {result.requirement.statement}", yellow=True)
    terminal.write_line(f"outcome: {run.outcome.name}", bold=True, **_COLOURS[run.outcome.name])
    reasons = run.outcome.reasons
    shown = len(reasons) if verbose else SHOWN_REASONS
    for reason in reasons[:shown]:
        terminal.write_line(f"  because {one_line(reason)}"[:LONGEST_REASON])
    if len(reasons) > shown:
        terminal.write_line(f"  and {len(reasons) - shown} more reasons (-v shows them)")
    missing = _not_written(run)
    if missing:
        _wrapped(terminal, f"to be written next: {', '.join(missing)}")
    if run.unreached is not None:
        _unreached(terminal, run.unreached, verbose=verbose)


def _model(terminal: Any, result: verdict.CheckResult, *, quiet: bool) -> None:
    found = result.model or {}
    if result.verdict in (verdict.PASSED, verdict.HARNESS_ERROR):
        if not quiet:
            terminal.write_line(f"  model       {result.message} (seed {found.get('seed')})", green=True)
    elif result.verdict == verdict.COULD_NOT_RUN:
        terminal.write_line(f"  model       not made: {result.message}", yellow=True)
    else:
        colour = {"red": True} if result.verdict == verdict.FAILED else {"yellow": True}
        told = f"a sequence of {found.get('steps')} steps breaches {result.requirement} (seed {found.get('seed')})"
        terminal.write_line(f"  model       {told}", **colour)


def _capability(
    terminal: Any, run: ConformanceRun, capability: str, results: list[verdict.RequirementResult], *, quiet: bool
) -> None:
    needed = capability in run.plan.required
    if capability not in run.plan.claimed:
        if needed:
            terminal.write_line(f"  {capability:<11} not declared, and required", red=True)
        elif not quiet:
            terminal.write_line(f"  {capability:<11} not declared", light=True)
        return
    selected = [result for result in results if result.requirement.id in run.plan.items]
    counts = Counter(shown_verdict({"verdict": result.verdict, "message": result.message}) for result in selected)
    told = [f"{counts[name]} {WORDS[name]}" for name in _SHOWN if counts[name]]
    told += [f"{counts[verdict.NOT_CLAIMED]} not applicable"] if counts[verdict.NOT_CLAIMED] else []
    if not told:
        if not quiet:
            terminal.write_line(f"  {capability:<11} not selected", light=True)
        return
    told += [f"{counts[NOT_SELECTED]} not selected"] if counts[NOT_SELECTED] else []
    bad, open_ = counts[verdict.FAILED], counts[verdict.COULD_NOT_RUN] + counts[verdict.HARNESS_ERROR]
    if quiet and not bad and not open_:
        return
    colour = {"red": True} if bad else {"yellow": True} if open_ else {"green": True}
    terminal.write_line(f"  {capability:<11} {', '.join(told)}{' (required)' if needed else ''}", **colour)


def _not_written(run: ConformanceRun) -> list[str]:
    """The methods that failed for not being there yet, in the order of the requirements."""
    seen = [str(failure["seen"]) for result in run.requirement_results for failure in result.failures]
    return list(dict.fromkeys(name for text in seen for found in _NOT_WRITTEN.findall(text) for name in found if name))


def _unreached(terminal: Any, result: Result, *, verbose: bool) -> None:
    terminal.write_sep("-", f"what no requirement reached of {result.package}")
    if result.without_coverage:
        terminal.write_line(f"  {result.without_coverage} has no coverage: pip install coverage there", yellow=True)
    if not result.measured:
        terminal.write_line(f"  nothing of {result.package} was reached: is it the manager's package?", red=True)
        return
    files = [file for file in result.files if file.lines or file.branches]
    shown = len(files) if verbose else SHOWN_FILES
    for file in files[:shown]:
        _wrapped(terminal, f"{file.path}: {file.told}")
    if len(files) > shown:
        terminal.write_line(f"  and {len(files) - shown} more files (-v shows them)")
    terminal.write_line(f"  {result.reached} of {result.statements} lines were reached")


def _wrapped(terminal: Any, text: str) -> None:
    """A long list on as many lines as the terminal's width asks for."""
    width = max(terminal._tw.fullwidth, NARROWEST) - 1
    lines = textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
    )
    for line in lines:
        terminal.write_line(line)
