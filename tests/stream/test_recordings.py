"""Recordings: made of a program's run, masked, played through the transport and by the fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.claude.recording import BadRecording, Recording
from pytest_claude_sessions.claude.release import parse_version
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.stream import Stream
from pytest_claude_sessions.stream.record import NoProgram
from pytest_claude_sessions.stream.sdk import Sdk

from .conftest import Run, respond

DEAD = "11111111-1111-4111-8111-111111111111"
KEPT = Path(__file__).parent / "recordings"
RECORDED = sorted(KEPT.glob("*.jsonl"))


def test_a_run_is_recorded_and_replayed(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    made = Stream().record(tmp_path / "run.jsonl", ["one", "two"], program=claude_cli.path)
    [start] = claude_cli.starts
    assert start.prompts == ("one", "two")
    assert (made.session_id, made.release.version) == (start.session_id, claude_cli.release.version)
    results = [frame["result"] for frame in made.frames() if frame["type"] == "result"]
    assert results == ["reply to 2 messages", "reply to 4 messages"]
    assert (made.exit_code, made.stderr()) == (0, [])


def test_paths_secrets_and_the_account_are_masked(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    home = tmp_path / "somebody"
    claude_cli.reply(f"key sk-ant-api03-abc_DEF-1, mail jane.doe@example.org, file {home}/repo/x, word hunter2hunter2")
    env = {"ANTHROPIC_API_KEY": "sk-ant-api03-mine", "MY_SECRET": "hunter2hunter2"}
    made = Stream().record(path, program=claude_cli.path, env=env, home=home)
    assert made.frames()[-1]["result"] == "key ***, mail user@example.com, file /home/user/repo/x, word ***"
    text = path.read_text()
    for word in (str(tmp_path), "sk-ant", "jane.doe", "hunter2", str(tmp_path).replace("/", "-")):
        assert word not in text
    assert '"cwd":"/home/user/repo"' in text


def test_a_refused_start_is_recorded(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    made = Stream().record(tmp_path / "x.jsonl", program=claude_cli.path, options=["--resume", DEAD])
    assert made.exit_code == 1
    assert made.stderr() == [f"No conversation found with session ID: {DEAD}"]


def test_a_program_that_dies_and_noise_are_recorded(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    claude_cli.noise(stdout=["not a frame"], stderr=["a warning"])
    claude_cli.crash(at="init", signal="KILL")
    made = Stream().record(tmp_path / "x.jsonl", program=claude_cli.path)
    assert made.exit_code == -9
    assert "not a frame" in made.lines()
    assert made.stderr() == ["a warning"]


def test_a_program_that_hangs_is_killed(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    claude_cli.hang(at="turn")
    made = Stream().record(tmp_path / "x.jsonl", program=claude_cli.path, timeout_s=1)
    assert made.exit_code == -9


def test_a_recorded_conversation_goes_on(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Stream().record(tmp_path / "1.jsonl", "one", program=claude_cli.path, home=home)
    resume = ["--resume", first.session_id]
    again = Stream().record(tmp_path / "2.jsonl", "two", program=claude_cli.path, home=home, options=resume)
    assert (again.session_id, again.frames()[-1]["result"]) == (first.session_id, "reply to 4 messages")


def test_what_the_program_asks_is_answered(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    claude_cli.uses_tool("Bash", {"command": "ls"}, result="made", times=2)
    asked: list[Any] = []

    def deny(request: Any) -> dict[str, Any]:
        asked.append(request["subtype"])
        return {"behavior": "deny", "message": "no way"}

    allowed = Stream().record(tmp_path / "1.jsonl", program=claude_cli.path)
    denied = Stream().record(tmp_path / "2.jsonl", program=claude_cli.path, answer=deny)
    results = [next(f for f in made.frames() if f["type"] == "user") for made in (allowed, denied)]
    assert [frame["message"]["content"][0]["content"] for frame in results] == ["made", "no way"]
    assert asked == ["can_use_tool"]


def test_without_a_program_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pytest_claude_sessions.stream.record.bundled_program", lambda: None)
    with pytest.raises(NoProgram, match=r"pip install pytest-claude-sessions\[sdk\]"):
        Stream().record(tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, r"cannot be read \(No such file or directory\)"),
        ("", r"line 1 is not"),
        ("[1]\n", "line 1 is no JSON object"),
        ("nonsense\n", "line 1 is not JSON"),
        ('{"type":"result"}\n', "line 1 is not"),
        ('{"recording":2,"release":"2.1.330"}\n{"exit":0}\n', "is of form 2 and 1 is known"),
        ('{"recording":1}\n{"exit":0}\n', "names no release"),
        ('{"recording":1,"release":"2.1.330"}\n', "breaks off"),
        ('{"recording":1,"release":"2.1.330"}\n{"frob":1}\n{"exit":0}\n', "line 2 is none of"),
        ('{"recording":1,"release":"2.1.330"}\n{"out":{"ty', "line 2 is not JSON"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
    ],
)
def test_a_bad_file_gets_one_clear_line(text: str | bytes | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadRecording, match=problem) as refused:
        Stream().replay(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    assert "claude_stream.record()" in str(refused.value) or "record it again" in str(refused.value)


def test_the_kept_recordings_show_no_machine() -> None:
    assert {path.stem for path in RECORDED} >= {"two_turns", "tool_use", "not_found", "overloaded"}
    for path in RECORDED:
        text = path.read_text()
        assert "sk-ant" not in text
        assert "/root" not in text
        assert "/tmp/claude" not in text


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recording_is_played_through_the_transport(path: Path, query: Callable[..., Run], sdk: Sdk) -> None:
    recording = Recording.read(str(path))
    if path.stem == "tool_use" and parse_version(sdk.version) < (0, 1, 81):
        pytest.skip(f"claude-agent-sdk {sdk.version} ends its input after a text prompt: it can answer nothing later")
    run = query(Stream().replay(path), ["one", "two"] if path.stem == "two_turns" else "hello")
    told = [event["as"] for _, event in recording.events if "as" in event]
    if path.stem == "not_found":
        assert "exit code" in str(run.error) or "No conversation found" in str(run.error)
        assert run.stderr == [event["err"] for _, event in recording.events if "err" in event]
    elif path.stem == "overloaded":
        assert run.messages[-1].is_error is True
        assert run.error is not None
    else:
        assert run.error is None
        assert run.results == [
            event["out"]["result"] for _, event in recording.events if event.get("out", {}).get("type") == "result"
        ]
        if run.transport.exit_code == 0:
            assert set(run.kinds) <= set(told)


def test_the_answer_to_initialize_is_the_recorded_one(client: Callable[..., Run]) -> None:
    told: list[Any] = []

    async def talk(connected: Any, run: Run) -> None:
        told.append(await connected.get_server_info())
        await respond(connected, run, "one")

    assert client(Stream().replay(KEPT / "two_turns.jsonl"), talk).error is None
    assert [command["name"] for command in told[0]["commands"]]


def test_the_fake_plays_a_recording_and_keeps_the_conversation(
    claude_cli: ClaudeCli, claude_config_dir: ConfigDir, tmp_path: Path
) -> None:
    claude_cli.play(KEPT / "two_turns.jsonl")
    home = tmp_path / "home"
    made = Stream().record(tmp_path / "again.jsonl", ["one", "two", "three"], program=claude_cli.path, home=home)
    [start] = claude_cli.starts
    assert made.session_id == start.session_id != Stream().replay(KEPT / "two_turns.jsonl").session_id
    inits = [frame for frame in made.frames() if frame.get("subtype") == "init"]
    assert {frame["cwd"] for frame in inits} == {"/home/user/repo"}
    recorded = Stream().replay(KEPT / "two_turns.jsonl").frames()
    told = [frame["result"] for frame in recorded if frame["type"] == "result"]
    assert [frame["result"] for frame in made.frames() if frame["type"] == "result"] == [*told, "reply to 6 messages"]
    [path] = home.glob(".claude/projects/*/*.jsonl")
    spoken = [record["message"] for record in map(json.loads, path.read_text().splitlines()) if "message" in record]
    texts = [message["content"] for message in spoken if message.get("role") == "user" and message["content"]]
    assert texts == ["one", "two", "three"]


def test_the_fake_asks_what_the_recorded_program_asked(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    claude_cli.play(KEPT / "tool_use.jsonl")
    asked: list[Any] = []

    def answer(request: Any) -> dict[str, Any]:
        asked.append((request["subtype"], request.get("tool_name")))
        return {"behavior": "allow", "updatedInput": request["input"]}

    Stream().record(tmp_path / "again.jsonl", program=claude_cli.path, answer=answer)
    assert asked == [("can_use_tool", "Bash")]


@pytest.mark.parametrize("name", ["not_found", "overloaded"])
def test_the_fake_ends_as_the_recorded_program(name: str, claude_cli: ClaudeCli, tmp_path: Path) -> None:
    claude_cli.play(KEPT / f"{name}.jsonl")
    made = Stream().record(tmp_path / "again.jsonl", program=claude_cli.path)
    recorded = Stream().replay(KEPT / f"{name}.jsonl")
    assert (made.exit_code, made.stderr()) == (recorded.exit_code, recorded.stderr())
    assert [frame["type"] for frame in made.frames()] == [frame["type"] for frame in recorded.frames()]


def test_the_fake_refuses_to_play_what_is_no_recording(claude_cli: ClaudeCli, tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match=r"claude_stream\.record"):
        claude_cli.play(tmp_path / "nothing.jsonl")
    assert claude_cli.steps == []
