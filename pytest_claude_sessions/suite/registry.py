"""The requirements, as data: `conformance/requirements.toml` is their one source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..nearest import nearest

CONFORMANCE = "pytest_claude_sessions.conformance"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence that a manager is held to.

    :param id: stable, such as `RES-04`
    :param level: `must`, `should` or `may` (RFC 2119)
    :param capability: what a manager declares to be held to it
    :param statement: the sentence
    :param modes: numbers of the failure modes that it guards against
    :param sources: documents that ask for it
    :param cause: what usually breaks it
    """

    id: str
    level: str
    capability: str
    statement: str
    modes: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    cause: str = ""

    @property
    def area(self) -> str:
        """The part of a node id that names its group."""
        return self.capability


@dataclass(frozen=True, slots=True)
class Registry:
    """All requirements of one version of the specification."""

    spec: str
    profiles: Mapping[str, tuple[str, ...]]
    requirements: Mapping[str, Requirement]

    def of(self, capabilities: Iterable[str]) -> list[Requirement]:
        """The requirements of these capabilities, in the registry's order."""
        wanted = set(capabilities)
        return [requirement for requirement in self.requirements.values() if requirement.capability in wanted]

    def requirement(self, name: str) -> Requirement:
        """The requirement of that id, in any case.

        :raises LookupError: naming the nearest id
        """
        found = self.requirements.get(name.upper())
        if found is None:
            raise LookupError(f"there is no requirement {name!r}{nearest(name.upper(), self.requirements)}")
        return found


@cache
def load_registry() -> Registry:
    """The registry that is installed."""
    data = tomllib.loads(resources.files(CONFORMANCE).joinpath("requirements.toml").read_text("utf-8"))
    requirements = [
        Requirement(
            id=entry["id"],
            level=entry["level"],
            capability=entry["capability"],
            statement=entry["statement"],
            modes=tuple(entry.get("modes", ())),
            sources=tuple(entry.get("sources", ())),
            cause=entry.get("cause", ""),
        )
        for entry in data["requirement"]
    ]
    profiles = {name: tuple(capabilities) for name, capabilities in data["profiles"].items()}
    return Registry(data["spec"], profiles, {requirement.id: requirement for requirement in requirements})
