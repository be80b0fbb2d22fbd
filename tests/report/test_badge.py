"""The badge names specification, profile and outcome, as a picture and as data."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from pytest_claude_sessions.report.badge import COLOURS, LABEL_COLOUR, endpoint, picture
from pytest_claude_sessions.suite import verdict

from .samples import HOSTILE, report

OUTCOMES = (verdict.CONFORMANT, verdict.PARTIAL, verdict.INCOMPLETE, verdict.NON_CONFORMANT)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_picture_tells_outcome_profile_and_specification(outcome: str) -> None:
    image = ElementTree.fromstring(picture(report(outcome=outcome)))
    told = [text.text for text in image.iter(f"{SVG}text")]
    assert told == ["claude sessions 1.0 core", outcome]
    assert image.findtext(f"{SVG}title") == f"claude sessions 1.0 core: {outcome} (little store)"
    assert image.get("aria-label") == image.findtext(f"{SVG}title")
    data = json.loads(endpoint(report(outcome=outcome)))
    assert data["schemaVersion"] == 1
    assert (data["label"], data["message"]) == ("claude sessions 1.0 core", outcome)
    assert f"#{data['color']}" == COLOURS[outcome]


def test_names_are_escaped_and_cut() -> None:
    image = ElementTree.fromstring(picture(report(name=HOSTILE, profile="<b>" + "long" * 30)))
    assert [child.tag for child in image.iter() if child.tag.endswith("script")] == []
    label = next(image.iter(f"{SVG}text")).text
    assert label is not None
    assert label.startswith("claude sessions 1.0 <b>long")
    assert label.endswith("...")


@pytest.mark.parametrize("colour", [*COLOURS.values(), LABEL_COLOUR])
def test_white_text_can_be_read_on_every_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
