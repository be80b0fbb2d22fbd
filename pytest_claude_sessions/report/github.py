"""What GitHub Actions shows of a run: annotations, the summary of the step, and outputs for the steps after it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..suite import verdict
from .plain import plain
from .view import NOT_SELECTED, WORDS, Line, view

if TYPE_CHECKING:
    from ..suite.registry import Registry

MOST = 10
"""Annotations of one kind that GitHub shows of a step."""
LARGEST_SUMMARY = 1024 * 1024
"""Bytes that GitHub takes as the summary of a step."""
LONGEST = 1500

_KINDS = {
    verdict.FAILED: "error",
    verdict.HARNESS_ERROR: "error",
    verdict.COULD_NOT_RUN: "warning",
    verdict.WARNED: "warning",
    verdict.EXPECTED_FAILURE: "notice",
}


def annotate(report: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """The lines for the step's log; those that GitHub would not show are counted in one more."""
    left_out = 0
    shown = dict.fromkeys(("error", "warning", "notice"), 0)
    for line in view(report, registry).failing:
        kind = _KINDS.get(line.verdict)
        if kind is None or line.verdict == NOT_SELECTED:
            continue
        # One place of each kind is for the last line.
        if shown[kind] == MOST - 1:
            left_out += 1
            continue
        shown[kind] += 1
        yield f"::{kind} title={_property(f'{line.id} {WORDS[line.verdict]}')}::{_data(_message(line))}"
    if left_out:
        yield f"::warning title={_property('claude-conformance')}::{left_out} more: see the summary of the step"


def outputs(report: Mapping[str, Any]) -> dict[str, str]:
    """What the steps after this one may want to know."""
    counts = {name.replace("-", "_"): str(number) for name, number in report["counts"].items()}
    return {"outcome": report["outcome"], "profile": report["profile"], "spec": report["spec"], **counts}


def append_summary(path: Path, text: str) -> None:
    """Add a text to the step's summary, as long as GitHub takes it."""
    room = LARGEST_SUMMARY - (path.stat().st_size if path.exists() else 0)
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > room:
        note = b"\n\n(The rest is too long for a step's summary.)\n"
        data = data[: max(room - len(note), 0)].decode("utf-8", "ignore").encode() + note
    with path.open("ab") as file:
        file.write(data)


def append_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Add outputs; a value of several lines cannot end its own."""
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        for name, value in values.items():
            end = f"end-{secrets.token_hex(8)}"
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def show(report: Mapping[str, Any], registry: Registry, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Write summary and outputs where the environment asks for them.

    :returns: the annotations, to be printed on lines of their own
    """
    summary, output = environment.get("GITHUB_STEP_SUMMARY"), environment.get("GITHUB_OUTPUT")
    if summary:
        from .markdown import markdown

        append_summary(Path(summary), markdown(report, registry))
    if output:
        append_outputs(Path(output), outputs(report))
    return list(annotate(report, registry)) if environment.get("GITHUB_ACTIONS") == "true" else []


def _message(line: Line) -> str:
    text = plain(str(line.entry["message"])) or line.statement
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
