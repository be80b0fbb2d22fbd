"""Copies of a conversation, as the releases make them that write every record anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import World

SPOKEN = ("user", "assistant")


def spoken(world: World, session_id: str) -> list[dict[str, Any]]:
    return [record for record in world.records(session_id) if record["type"] in SPOKEN]


@pytest.mark.parametrize(
    ("release", "words"),
    [("1.0.0", ()), ("1.0.31", ()), ("1.0.98", ()), ("1.0.128", ("--fork-session",)), ("2.0.0", ("--fork-session",))],
)
def test_a_copy_is_written_anew(release: str, words: tuple[str, ...], make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.cli.server_error()
    first = world.turn("one").ids[0]
    [copied] = world.turn("two", "--resume", first, *words).ids
    before, after = spoken(world, first), spoken(world, copied)
    assert before[1]["isApiErrorMessage"] is True
    assert [record["message"].get("id") for record in after[:2]] == [r["message"].get("id") for r in before]
    assert not any("isApiErrorMessage" in record for record in after[:2])
    assert len({record["timestamp"] for record in after[:2]}) == 1
    assert after[0]["timestamp"] > before[1]["timestamp"]
    if release == "1.0.0":
        assert (after[1]["costUSD"], after[1]["durationMs"]) == (0, 0)


@pytest.mark.parametrize(("release", "words"), [("2.0.77", ("--fork-session",)), ("2.1.112", ("--fork-session",))])
def test_a_copy_is_kept_as_it_was(release: str, words: tuple[str, ...], make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.cli.server_error()
    first = world.turn("one").ids[0]
    [copied] = world.turn("two", "--resume", first, *words).ids
    before, after = spoken(world, first), spoken(world, copied)
    assert [(r["timestamp"], r.get("isApiErrorMessage")) for r in after[:2]] == [
        (r["timestamp"], r.get("isApiErrorMessage")) for r in before[:2]
    ]


def test_a_copy_begins_with_its_first_record(make_world: Callable[..., World]) -> None:
    world = make_world("1.0.98")
    first = world.turn("one").ids[0]
    lines = world.path(first).read_text().splitlines(keepends=True)
    world.path(first).write_text("".join(lines[1:]))  # the prompt's record is gone
    [copied] = world.turn("two", "--resume", first).ids
    assert spoken(world, first)[0]["parentUuid"] is not None
    assert spoken(world, copied)[0]["parentUuid"] is None


def test_the_summary_is_there_before_the_answer(make_world: Callable[..., World]) -> None:
    world = make_world("1.0.98")
    first = world.turn("one").ids[0]
    gate = world.cli.hold(at="turn")
    process = world.start("-p", "two", "--resume", first)
    try:
        gate.wait_reached()
        [copied] = [path.stem for path in world.project.glob("*.jsonl") if path.stem != first]
        assert [record["type"] for record in world.records(copied)] == ["summary"]
    finally:
        gate.open()
        process.communicate(timeout=60)
