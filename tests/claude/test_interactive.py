from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time

from .conftest import World


class Screen:
    """What a terminal has shown, and how far the test has read it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.unread = b""

    def wait_for(self, words: bytes) -> None:
        """Read on until the words are there; what came after them in the same read is kept for the next wait."""
        deadline = time.monotonic() + 50
        while words not in self.unread:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self.unread
            self.unread += os.read(self.fd, 4096)
        self.unread = self.unread.partition(words)[2]


def test_a_terminal_is_a_conversation(world: World) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [world.cli.path, "first"], cwd=world.cwd, env=world.env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = Screen(ours)
    try:
        screen.wait_for(b"reply to 2 messages")
        [start] = world.cli.starts
        running = world.config_dir / "sessions" / f"{process.pid}.json"
        screen.wait_for(b"> ")
        assert json.loads(running.read_text())["status"] == "idle"
        os.write(ours, b"second\n")
        screen.wait_for(b"reply to 4 messages")
        os.write(ours, b"/exit\n")
        process.wait(timeout=50)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert process.returncode == 0
    assert not running.exists()
    [start] = world.cli.starts
    assert start.prompts == ("first", "second")
    lines = [json.loads(line) for line in (world.config_dir / "history.jsonl").read_text().splitlines()]
    assert [line["display"] for line in lines] == ["first", "second", "/exit"]
    assert {line["sessionId"] for line in lines} == {start.session_id}
    assert lines[0]["timestamp"] > 1e12
    assert list(lines[0]) == ["display", "pastedContents", "timestamp", "project", "sessionId"]
    assert (world.config_dir / "history.jsonl").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_before_the_first_prompt(world: World) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [world.cli.path], cwd=world.cwd, env=world.env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        Screen(ours).wait_for(b"> ")
        assert not list(world.config_dir.glob("projects/*/*.jsonl"))
        process.kill()
    finally:
        process.wait()
        os.close(ours)


def test_without_a_terminal_print_mode_writes_no_history(world: World) -> None:
    world.turn()
    assert not (world.config_dir / "history.jsonl").exists()


def test_clear_begins_another_conversation(world: World) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [world.cli.path, "first"], cwd=world.cwd, env=world.env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = Screen(ours)
    running = world.config_dir / "sessions" / f"{process.pid}.json"
    try:
        screen.wait_for(b"reply to 2 messages")
        screen.wait_for(b"> ")
        first = json.loads(running.read_text())["sessionId"]
        os.write(ours, b"/clear\n")
        screen.wait_for(b"> ")
        second = json.loads(running.read_text())["sessionId"]
        os.write(ours, b"again\n")
        screen.wait_for(b"reply to ")
        screen.wait_for(b"> ")
        os.write(ours, b"/exit\n")
        screen.wait_for(f"claude --resume {second}".encode())
        process.wait(timeout=50)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert first != second
    lines = [json.loads(line) for line in (world.config_dir / "history.jsonl").read_text().splitlines()]
    assert [(line["display"], line["sessionId"]) for line in lines] == [
        ("first", first),
        ("/clear", first),
        ("again", second),
        ("/exit", second),
    ]
    assert [record["entrypoint"] for record in world.records(first) if record["type"] == "user"] == ["cli"]
    assert any(record["type"] == "assistant" for record in world.records(second))
