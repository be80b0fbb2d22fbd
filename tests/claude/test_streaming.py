"""User messages and control requests over stdin, measured on the real releases."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import pytest

from .conftest import STREAM, World

DEAD = "11111111-1111-4111-8111-111111111111"


class Host:
    """The other end of the program's stdin and stdout."""

    def __init__(self, world: World, *words: str) -> None:
        self.process = world.start("-p", *STREAM, "--input-format", "stream-json", *words, stdin=subprocess.PIPE)
        self._frames: Queue[dict[str, Any] | None] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._frames.put(json.loads(line))
        self._frames.put(None)

    def send(self, *sent: Any) -> None:
        assert self.process.stdin is not None
        for one in sent:
            line = one if isinstance(one, str) else json.dumps(one)
            self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def say(self, text: Any, **more: Any) -> None:
        self.send({"type": "user", "message": {"role": "user", "content": text}, **more})

    def ask(self, subtype: str, **more: Any) -> dict[str, Any]:
        self.send({"type": "control_request", "request_id": "r1", "request": {"subtype": subtype, **more}})
        answer = self.until("control_response")[-1]["response"]
        assert answer["request_id"] == "r1"
        return answer

    def frames(self) -> Iterator[dict[str, Any]]:
        while (frame := self._frames.get(timeout=50)) is not None:
            yield frame

    def until(self, kind: str) -> list[dict[str, Any]]:
        seen = []
        for frame in self.frames():
            seen.append(frame)
            if frame["type"] == kind:
                return seen
        raise AssertionError(f"no {kind} frame after {seen}")

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        self.process.wait(timeout=50)
        rest = list(self.frames())
        err = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, rest, err


@pytest.fixture
def hosts() -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(world: World, *words: str) -> Host:
        made.append(Host(world, *words))
        return made[-1]

    yield make
    for host in made:
        host.process.kill()
        host.process.wait()
        for pipe in (host.process.stdin, host.process.stdout, host.process.stderr):
            if pipe is not None:
                pipe.close()


def test_one_conversation_goes_on_over_several_messages(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world)
    host.say("a")
    first = host.until("result")
    host.say([{"type": "text", "text": "b1"}, {"type": "text", "text": "b2"}])
    second = host.until("result")
    status, rest, err = host.end()
    assert (status, rest, err) == (0, [], "")
    for frames, count in ((first, 2), (second, 4)):
        assert [f["type"] for f in frames] == ["system", "assistant", "result"]
        assert frames[-1]["result"] == f"reply to {count} messages"
    [start] = world.cli.starts
    assert start.prompts == ("a", "b1\nb2")
    spoken = [r["message"]["content"] for r in world.records(start.session_id or "") if r["type"] == "user"]
    assert spoken[0] == "a"
    assert [block["text"] for block in spoken[1]] == ["b1", "b2"]
    assert world.turn("c", "--resume", start.session_id or "").frames[-1]["result"] == "reply to 6 messages"


def test_messages_sent_at_once_are_answered_in_turn(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world)
    host.say("a")
    host.say("b")
    status, frames, _ = host.end()
    assert status == 0
    assert [f["result"] for f in frames if f["type"] == "result"] == ["reply to 2 messages", "reply to 4 messages"]


def test_no_message_is_no_turn(world: World, hosts: Callable[..., Host]) -> None:
    assert hosts(world).end() == (0, [], "")
    assert not list(world.project.glob("*.jsonl"))
    assert world.cli.starts[0].session_id is None


def test_no_message_was_an_error(make_world: Callable[..., World], hosts: Callable[..., Host]) -> None:
    assert hosts(make_world("1.0.31")).end() == (1, [], "Error: No messages returned\n")


def test_control_requests_are_answered(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world)
    assert "commands" in host.ask("initialize", hooks=None)["response"]
    assert host.ask("set_permission_mode", mode="acceptEdits")["response"] == {"mode": "acceptEdits"}
    assert host.ask("set_model", model="claude-x")["response"] == {"model": "claude-x"}
    assert host.ask("mcp_message", server_name="x", message={})["subtype"] == "success"
    assert host.ask("mcp_status")["response"] == {"mcpServers": []}
    assert host.ask("interrupt")["response"] == {"still_queued": []}
    refused = host.ask("frobnicate")
    assert (refused["subtype"], refused["error"]) == ("error", "Unsupported control request subtype: frobnicate")
    host.say("a")
    frames = host.until("result")
    assert (frames[0]["permissionMode"], frames[0]["model"]) == ("acceptEdits", "claude-x")
    assert frames[1]["message"]["model"] == "claude-x"
    assert host.end()[0] == 0


def test_old_releases_do_not_answer_what_they_do_not_know(
    make_world: Callable[..., World], hosts: Callable[..., Host]
) -> None:
    host = hosts(make_world("2.1.0"))
    host.send({"type": "control_request", "request_id": "x", "request": {"subtype": "frobnicate"}})
    assert host.ask("initialize")["subtype"] == "success"
    assert host.end() == (0, [], "")


