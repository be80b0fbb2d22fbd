"""Hooks as the program runs them, measured on the real releases with the same settings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import STREAM, World


def listen(world: World, *events: str, command: str = "") -> None:
    """Hooks that keep what they are told, one file for each call in its order."""
    where = world.root / "told"
    where.mkdir(exist_ok=True)
    keep = f"n=$(ls '{where}' | wc -l); cat > '{where}'/$(printf %03d $n); {command or ':'}"
    hooks = {event: [{"hooks": [{"type": "command", "command": keep}]}] for event in events}
    (world.config_dir / "settings.json").write_text(json.dumps({"hooks": hooks}))


def told(world: World) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((world.root / "told").iterdir())]


ALL = ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "SessionEnd")


@pytest.mark.parametrize("release", ["2.1.112", "2.1.329"])
def test_events_come_in_order(release: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    listen(world, *ALL)
    ran = world.turn("one")
    assert [t["hook_event_name"] for t in told(world)] == ["SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"]
    assert {t["session_id"] for t in told(world)} == {ran.ids[0]}
    start, prompt, stop, end = told(world)
    assert start["source"] == "startup"
    assert prompt["prompt"] == "one"
    assert stop["last_assistant_message"] == ran.frames[-1]["result"]
    assert end["reason"] == "other"
    world.turn("two", "--resume", ran.ids[0])
    assert told(world)[4]["source"] == "resume"
    # A SessionStart hook is shown where frames are printed, before the init frame.
    assert ran.types[:3] == ["system/hook_started", "system/hook_response", "system/init"]


def test_a_failed_request_is_a_stop_failure(world: World) -> None:
    listen(world, *ALL)
    world.cli.overloaded()
    world.turn()
    assert [t["hook_event_name"] for t in told(world)][2:] == ["StopFailure", "SessionEnd"]
    assert told(world)[2]["error"] == "server_error"


def test_a_crash_and_a_hang_are_no_stop(world: World) -> None:
    listen(world, "Stop")
    world.cli.crash(at="turn")
    world.turn()
    assert told(world) == []


def test_other_hooks_are_shown_when_asked_for(world: World) -> None:
    listen(world, "Stop", command="echo out; echo err >&2")
    assert "system/hook_response" not in world.turn().types
    frames = world.turn("x", "--include-hook-events").frames
    response = next(f for f in frames if f.get("subtype") == "hook_response")
    assert (response["hook_event"], response["stdout"], response["stderr"]) == ("Stop", "out\n", "err\n")
    assert (response["exit_code"], response["outcome"]) == (0, "success")


@pytest.mark.parametrize(("release", "bullet"), [("2.0.0", "- "), ("2.0.77", ""), ("2.1.329", "")])
def test_a_stop_hook_can_make_the_turn_go_on(release: str, bullet: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    listen(world, "Stop", command="if [ $n -lt 1 ]; then echo keep going >&2; exit 2; fi")
    ran = world.turn("one")
    assert [t["stop_hook_active"] for t in told(world)] == [False, True]
    spoken = [f["type"] for f in ran.frames if f.get("subtype") != "notification"]
    assert spoken == ["system", "assistant", "user", "assistant", "result"]
    text = ran.frames[2]["message"]["content"][0]["text"]
    assert text.startswith(f"Stop hook feedback:\n{bullet}[")
    assert text.endswith("]: keep going\n")
    spoken = [r["message"]["content"] for r in world.records(ran.ids[0]) if r["type"] == "user"]
    assert spoken == ["one", text]
    assert ran.frames[-1]["result"] == ran.frames[-2]["message"]["content"][0]["text"]


def test_a_decision_in_json_is_quoted_alone(world: World) -> None:
    block = json.dumps({"decision": "block", "reason": "more please"})
    listen(world, "Stop", command=f"if [ $n -lt 1 ]; then echo '{block}'; fi")
    user = next(f for f in world.turn().frames if f["type"] == "user")
    assert user["message"]["content"][0]["text"] == "Stop hook feedback:\nmore please"


def test_a_hook_that_never_lets_go_is_not_asked_for_ever(world: World) -> None:
    listen(world, "Stop", command="echo again >&2; exit 2")
    assert world.turn().status == 0
    assert len(told(world)) == 8


@pytest.mark.parametrize("command", ["exit 1", "/no/such/program", "echo hello"])
def test_other_ends_of_a_hook_change_nothing(command: str, world: World) -> None:
    listen(world, "Stop", command=command)
    ran = world.turn()
    told = [kind for kind in ran.types if kind != "system/notification"]
    assert (ran.status, told) == (0, ["system/init", "assistant", "result/success"])


@pytest.mark.parametrize(("release", "runs"), [("2.1.160", False), ("2.1.329", True)])
def test_the_working_directory_can_be_gone(release: str, runs: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    listen(world, "Stop")
    gate = world.cli.hold(at="turn")
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    shutil.rmtree(world.cwd)
    gate.open()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert bool(told(world)) == runs


def test_the_newest_release_marks_its_children(world: World) -> None:
    listen(world, "Stop", command=f"env > '{world.root}/env'")
    ran = world.turn()
    env = dict(line.split("=", 1) for line in (world.root / "env").read_text().splitlines() if "=" in line)
    assert env["CLAUDE_CODE_CHILD_SESSION"] == "1"
    assert env["CLAUDE_CODE_SESSION_ID"] == ran.ids[0]
    assert env["CLAUDE_PROJECT_DIR"] == str(world.cwd)


@pytest.mark.parametrize(
    ("release", "frames", "own"),
    [
        ("2.1.0", ["system/hook_response"], True),
        ("2.1.50", ["system/hook_started", "system/hook_response"], False),
        ("2.1.112", ["system/hook_started", "system/hook_response"], False),
        ("2.1.329", ["system/hook_started", "system/hook_response"], True),
    ],
)
def test_frames_of_a_start_hook_of_a_resume(
    release: str, frames: list[str], own: bool, make_world: Callable[..., World]
) -> None:
    world = make_world(release)
    session_id = world.turn().ids[0]
    hook = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "true"}]}]}}
    (world.config_dir / "settings.json").write_text(json.dumps(hook))
    ran = world.turn("again", "--resume", session_id)
    assert [kind for kind in ran.types if "hook" in kind] == frames
    assert {f["session_id"] == session_id for f in ran.frames if "hook_id" in f} == {own}
