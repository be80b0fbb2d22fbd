"""Which model-based runs a conformance run has: the one that was asked for, or the short one of a profile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..options import Options
    from ..suite.registry import Registry

DEFAULT_SEED = 0
LONGEST = 12
SHORT_COUNT = 12
SHORT_LONGEST = 4
REMEDY = "hypothesis is not installed: pip install 'pytest-claude-sessions[model]'"


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model-based run.

    :param count: sequences
    :param longest: most steps of one
    :param seed: the same one gives the same sequences
    :param asked_for: whether `--claude-model` was given
    """

    count: int
    longest: int
    seed: int
    asked_for: bool

    @property
    def name(self) -> str:
        """The last part of its node id."""
        return "sequences" if self.asked_for else "sequences[short]"


def model_plan(options: Options, registry: Registry, checked: Iterable[str]) -> ModelPlan | None:
    """What is to be run, None where nothing is.

    The short run belongs to the profiles that hold the card's capabilities; a choice of requirements leaves it out.

    :param checked: capabilities that are checked in this run
    """
    if not {"store"} <= set(checked):
        return None
    seed = DEFAULT_SEED if options.model_seed is None else options.model_seed
    if options.model is not None:
        return ModelPlan(options.model, LONGEST, seed, asked_for=True)
    card = set(registry.profiles["card"])
    if options.requirements or not card <= options.capabilities:
        return None
    return ModelPlan(SHORT_COUNT, SHORT_LONGEST, seed, asked_for=False)


def is_installed() -> bool:
    """Whether hypothesis is there; asking imports nothing."""
    return find_spec("hypothesis") is not None
