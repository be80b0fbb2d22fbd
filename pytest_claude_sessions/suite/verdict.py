"""Verdicts of requirements and outcomes of runs (SPEC 7), and how one follows from the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .registry import Requirement

PASSED = "passed"
FAILED = "failed"
WARNED = "warned"
NOT_CLAIMED = "not-claimed"
COULD_NOT_RUN = "could-not-run"
HARNESS_ERROR = "harness-error"
EXPECTED_FAILURE = "expected-failure"
VERDICTS = (PASSED, FAILED, WARNED, NOT_CLAIMED, COULD_NOT_RUN, HARNESS_ERROR, EXPECTED_FAILURE)

CONFORMANT = "conformant"
PARTIAL = "partial"
INCOMPLETE = "incomplete"
NON_CONFORMANT = "non-conformant"
GREEN = (CONFORMANT, PARTIAL)

# A requirement's verdict is that of its worst check, in this order.
_WORST_FIRST = (HARNESS_ERROR, FAILED, EXPECTED_FAILURE, WARNED, COULD_NOT_RUN, PASSED, NOT_CLAIMED)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one test item found; it travels between processes as plain data.

    :param node_id: the item
    :param requirement: the id
    :param verdict: one of :data:`VERDICTS`
    :param seconds: wall time
    :param message: what was given, expected and seen, or the reason
    :param needs_fake: whether it could not run because the run is on the real program
    :param failure: what was given, expected and seen as plain data, None when it does not fail
    :param model: how many sequences a model-based run tried and what it found, None for a check
    :param crash: the crash points that it tried as plain data, None when it tried none
    """

    node_id: str
    requirement: str
    verdict: str
    seconds: float
    message: str = ""
    needs_fake: bool = False
    failure: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    crash: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CheckResult:
        """Back from plain data."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement's verdict, from those of its checks.

    :param executed: whether every planned item of it ran
    :param failures: of its checks that fail, as plain data, each with its node id as `test`
    """

    requirement: Requirement
    verdict: str
    seconds: float
    tests: tuple[str, ...]
    message: str
    executed: bool
    needs_fake: bool
    failures: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The run's outcome, with a reason for each thing that keeps it from being conformant."""

    name: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do, known before it starts and apart from what is collected.

    :param required: capabilities of the profile
    :param claimed: capabilities that the manager declares
    :param items: node ids by requirement id
    :param filtered: why not all requirements are planned or run, empty when they are
    :param narrowed: whether pytest's own options may leave planned items out
    :param expected_failures: reasons by requirement id
    :param model: node id of the model-based run, empty without one
    """

    required: frozenset[str]
    claimed: frozenset[str]
    items: Mapping[str, tuple[str, ...]]
    filtered: tuple[str, ...] = ()
    narrowed: bool = False
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    model: str = ""


def is_worse(one: str, other: str) -> bool:
    """Whether a verdict outweighs another of the same requirement."""
    return _WORST_FIRST.index(one) < _WORST_FIRST.index(other)


def judge_requirements(
    requirements: Iterable[Requirement], plan: Plan, results: Mapping[str, CheckResult]
) -> list[RequirementResult]:
    """Each requirement's verdict.

    :param requirements: all of the registry
    :param results: by node id, those that ran
    """
    return [_judge(requirement, plan, results) for requirement in requirements]


def _judge(requirement: Requirement, plan: Plan, results: Mapping[str, CheckResult]) -> RequirementResult:
    planned = plan.items.get(requirement.id, ())
    done = [results[node_id] for node_id in planned if node_id in results]
    if requirement.capability not in plan.claimed:
        return RequirementResult(requirement, NOT_CLAIMED, 0.0, planned, "the capability is not declared", False, False)
    executed = bool(planned) and len(done) == len(planned)
    seconds = sum(result.seconds for result in done)
    by_model = results.get(plan.model)
    if by_model is not None and by_model.requirement == requirement.id:
        done.append(by_model)
    if not done:
        why = (
            "not selected"
            if plan.narrowed or requirement.id not in plan.items
            else "not executed"
            if planned
            else "the suite has no check for it yet"
        )
        return RequirementResult(requirement, COULD_NOT_RUN, seconds, planned, why, False, False)
    worst = min(done, key=lambda result: _WORST_FIRST.index(result.verdict))
    message = "\n".join(dict.fromkeys(r.message for r in done if r.verdict == worst.verdict and r.message))
    needs_fake = worst.verdict == COULD_NOT_RUN and all(r.needs_fake for r in done if r.verdict == COULD_NOT_RUN)
    verdict = worst.verdict
    if verdict in (PASSED, NOT_CLAIMED) and not executed:
        verdict, message = COULD_NOT_RUN, f"{len(done)} of {len(planned)} checks were executed"
    failures = tuple({"test": result.node_id, **result.failure} for result in done if result.failure)
    return RequirementResult(requirement, verdict, seconds, planned, message, executed, needs_fake, failures)


def decide(
    plan: Plan,
    results: Iterable[RequirementResult],
    *,
    strict: bool,
    incidents: Iterable[str] = (),
    model: CheckResult | None = None,
) -> Outcome:
    """The outcome over what is required, not over what was found.

    :param strict: whether a *should* that does not hold makes the run partial
    :param incidents: what went wrong beside the requirements
    :param model: what the model-based run found; a breach of it is one of its requirement
    """
    red: list[str] = []
    open_: list[str] = list(incidents)
    amber: list[str] = list(plan.filtered)
    if model is not None and model.verdict == HARNESS_ERROR:
        open_.append("the model-based run: the suite itself failed")
    if model is not None and model.verdict == FAILED and model.requirement not in plan.items:
        red.append(f"{model.requirement} failed in the model-based run")
    if model is not None and model.needs_fake:
        amber.append("the model-based run needs the fake claude")
    for capability in sorted(plan.required - plan.claimed):
        red.append(f"the profile requires the capability {capability}, which the manager does not declare")
    for result in results:
        requirement, verdict = result.requirement, result.verdict
        if requirement.capability not in plan.claimed or requirement.id not in plan.items:
            continue
        if verdict == FAILED:
            red.append(f"{requirement.id} failed")
        elif verdict == EXPECTED_FAILURE:
            amber.append(f"{requirement.id} fails as expected: {plan.expected_failures[requirement.id]}")
        elif requirement.id in plan.expected_failures and result.executed:
            red.append(f"{requirement.id} is listed as an expected failure and does not fail: take it off the list")
        elif verdict == WARNED and strict:
            amber.append(f"{requirement.id} (should) does not hold")
        elif verdict == HARNESS_ERROR:
            open_.append(f"{requirement.id}: the suite itself failed")
        elif verdict == COULD_NOT_RUN and result.needs_fake:
            amber.append(f"{requirement.id} needs the fake claude")
        elif verdict == COULD_NOT_RUN and (result.executed or not plan.narrowed):
            open_.append(f"{requirement.id} could not run: {result.message}")
    if red:
        return Outcome(NON_CONFORMANT, tuple(red + open_))
    if open_:
        return Outcome(INCOMPLETE, tuple(open_))
    return Outcome(PARTIAL, tuple(amber)) if amber else Outcome(CONFORMANT)
