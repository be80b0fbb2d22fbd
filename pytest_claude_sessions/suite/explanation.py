"""`--claude-explain ID`: a requirement, why it is there, and the checks that hold a manager to it."""

from __future__ import annotations

import inspect

import pytest

from ..options import CRASH
from .check import checks_of
from .registry import load_registry


def explain(name: str) -> int:
    """Print a requirement.

    :returns: the exit status
    :raises pytest.UsageError: for an unknown id, naming the nearest
    """
    try:
        requirement = load_registry().requirement(name)
    except LookupError as error:
        raise pytest.UsageError(f"--claude-explain: {error.args[0]}") from error
    print(f"{requirement.id} ({requirement.level}, capability {requirement.capability})\n{requirement.statement}\n")
    if requirement.cause:
        print(f"usual cause: {requirement.cause}")
    if requirement.modes:
        print(f"failure modes: {', '.join(map(str, requirement.modes))}")
    print(f"asked for by: {', '.join(requirement.sources) or 'the failure modes alone'}")
    checks = checks_of(requirement.id, requirement.capability, (CRASH,))
    print("checks:" if checks else "checks: none yet")
    for check in checks:
        for node_name, _ in check.node_names():
            print(f"  claude-conformance::{requirement.area}::{node_name}")
        told = inspect.getdoc(check.function)
        if told:
            print(f"      {told.splitlines()[0]}")
        if check.only_with:
            print(f"      asked for with {check.only_with}")
    return 0
