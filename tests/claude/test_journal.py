from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.journal import MASK, Journal, masked
from pytest_claude_sessions.claude.release import NEWEST

from .conftest import STREAM, World


def entries(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (directory / "journal.jsonl").read_text().splitlines()]


def test_the_object_is_there_from_the_start_and_replaced_at_the_end(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), release="2.1.112", now=5.0)
    journal.begin()
    [running] = entries(tmp_path)
    assert (running["outcome"], running["ended_at"], running["exit"]) == ("running", None, None)
    assert running["pid"] == os.getpid()
    journal.prompt("one")
    journal.prompt("two")
    journal.end("answered", 0)
    [ended] = entries(tmp_path)
    assert (ended["outcome"], ended["exit"]) == ("answered", 0)
    assert (ended["prompt"], ended["prompts"]) == ("one", ["one", "two"])
    assert ended["now"] == 5.0
    assert running["started_at"] == ended["started_at"] <= ended["ended_at"] <= time.time()


def test_objects_stay_in_the_order_of_the_starts(tmp_path: Path) -> None:
    journals = [Journal(str(tmp_path), release=str(n), now=0) for n in range(3)]
    for journal in journals:
        journal.begin()
    for journal in reversed(journals):
        journal.end("answered", 0)
    assert [entry["release"] for entry in entries(tmp_path)] == ["0", "1", "2"]


def test_a_journal_that_was_cleared_meanwhile_stays_cleared(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), release="r", now=0)
    journal.begin()
    (tmp_path / "journal.jsonl").unlink()
    journal.end("answered", 0)
    assert not (tmp_path / "journal.jsonl").exists()


def test_without_a_directory_there_is_no_journal() -> None:
    journal = Journal(None, release="r", now=0)
    journal.begin()
    journal.end("answered", 0)


@pytest.mark.parametrize(
    "name", ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "my_secret", "Password2", "AWS_CREDENTIALS", "X_AUTH"]
)
def test_secrets_are_masked(name: str) -> None:
    assert masked({name: "hush", "HOME": "/h"}) == {name: MASK, "HOME": "/h"}


def test_a_start_tells_what_it_was_asked(world: World) -> None:
    world.extra["ANTHROPIC_API_KEY"] = "sk-made-up"
    fresh = world.turn("hello")
    world.run("-p", *STREAM, "--resume", fresh.ids[0], "--fork-session", stdin="piped")
    first, second = world.cli.starts
    assert first.argv == ("-p", "hello", *STREAM)
    assert first.cwd == str(world.cwd)
    assert first.env["ANTHROPIC_API_KEY"] == MASK
    assert "sk-made-up" not in (world.cli.directory / "journal.jsonl").read_text()
    assert (first.outcome, first.exit, first.messages, first.release) == ("answered", 0, 2, NEWEST)
    assert first.requested_resume is None
    assert second.prompt == "piped"
    assert second.requested_resume == fresh.ids[0]
    assert second.raw["requested"]["fork"] is True
    assert second.session_id != fresh.ids[0]
    assert first.ended_at is not None
    assert first.started_at <= first.ended_at <= second.started_at


def test_a_killed_start_stays_as_it_was(world: World) -> None:
    gate = world.cli.hold()
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    [start] = world.cli.starts
    assert start.running
    assert start.prompt == "hello"
    assert start.session_id is not None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [start] = world.cli.starts
    assert not start.running
    assert (start.outcome, start.ended_at, start.exit) == ("running", None, None)


def test_bytes_that_are_no_utf8_are_kept(world: World) -> None:
    odd = os.fsdecode(b"caf\xe9")
    world.turn(odd)
    assert world.cli.starts[0].argv[1] == odd
