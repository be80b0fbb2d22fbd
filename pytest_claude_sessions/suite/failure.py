"""A failure as it is told: what was given, expected and seen, what changed, what Claude was asked, how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .judgement import Breach
from .registry import Requirement

if TYPE_CHECKING:
    from ..cli import Start

LONGEST = 1500
LONGEST_ARGUMENT = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """What the world of a trial looked like when it ended.

    :param change: of the tree, a line each
    :param starts: of Claude, from the journal
    :param artifacts: the directory that keeps the world, empty when none was asked for
    """

    change: tuple[str, ...]
    starts: tuple[Start, ...]
    artifacts: str = ""


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
    if scene is not None and scene.artifacts:
        lines += _labelled("artifacts", scene.artifacts)
    return "\n".join([*lines, *_labelled("repeat", repeat)])


def failure_as_json(breach: Breach, scene: Scene | None, repeat: str) -> Mapping[str, Any]:
    """The same as plain data, for the reports (conformance/report.schema.json, `failures`)."""
    return {
        "given": cut(breach.given),
        "expected": cut(breach.expected),
        "seen": cut(breach.seen),
        "tree": list(scene.change) if scene else [],
        "starts": [_start_as_json(start) for start in scene.starts] if scene else [],
        "artifacts": scene.artifacts if scene else "",
        "repeat": repeat,
    }


def cut(text: str) -> str:
    """A text as it is shown: its middle is left out when it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n...\n{text[-LONGEST // 2 :]}"


def _start_as_json(start: Start) -> dict[str, Any]:
    return {
        "argv": [_short(argument) for argument in start.argv],
        "prompt": None if start.prompt is None else cut(start.prompt),
        "session_id": start.session_id,
        "outcome": start.outcome,
        "exit": start.exit,
        "started_at": start.started_at,
        "ended_at": start.ended_at,
    }


def _labelled(label: str, text: str) -> list[str]:
    first, *rest = cut(text).splitlines() or [""]
    return [f"{label + ':':<13}{first}", *(" " * 13 + line for line in rest)]


def _short(argument: str) -> str:
    return argument if len(argument) <= LONGEST_ARGUMENT else argument[: LONGEST_ARGUMENT - 3] + "..."


def _told(start: Start) -> str:
    arguments = " ".join(map(_short, start.argv))
    end = f"exit {start.exit}" if start.ended_at is not None else "never ended"
    session = f", session {start.session_id}" if start.session_id else ""
    return f"claude {arguments} -> {start.outcome} ({end}{session})"
