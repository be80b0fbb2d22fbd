"""Every step of the script, as a session manager meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import OBSERVED

from .conftest import STREAM, World

DEAD = "11111111-1111-4111-8111-111111111111"
NOT_FOUND = f"No conversation found with session ID: {DEAD}"


def all_paths(world: World) -> set[str]:
    return {path.stem for path in world.project.glob("*.jsonl")}


@pytest.mark.parametrize("report", ["stderr", "errors", "both", "silent"])
def test_dead_id_in_each_form(report: str, world: World) -> None:
    world.cli.dead_id(report=report, names="fresh")  # type: ignore[arg-type]  # pytest hands one of the literals over as a str
    ran = world.turn("x", "--resume", DEAD)
    assert ran.status == 1
    assert (NOT_FOUND in ran.err) == (report in ("stderr", "both"))
    assert [f.get("errors") for f in ran.frames] == ([[NOT_FOUND]] if report in ("errors", "both") else [])
    assert DEAD not in ran.ids
    assert world.cli.starts[0].outcome == "not_found"
    assert not world.project.exists()


def test_dead_id_can_print_an_init_frame_and_echo_the_id(world: World) -> None:
    world.cli.dead_id(report="both", names="requested", init=True, exit=0)
    ran = world.turn("x", "--resume", DEAD)
    assert ran.types == ["system/init", "result/error_during_execution"]
    assert ran.ids == [DEAD]
    assert ran.status == 0


def test_dead_id_is_for_a_conversation_that_exists_too(world: World) -> None:
    first = world.turn().ids[0]
    before = world.path(first).read_bytes()
    world.cli.dead_id()
    ran = world.turn("x", "--resume", first)
    assert (ran.status, ran.err) == (1, f"No conversation found with session ID: {first}\n")
    assert world.path(first).read_bytes() == before
    assert world.turn("y", "--resume", first).status == 0


def test_in_text_a_dead_id_is_told_on_stderr(world: World) -> None:
    world.cli.dead_id(report="errors")
    ran = world.run("-p", "x", "--resume", DEAD)
    assert (ran.status, ran.out, ran.err) == (1, "", NOT_FOUND + "\n")


def test_an_ephemeral_init(world: World) -> None:
    world.cli.ephemeral_init()
    frames = world.turn().frames
    assert frames[0]["session_id"] != frames[1]["session_id"] == frames[2]["session_id"]
    assert all_paths(world) == {frames[2]["session_id"]}


def test_an_ephemeral_hook(world: World) -> None:
    world.cli.ephemeral_hook()
    ran = world.turn()
    assert ran.types == [
        "system/hook_started",
        "system/hook_response",
        "system/init",
        "assistant",
        "result/success",
        "system/hook_response",
    ]
    strangers = {f["session_id"] for f in ran.frames if "hook" in f.get("subtype", "")}
    assert len(strangers) == 1
    assert all_paths(world) == {f["session_id"] for f in ran.frames[2:5]}
    assert not strangers & all_paths(world)


def test_a_hook_after_the_result_does_not_take_its_place(world: World) -> None:
    world.cli.ephemeral_hook()
    ran = world.run("-p", "--output-format", "json", "hello")
    assert json.loads(ran.out)["type"] == "result"
    assert {json.loads(ran.out)["session_id"]} == all_paths(world)


def test_no_frame_names_the_id_on_disk(world: World) -> None:
    world.cli.ephemeral_all()
    ran = world.turn()
    assert len(ran.ids) == 1
    assert len(all_paths(world)) == 1
    assert all_paths(world) != set(ran.ids)


def test_no_transcript(world: World) -> None:
    world.cli.no_transcript()
    ran = world.turn()
    assert ran.types[-1] == "result/success"
    assert not list(world.project.glob("*.jsonl"))
    assert world.turn("x", "--resume", ran.ids[0]).status == 1


def test_a_new_id_on_resume(world: World) -> None:
    first = world.turn("one").ids[0]
    world.cli.new_id_on_resume()
    ran = world.turn("two", "--resume", first)
    assert ran.ids != [first]
    assert ran.frames[-1]["result"] == "reply to 4 messages"
    assert all_paths(world) == {first, ran.ids[0]}
    assert world.turn("three", "--resume", ran.ids[0]).frames[-1]["result"] == "reply to 6 messages"


@pytest.mark.parametrize(("release", "shown"), [("2.1.160", False), ("2.1.329", True)])
def test_a_reset_inside_the_turn(release: str, shown: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    first = world.turn("one").ids[0]
    before = world.path(first).read_bytes()
    world.cli.reset()
    ran = world.turn("two", "--resume", first)
    assert ("conversation_reset" in ran.types) == shown
    assert ran.ids[0] == first
    new = ran.ids[1]
    assert ran.frames[-1]["session_id"] == new
    assert world.path(first).read_bytes() == before
    assert [r["message"]["content"] for r in world.records(new) if r["type"] == "user"] == ["two"]
    assert world.cli.starts[-1].session_id == new


@pytest.mark.parametrize(
    ("release", "error", "event"),
    [("1.0.128", None, False), ("2.0.77", "rate_limit", False), ("2.1.50", "rate_limit", True)],
)
def test_a_usage_limit(release: str, error: str | None, event: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.cli.usage_limit(resets_at=1_795_240_800)
    world.cli.set_now(None)
    ran = world.turn("cut off")
    assert ran.status == 1
    assert ("rate_limit_event" in ran.types) == event
    result = ran.frames[-1]
    assert (result["subtype"], result["is_error"]) == ("success", True)
    assert "resets" in result["result"]
    assert next(f for f in ran.frames if f["type"] == "assistant").get("error") == error
    last = next(r for r in world.records(ran.ids[0]) if r["type"] == "assistant")
    assert last["isApiErrorMessage"] is True
    assert last["message"]["model"] == "<synthetic>"
    assert world.cli.starts[0].outcome == "limited"
    if event:
        info = next(f for f in ran.frames if f["type"] == "rate_limit_event")["rate_limit_info"]
        assert (info["status"], info["resetsAt"]) == ("rejected", 1_795_240_800)


def test_a_usage_limit_without_a_reset_time(world: World) -> None:
    world.cli.usage_limit()
    ran = world.turn()
    assert ran.frames[-1]["result"] == "You've hit your limit"
    assert "resetsAt" not in json.dumps(ran.frames)
    assert "resetsAt" not in world.path(ran.ids[0]).read_text()


def test_after_a_limit_the_prompt_that_was_cut_off_is_still_there(world: World) -> None:
    # Measured on 2.1.329: it and the next prompt are sent as one message, and the notice is not sent.
    world.cli.usage_limit()
    first = world.turn("cut off").ids[0]
    assert world.turn("again", "--resume", first).frames[-1]["result"] == "reply to 2 messages"
    assert world.turn("third", "--resume", first).frames[-1]["result"] == "reply to 4 messages"


@pytest.mark.parametrize("step", ["auth_failure", "overloaded", "server_error"])
@pytest.mark.parametrize("release", OBSERVED)
def test_other_failed_requests(release: str, step: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    getattr(world.cli, step)()
    ran = world.turn()
    assert ran.status == 1
    assert ran.types == ["system/init", "assistant", "result/success"]
    assert ran.frames[-1]["is_error"] is True
    assert ran.frames[-1]["result"] == ran.frames[1]["message"]["content"][0]["text"]
    assert "API Error" in ran.frames[-1]["result"]
    assert world.cli.starts[0].outcome == "api_error"
    text = make_world(release)
    getattr(text.cli, step)()
    said = text.run("-p", "hello")
    assert (said.status, said.out) == (1, ran.frames[-1]["result"] + "\n")


@pytest.mark.parametrize(
    ("at", "types", "written"),
    [
        ("start", [], None),
        ("init", ["system/init"], None),
        ("turn", ["system/init"], ["user"]),
        ("end", ["system/init", "assistant"], ["user", "assistant"]),
    ],
)
def test_a_crash_at_each_point(at: str, types: list[str], written: list[str] | None, world: World) -> None:
    world.cli.crash(at=at, exit=3, stderr="oh no\n")  # type: ignore[arg-type]  # pytest hands one of the literals over as a str
    ran = world.turn()
    assert (ran.status, ran.err, ran.types) == (3, "oh no\n", types)
    if written is None:
        assert not list(world.config_dir.rglob("*.jsonl"))
    else:
        [path] = world.project.glob("*.jsonl")
        spoken = [r["type"] for r in world.records(path.stem) if r["type"] in ("user", "assistant")]
        assert spoken == written
    assert world.cli.starts[0].outcome == "crashed"


def test_a_crash_by_a_signal(world: World) -> None:
    world.cli.crash(signal="KILL")
    assert world.turn().status == -signal.SIGKILL
    assert world.cli.starts[0].outcome == "running"
    world.cli.crash(signal="SEGV")
    assert world.turn().status == -signal.SIGSEGV


def test_a_hang_ends_by_a_signal(world: World) -> None:
    gate = world.cli.hang()
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert world.cli.starts[0].outcome == "interrupted"


def test_a_hang_can_be_deaf(world: World) -> None:
    gate = world.cli.hang(ignore_term=True)
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.2)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_hang_can_leave_a_child_in_its_process_group(world: World) -> None:
    gate = world.cli.hang(child=True)
    process = world.start("-p", "hello", *STREAM, start_new_session=True)
    gate.wait_reached()
    [child] = world.cli.children
    assert os.getpgid(child) == process.pid
    process.kill()
    process.wait()
    os.kill(child, 0)  # it is still there: only the group's end takes it along
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_slow_start_prints_nothing_meanwhile(world: World) -> None:
    world.cli.slow_start(0.3)
    began = time.monotonic()
    assert world.turn().status == 0
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("at", ["start", "init", "turn"])
def test_a_hold_waits_at_its_point(at: str, world: World) -> None:
    gate = world.cli.hold(at=at)  # type: ignore[arg-type]  # pytest hands one of the literals over as a str
    process = world.start("-p", "hello", *STREAM)
    assert gate.wait_reached() == (process.pid,)
    written = [json.loads(line)["type"] for p in world.project.glob("*.jsonl") for line in p.read_text().splitlines()]
    assert ("user" in written) == (at == "turn")
    assert world.cli.starts[0].running
    gate.open()
    out, _ = process.communicate(timeout=30)
    assert b'"result":"reply to 2 messages"' in out
    assert not world.cli.starts[0].running


def test_a_torn_write(world: World) -> None:
    world.cli.torn_write()
    ran = world.turn("one")
    assert (ran.status, ran.types) == (1, ["system/init"])
    raw = world.path(ran.ids[0]).read_bytes()
    assert not raw.endswith(b"\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(raw.splitlines()[-1])
    again = world.turn("two", "--resume", ran.ids[0])
    assert again.frames[-1]["result"] == "reply to 4 messages"
    assert world.path(ran.ids[0]).read_bytes().startswith(raw)


def test_a_full_disk(world: World) -> None:
    world.cli.disk_full()
    ran = world.turn()
    assert ran.status == 1
    assert "ENOSPC: no space left on device" in ran.err
    assert not world.path(ran.ids[0]).read_bytes().endswith(b"\n")
    assert world.cli.starts[0].outcome == "io_error"


def test_a_background_agent_holds_the_id(world: World) -> None:
    first = world.turn().ids[0]
    world.cli.background_agent(times=2)
    ran = world.turn("x", "--resume", first)
    assert ran.status == 1
    assert f"Session {first} is currently running as a background agent (bg)." in ran.err
    assert world.cli.starts[-1].outcome == "held"
    assert world.turn("x", "--resume", first, "--fork-session").status == 0


def test_noise_goes_with_other_steps(world: World) -> None:
    world.cli.noise(stdout=["not a frame", "{half"], stderr=["warning"])
    world.cli.reply("quiet")
    ran = world.turn()
    assert ran.out.splitlines()[:2] == ["not a frame", "{half"]
    assert ran.err == "warning\n"
    assert ran.out.splitlines()[-1].count('"result":"quiet"') == 1


def test_a_cold_resume_answers_without_the_earlier_turns(world: World) -> None:
    first = world.turn("one").ids[0]
    before = world.path(first).read_bytes()
    world.cli.cold_resume()
    ran = world.turn("two", "--resume", first)
    assert ran.ids == [first]
    assert ran.frames[-1]["result"] == "reply to 2 messages"
    assert world.path(first).read_bytes().startswith(before)
    world.cli.cold_resume()
    assert world.turn("x", "--resume", DEAD).ids == [DEAD]


def test_an_error_of_ones_own(world: World) -> None:
    world.cli.error(stderr="Nothing found with session ID", errors=["almost"], exit=4)
    ran = world.turn()
    assert (ran.status, ran.err) == (4, "Nothing found with session ID\n")
    assert [(f["errors"], f["is_error"], f["subtype"]) for f in ran.frames] == [
        (["almost"], True, "error_during_execution")
    ]
    assert not world.project.exists()


def test_an_error_that_looks_like_success(world: World) -> None:
    world.cli.error(text="it failed", subtype="success", exit=0, at="turn")
    ran = world.turn("one")
    assert ran.status == 0
    assert ran.types == ["system/init", "result/success"]
    assert (ran.frames[-1]["is_error"], ran.frames[-1]["result"]) == (True, "it failed")
    assert [r["type"] for r in world.records(ran.ids[0])].count("user") == 1


def test_a_reply_of_ones_own_is_in_the_transcript(world: World) -> None:
    world.cli.reply(NOT_FOUND)
    ran = world.turn()
    assert ran.frames[-1]["result"] == NOT_FOUND
    assert NOT_FOUND in world.path(ran.ids[0]).read_text()
    assert world.turn().frames[-1]["result"] == "reply to 2 messages"


def test_a_gate_nobody_opens_is_told_of(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pytest_claude_sessions.claude import misbehaviour

    monkeypatch.setattr(misbehaviour, "GATE_LIMIT_S", 0.0)
    waiting = misbehaviour.Misbehaviour({"hold": {"at": "turn", "gate": "g"}}, str(tmp_path))
    with pytest.raises(misbehaviour.Crash, match="nobody opened the gate 'g'"):
        waiting.at("turn")
