"""The registry: complete, consistent, and helpful about wrong ids."""

from __future__ import annotations

import re

import pytest

from pytest_claude_sessions.manager import CAPABILITIES
from pytest_claude_sessions.suite.check import checks_of
from pytest_claude_sessions.suite.registry import Requirement, load_registry

REGISTRY = load_registry()


def test_it_holds_all_requirements() -> None:
    assert REGISTRY.spec == "1.0"
    assert len(REGISTRY.requirements) == 129
    assert set(REGISTRY.profiles["full"]) == set(CAPABILITIES)
    assert {requirement.level for requirement in REGISTRY.requirements.values()} <= {"must", "should", "may"}


@pytest.mark.parametrize("requirement", REGISTRY.requirements.values(), ids=lambda requirement: requirement.id)
def test_each_requirement_has_checks_and_a_cause(requirement: Requirement) -> None:
    assert checks_of(requirement.id, requirement.capability)
    assert re.fullmatch(r"[A-Z].*\.", requirement.cause)


def test_names_of_items_are_unique() -> None:
    names = [
        name
        for requirement in REGISTRY.requirements.values()
        for check in checks_of(requirement.id, requirement.capability)
        for name, _ in check.node_names()
    ]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Z]+-\d\d\[[\w.@-]+\]", name) for name in names), names


def test_wrong_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(LookupError, match=r"there is no requirement 'RES-O4'; did you mean 'RES-04'\?"):
        REGISTRY.requirement("RES-O4")
    assert REGISTRY.requirement("res-04").id == "RES-04"
