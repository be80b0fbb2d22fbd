"""What starts leave behind besides transcripts, as the fidelity suite saw it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import World


@pytest.mark.parametrize("words", [("--no-such-option",), ("--version",)])
@pytest.mark.parametrize(
    ("release", "left"), [("1.0.31", True), ("1.0.128", True), ("2.0.77", False), ("2.1.329", False)]
)
def test_state_is_written_before_the_command_line_is_understood(
    release: str, left: bool, words: tuple[str, ...], make_world: Callable[..., World]
) -> None:
    world = make_world(release)
    assert world.run(*words).status == (words != ("--version",))
    assert (world.config_dir / ".claude.json").exists() == left


def test_the_first_release_calls_its_state_by_where_it_is(make_world: Callable[..., World]) -> None:
    world = make_world("1.0.0")
    home = world.root / "home"
    assert world.run("-p", "hello").status == 0
    assert (world.config_dir / "config.json").exists()
    assert not (home / ".claude.json").exists()
    assert world.run("-p", "hello", wrap=("env", "-u", "CLAUDE_CONFIG_DIR")).status == 0
    assert (home / ".claude.json").exists()
    assert not (home / ".claude" / "config.json").exists()


@pytest.mark.parametrize(("release", "kept"), [("1.0.0", True), ("1.0.31", False)])
def test_no_days_to_keep(release: str, kept: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    (world.config_dir / "settings.json").write_text('{"cleanupPeriodDays": 0}')
    first = world.turn().ids[0]
    assert world.path(first).exists() == kept


def test_a_path_that_is_too_long_ends_the_first_release_without_a_status(make_world: Callable[..., World]) -> None:
    world = make_world("1.0.0")
    deep = world.cwd / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    ran = world.turn(cwd=deep)
    assert ran.status == 0
    assert "ENAMETOOLONG" in ran.err or "File name too long" in ran.err
    assert "result/success" not in ran.types
