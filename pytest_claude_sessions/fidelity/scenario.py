"""The scenarios by name.

A scenario is a function of a :class:`Stage` under ``@scenario("name", "what it tries")`` in a module of
`fidelity/scenarios/`, or in `fidelity/interactive.py` for those that need a terminal. It does the same with the fake
and with the real program; every start and every note that the stage takes is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..nearest import nearest

if TYPE_CHECKING:
    from .stage import Stage

    Act = Callable[[Stage], None]

_SCENARIOS: dict[str, Scenario] = {}
_EXTRA = "interactive"


class UnknownScenario(ValueError):
    """No scenario has this name."""

    def __init__(self, given: str) -> None:
        super().__init__(f"no scenario is called {given!r}{nearest(given, sorted(_SCENARIOS))}")


class CannotPlay(Exception):
    """The machine lacks what a scenario needs; the text says what."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation.

    :param name: how it is called in results, known differences and on the command line
    :param about: what it tries, in a line
    :param act: plays it
    """

    name: str
    about: str
    act: Act


def scenario(name: str, about: str) -> Callable[[Act], Act]:
    """Enter a function as the scenario of that name.

    :param name: words with underscores
    :param about: what it tries, in a line
    :raises ValueError: when the name is taken
    """

    def enter(act: Act) -> Act:
        if name in _SCENARIOS:
            raise ValueError(f"two scenarios are called {name!r}")
        _SCENARIOS[name] = Scenario(name, about, act)
        return act

    return enter


def scenarios() -> dict[str, Scenario]:
    """Every scenario, in the order of the modules' names and of their lines."""
    here = Path(__file__).parent
    for path in sorted((here / "scenarios").glob("[!_]*.py")):
        import_module(f"{__package__}.scenarios.{path.stem}")
    if find_spec(f"{__package__}.{_EXTRA}") is not None:
        import_module(f"{__package__}.{_EXTRA}")
    return dict(_SCENARIOS)


def chosen(names: list[str]) -> list[Scenario]:
    """The scenarios of these names, all when there are none.

    :raises UnknownScenario: naming the first that does not exist
    """
    known = scenarios()
    for name in names:
        if name not in known:
            raise UnknownScenario(name)
    return [known[name] for name in names] or list(known.values())
