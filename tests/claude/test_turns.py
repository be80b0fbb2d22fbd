"""How turns are counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import World


@pytest.mark.parametrize(("release", "turns"), [("1.0.0", 2), ("2.1.329", 1)])
def test_a_prompt_that_joins_another_is_a_turn_of_its_own(
    release: str, turns: int, make_world: Callable[..., World]
) -> None:
    world = make_world(release)
    first = world.turn("one").ids[0]
    lines = world.path(first).read_text().splitlines(keepends=True)
    prompts = [line for line in lines if '"type":"user"' in line.replace(" ", "")]
    world.path(first).write_text("".join(prompts))  # the answer is gone
    ran = world.turn("two", "--resume", first)
    assert ran.frames[-1]["num_turns"] == turns
