"""A model-based run: each sequence in a world of its own, on the manager of the conformance run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..suite.judgement import Breach
from .exploring import Search, search
from .plan import ModelPlan
from .quarantine_faults import tidy
from .sequence import Sequence
from .walk import Found, Muted, Walk

if TYPE_CHECKING:
    from ..suite.run import ConformanceRun

MOST_SHOULDS = 5


def explore(run: ConformanceRun, plan: ModelPlan) -> Search:
    """Search for a sequence after which something does not hold: what is a *must* counts before what is a *should*."""
    capabilities = run.checked & run.identity.capabilities
    judged = set(run.all_planned) - set(run.plan.expected_failures)
    told: Search | None = None
    for _ in range(1 + MOST_SHOULDS):
        searched = search(
            lambda sequence: attempt(run, sequence, frozenset(judged)),
            capabilities,
            count=plan.count,
            longest=plan.longest,
            seed=plan.seed,
            moves_the_clock=not run.door.why_the_clock_stands,
            quick=not plan.asked_for,
            directory=run.directory / "hypothesis",
        )
        if searched.found is None:
            return told or searched
        if run.registry.requirements[searched.found.requirement].level == "must":
            return searched
        told = told or searched
        judged.discard(searched.found.requirement)
    assert told is not None
    return told


def attempt(run: ConformanceRun, sequence: Sequence, judged: frozenset[str]) -> Found | None:
    """Try one sequence; what does not hold, None when all does."""
    mask = os.umask(0o022)
    os.umask(mask)
    story: tuple[str, ...] = ()
    try:
        release = run.options.releases[0] if run.options.releases else None
        with run.trial(release) as trial:
            walk = Walk(trial, sequence, judged.__contains__)
            try:
                walk.walk()
            finally:
                os.umask(mask)
                tidy(trial.root)
                story = walk.story.lines
            trial.close()
    except Found as found:
        return found
    except Muted:
        return None
    except Breach as end:
        # What the trial's end charges the manager with: processes and files that it left behind.
        return Found("RES-20", end.expected, end.seen, story) if "RES-20" in judged else None
    return None