@pytest.mark.parametrize(("release", "status", "errors"), [("1.0.128", 0, None), ("2.1.50", 0, []), ("2.1.329", 1, 1)])
def test_an_interrupt_ends_the_turn(
    release: str, status: int, errors: Any, make_world: Callable[..., World], hosts: Callable[..., Host]
) -> None:
    world = make_world(release)
    gate = world.cli.hold(at="turn")
    host = hosts(world)
    host.say("a")
    gate.wait_reached()
    assert host.ask("interrupt")["subtype"] == "success"
    frames = host.until("result")
    assert frames[0]["message"]["content"][0]["text"] == "[Request interrupted by user]"
    result = frames[-1]
    assert (result["subtype"], result["is_error"]) == ("error_during_execution", status == 1)
    assert result.get("errors") == errors or (errors == 1 and "ede_diagnostic" in result["errors"][0])
    ended, rest, _ = host.end()
    assert (ended, rest) == (status, [])
    [start] = world.cli.starts
    assert start.outcome == "interrupted"
    spoken = [r["message"]["content"] for r in world.records(start.session_id or "") if r["type"] == "user"]
    assert spoken == ["a", [{"type": "text", "text": "[Request interrupted by user]"}]]


def test_after_an_interrupt_the_conversation_goes_on(world: World, hosts: Callable[..., Host]) -> None:
    gate = world.cli.hold(at="turn")
    host = hosts(world)
    host.say("a")
    gate.wait_reached()
    host.ask("interrupt")
    host.until("result")
    gate.open()
    host.say("b")
    # Measured: what was cut off, the notice and the new prompt are sent as one message.
    assert host.until("result")[-1]["result"] == "reply to 2 messages"
    assert host.end()[0] == 0
    assert world.cli.starts[0].outcome == "answered"


@pytest.mark.parametrize(
    ("release", "line", "status", "err"),
    [
        ("2.1.329", "garbage", 1, "Error parsing streaming input line (type=unknown, 7 chars): SyntaxError\n"),
        ("2.1.112", "garbage", 1, "Error parsing streaming input line: garbage: SyntaxError: Unexpected token\n"),
        ("2.1.329", "", 0, ""),
        ("2.1.112", "  ", 1, "Error parsing streaming input line"),
        ("2.1.329", '{"type":"frob"}', 0, ""),
        ("2.1.0", '{"type":"frob"}', 1, "Error: Expected message type 'user' or 'control', got 'frob'\n"),
        ("2.1.0", '{"type":"keep_alive"}', 0, ""),
        ("1.0.31", '{"type":"control_request"}', 1, "Error: Expected message type 'user', got 'control_request'\n"),
        (
            "1.0.31",
            '{"type":"user","message":{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}',
            1,
            "Error: Expected message content to have exactly one item, got 2\n",
        ),
        (
            "2.1.329",
            '{"type":"user","message":{"role":"assistant","content":"x"}}',
            1,
            "Error: Expected message role 'user', got 'assistant'\n",
        ),
    ],
)
def test_odd_lines(
    release: str,
    line: str,
    status: int,
    err: str,
    make_world: Callable[..., World],
    hosts: Callable[..., Host],
) -> None:
    host = hosts(make_world(release))
    host.send(line)
    told = host.end()
    assert told[0] == status
    assert told[2].startswith(err)
    assert bool(told[2]) == bool(err)


def test_a_dead_id_is_told_before_any_message(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world, f"--resume={DEAD}")
    host.process.wait(timeout=50)
    status, frames, err = host.end()
    assert (status, err) == (1, f"No conversation found with session ID: {DEAD}\n")
    assert [f["errors"] for f in frames] == [[err.strip()]]
    assert world.cli.starts[0].outcome == "not_found"


def test_hooks_of_the_host_are_called(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world)
    host.ask("initialize", hooks={"Stop": [{"matcher": None, "hookCallbackIds": ["hook_0"]}]})
    host.say("a")
    asked = host.until("control_request")[-1]
    assert asked["request"]["callback_id"] == "hook_0"
    assert asked["request"]["input"]["hook_event_name"] == "Stop"
    answer = {"subtype": "success", "request_id": asked["request_id"], "response": {}}
    host.send({"type": "control_response", "response": answer})
    assert host.until("result")[-1]["subtype"] == "success"
    assert host.end()[0] == 0


def test_messages_can_be_replayed_and_answers_come_in_parts(world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world, "--replay-user-messages", "--include-partial-messages")
    host.say("a", uuid=DEAD)
    frames = host.until("result")
    assert [f["type"] for f in frames] == [
        *("system", "user"),
        *["stream_event"] * 3,
        "assistant",
        *["stream_event"] * 3,
        "result",
    ]
    assert (frames[1]["uuid"], frames[1]["isReplay"], frames[1]["message"]["content"]) == (DEAD, True, "a")
    deltas = [f["event"]["delta"]["text"] for f in frames[2:5] if f["event"]["type"] == "content_block_delta"]
    assert deltas == ["reply to 2 messages"]
    assert host.end()[0] == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_signals_between_turns(number: int, status: int, world: World, hosts: Callable[..., Host]) -> None:
    host = hosts(world)
    host.say("a")
    host.until("result")
    host.process.send_signal(number)
    host.process.wait(timeout=50)
    assert host.process.returncode == status
    assert list((world.config_dir / "sessions").iterdir()) == []


def test_a_failed_last_turn_is_the_exit_status(world: World, hosts: Callable[..., Host]) -> None:
    world.cli.usage_limit()
    host = hosts(world)
    host.say("a")
    assert host.until("result")[-1]["is_error"] is True
    assert host.end()[0] == 1
    assert world.cli.starts[0].outcome == "limited"
