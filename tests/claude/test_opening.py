"""What a start does before its first turn, as the fidelity suite saw the releases do it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from pytest_claude_sessions.claude.steps import Gate

from .conftest import STREAM, World

DEAD = "11111111-1111-4111-8111-111111111111"


def give_title(world: World, session_id: str, title: str) -> None:
    with world.path(session_id).open("a") as file:
        file.write(json.dumps({"type": "custom-title", "customTitle": title, "sessionId": session_id}) + "\n")


@pytest.mark.parametrize(
    ("release", "found", "frame"), [("2.1.50", False, False), ("2.1.112", True, False), ("2.1.329", True, True)]
)
def test_a_title_finds_its_conversation(
    release: str, found: bool, frame: bool, make_world: Callable[..., World]
) -> None:
    world = make_world(release)
    first = world.turn().ids[0]
    give_title(world, first, "an older title")
    give_title(world, first, "my own title")
    ran = world.turn("again", "--resume", "my own title")
    assert (ran.status == 0) == found
    assert ("system/session_title_changed" in ran.types) == frame
    if found:
        assert set(ran.ids) == {first}
    assert world.turn("again", "--resume", "an older title").status == 1


@pytest.mark.parametrize(("release", "left"), [("2.1.112", 1), ("2.1.114", 0), ("2.1.329", 0)])
def test_what_a_refused_start_leaves_in_the_registry(release: str, left: int, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    assert world.turn("x", "--resume", DEAD).status == 1
    assert len(os.listdir(world.config_dir / "sessions")) == left
    world.turn()
    assert os.listdir(world.config_dir / "sessions") == []


@pytest.mark.parametrize(("release", "same"), [("2.1.112", True), ("2.1.329", False)])
def test_continue_and_a_directory_that_encodes_alike(
    release: str, same: bool, make_world: Callable[..., World]
) -> None:
    world = make_world(release)
    one, other = world.root / "a-b", world.root / "a.b"
    one.mkdir()
    other.mkdir()
    first = world.turn(cwd=one).ids[0]
    assert (world.turn("x", "--continue", cwd=other).ids == [first]) == same


@pytest.mark.parametrize("step", ["cut_connection", "cut_stream"])
def test_a_connection_that_is_cut_ends_the_turn_in_an_error(step: str, world: World) -> None:
    getattr(world.cli, step)()
    ran = world.turn()
    assert (ran.status, ran.frames[-1]["is_error"]) == (1, True)
    assert "ECONNRESET" in ran.frames[-1]["result"]
    assert world.turn("again", "--resume", ran.ids[0]).status == 0


def test_the_hooks_of_a_sessions_end_run_after_a_dead_id(world: World) -> None:
    seen = world.root / "seen"
    hook = {"hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": f"cat > '{seen}'"}]}]}}
    (world.config_dir / "settings.json").write_text(json.dumps(hook))
    assert world.turn("x", "--resume", DEAD).status == 1
    assert json.loads(seen.read_text())["session_id"] == DEAD


def test_a_stream_without_a_message_makes_no_project(world: World) -> None:
    process = world.start("-p", "--input-format", "stream-json", *STREAM)
    process.communicate(timeout=30)
    assert not world.project.exists()
    assert world.turn("x", "--no-session-persistence").status == 0
    assert world.project.is_dir()


def take_model_away(world: World, session_id: str) -> None:
    records = world.records(session_id)
    for record in records:
        if record["type"] == "assistant":
            del record["message"]["model"]
    world.path(session_id).write_text("".join(json.dumps(record) + "\n" for record in records))


def test_an_answer_of_no_model_hangs_one_release(make_world: Callable[..., World]) -> None:
    world = make_world("2.1.160")
    session_id = world.turn().ids[0]
    assert world.turn("again", "--resume", session_id).status == 0
    take_model_away(world, session_id)
    process = world.start("-p", "hello", *STREAM, "--resume", session_id)
    Gate(world.cli, "hang").wait_reached()
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (143, b"", b"")
    assert world.cli.starts[-1].outcome == "interrupted"


@pytest.mark.parametrize("release", ["2.1.114", "2.1.329"])
def test_an_answer_of_no_model_is_taken_by_the_others(release: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    session_id = world.turn().ids[0]
    take_model_away(world, session_id)
    assert world.turn("again", "--resume", session_id).status == 0


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ("2.1.114", "No conversation found with session ID: "),
        ("2.1.160", "Failed to resume session: EISDIR"),
        ("2.1.329", "Failed to resume session: EISDIR"),
    ],
)
def test_a_directory_in_the_place_of_a_transcript(release: str, told: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.path(DEAD).mkdir(parents=True)
    ran = world.turn("hello", "--resume", DEAD)
    assert ran.status == 1
    assert ran.err.startswith(told)
    assert ran.frames[-1]["errors"] == [ran.err.rstrip("\n")]


def test_a_refused_session_id_leaves_no_log(make_world: Callable[..., World]) -> None:
    world = make_world("2.1.50")
    assert world.turn("hello", "--session-id", "notauuid").status == 1
    assert not (world.config_dir / "debug").exists()
    assert not (world.config_dir / "todos").exists()
    made = world.turn("hello", "--session-id", DEAD)
    assert made.status == 0
    assert (world.config_dir / "debug" / f"{DEAD}.txt").exists()
