"""A failure as it is told: what was given, expected and seen, what changed, what Claude was asked, how to repeat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .judgement import Breach
from .registry import Requirement

if TYPE_CHECKING:
    from ..cli import Start

LONGEST = 1500


@dataclass(frozen=True, slots=True)
class Scene:
    """What the world of a trial looked like when it ended.

    :param change: of the tree, a line each
    :param starts: of Claude, from the journal
    """

    change: tuple[str, ...]
    starts: tuple[Start, ...]


def explain_failure(requirement: Requirement, breach: Breach, scene: Scene | None, repeat: str) -> str:
    """The text of a failure.

    :param repeat: the command that repeats it
    """
    lines = [f"{requirement.id} ({requirement.level}): {requirement.statement}", ""]
    for label, text in (("given", breach.given), ("expected", breach.expected), ("seen", breach.seen)):
        lines += _labelled(label, text)
    if scene is not None:
        lines += _labelled("tree", "\n".join(scene.change) or "no change in the world of the trial")
        told = "\n".join(f"{number}. {_told(start)}" for number, start in enumerate(scene.starts, 1))
        lines += _labelled("claude", told or "was never started")
    if requirement.cause:
        lines += _labelled("usual cause", requirement.cause)
    return "\n".join([*lines, *_labelled("repeat", repeat)])


def _labelled(label: str, text: str) -> list[str]:
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n...\n{text[-LONGEST // 2 :]}"
    first, *rest = shown.splitlines() or [""]
    return [f"{label + ':':<13}{first}", *(" " * 13 + line for line in rest)]


def _told(start: Start) -> str:
    arguments = " ".join(argument if len(argument) <= 60 else argument[:57] + "..." for argument in start.argv)
    end = f"exit {start.exit}" if start.ended_at is not None else "never ended"
    session = f", session {start.session_id}" if start.session_id else ""
    return f"claude {arguments} -> {start.outcome} ({end}{session})"
