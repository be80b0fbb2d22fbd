"""Checks: short functions, one requirement each, found by the capability's module in `conformance`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from .registry import CONFORMANCE

_CHECKS: dict[str, list[Check]] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """One way to hold a manager to a requirement.

    :param requirement: the id
    :param name: tells it from the requirement's other checks
    :param function: takes the trial and, where there are cases, the case
    :param cases: names with what is handed to the function; empty when it takes none
    :param only_with: the option that asks for it, empty for one that always belongs to the suite
    """

    requirement: str
    name: str
    function: Callable[..., None]
    cases: Mapping[str, Any]
    only_with: str = ""

    def node_names(self) -> list[tuple[str, str | None]]:
        """The names of its test items, each with its case."""
        if not self.cases:
            return [(f"{self.requirement}[{self.name}]", None)]
        return [(f"{self.requirement}[{self.name}-{case}]", case) for case in self.cases]


def check(
    requirement: str, cases: Mapping[str, Any] | None = None, *, only_with: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a check of a requirement.

    :param requirement: the id
    :param cases: run it once a case, the value as second argument
    :param only_with: an option that it takes to be run, such as `--claude-crash`
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = function.__name__.replace("_", "-")
        _CHECKS.setdefault(requirement, []).append(Check(requirement, name, function, dict(cases or {}), only_with))
        return function

    return register


def checks_of(requirement: str, capability: str, options: Collection[str] = ()) -> list[Check]:
    """The checks of a requirement; its capability's modules are imported when it is first asked for.

    :param options: those given, of the options that ask for more checks
    """
    for module in _modules_of(capability):
        import_module(module)
    wanted = {"", *options}
    return [check for check in _CHECKS.get(requirement, []) if check.only_with in wanted]


@cache
def _modules_of(capability: str) -> tuple[str, ...]:
    """The modules of `conformance` that are named by a capability, or begin with its name and `_`."""
    names = sorted(Path(file.name).stem for file in resources.files(CONFORMANCE).iterdir() if file.name.endswith(".py"))
    return tuple(f"{CONFORMANCE}.{name}" for name in names if name == capability or name.startswith(f"{capability}_"))
