"""Verdicts and outcomes: computed over what is required, with nothing that turns green by not running."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import Requirement
from pytest_claude_sessions.suite.verdict import CheckResult, Outcome, Plan, decide, judge_requirements

STORE = Requirement("STO-01", "must", "store", "An id is kept.")
TIME = Requirement("TTL-15", "should", "ttl", "An expiry is told.")
PLAN = Plan(
    required=frozenset({"store"}),
    claimed=frozenset({"store", "ttl"}),
    items={"STO-01": ("store-a", "store-b"), "TTL-15": ("ttl-a",)},
)


def outcome(plan: Plan = PLAN, *, strict: bool = False, **verdicts: str) -> Outcome:
    """The outcome when each item ends with `passed`, unless said otherwise; `None` for an item that did not run."""
    ends = {"store_a": verdict.PASSED, "store_b": verdict.PASSED, "ttl_a": verdict.PASSED, **verdicts}
    results = {}
    for name, end in ends.items():
        node = name.replace("_", "-")
        if end != "missing":
            requirement = "STO-01" if node.startswith("store") else "TTL-15"
            needs_fake = end.startswith("fake:")
            results[node] = CheckResult(node, requirement, end.removeprefix("fake:"), 0.1, "why", needs_fake)
    return decide(plan, judge_requirements([STORE, TIME], plan, results), strict=strict)


def test_all_passed_is_conformant() -> None:
    assert outcome() == Outcome(verdict.CONFORMANT)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (verdict.FAILED, verdict.NON_CONFORMANT),
        (verdict.COULD_NOT_RUN, verdict.INCOMPLETE),
        (verdict.HARNESS_ERROR, verdict.INCOMPLETE),
        ("missing", verdict.INCOMPLETE),
        (verdict.NOT_CLAIMED, verdict.CONFORMANT),
        ("fake:" + verdict.COULD_NOT_RUN, verdict.PARTIAL),
    ],
)
def test_one_check_decides(end: str, expected: str) -> None:
    assert outcome(store_b=end).name == expected


def test_failure_weighs_more_than_a_gap() -> None:
    assert outcome(store_a=verdict.FAILED, ttl_a=verdict.COULD_NOT_RUN).name == verdict.NON_CONFORMANT


@pytest.mark.parametrize(("strict", "expected"), [(False, verdict.CONFORMANT), (True, verdict.PARTIAL)])
def test_should_counts_when_it_is_strict(strict: bool, expected: str) -> None:
    assert outcome(ttl_a=verdict.WARNED, strict=strict).name == expected


def test_required_capability_that_is_not_declared_fails() -> None:
    found = outcome(replace(PLAN, required=frozenset({"store", "resume"})))
    assert found.name == verdict.NON_CONFORMANT
    assert "resume" in found.reasons[0]


def test_requirement_without_checks_is_incomplete() -> None:
    assert outcome(replace(PLAN, items={**PLAN.items, "STO-01": ()})).name == verdict.INCOMPLETE


def test_filter_makes_it_partial_and_excuses_what_did_not_run() -> None:
    filtered = replace(PLAN, filtered=("-k was given",), narrowed=True)
    assert outcome(filtered).name == verdict.PARTIAL
    assert outcome(filtered, store_a="missing", store_b="missing").name == verdict.PARTIAL
    assert outcome(filtered, store_a=verdict.COULD_NOT_RUN).name == verdict.INCOMPLETE


def test_what_was_asked_for_has_to_run() -> None:
    asked = replace(PLAN, filtered=("only STO-01 was asked for",), items={"STO-01": ("store-a", "store-b")})
    assert outcome(asked).name == verdict.PARTIAL
    assert outcome(asked, store_a="missing").name == verdict.INCOMPLETE


def test_expected_failure_is_partial_and_fails_once_it_passes() -> None:
    expecting = replace(PLAN, expected_failures={"STO-01": "issue 7"})
    assert outcome(expecting, store_a=verdict.EXPECTED_FAILURE).name == verdict.PARTIAL
    stale = outcome(expecting)
    assert stale.name == verdict.NON_CONFORMANT
    assert "take it off the list" in stale.reasons[0]


def test_check_result_survives_the_way_between_processes() -> None:
    import json

    result = CheckResult("node", "STO-01", verdict.FAILED, 0.5, "message", True)
    assert CheckResult.from_json(json.loads(json.dumps(result.as_json()))) == result
