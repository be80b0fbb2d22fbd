"""Conversations of the SDK with the fake: the ids, the messages and what is on disk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir

from ..stream.conftest import Run, respond
from .conftest import DEAD, Driver


def ids(run: Run) -> set[str]:
    """The session ids that messages name."""
    named = [getattr(message, "data", {}).get("session_id") for message in run.messages]
    named += [getattr(message, "session_id", None) for message in run.messages]
    return {name for name in named if name}


def spoken(driver: Driver, session_id: str) -> list[str]:
    """The texts of a transcript's user and assistant records."""
    [path] = driver.config_dir.glob(f"projects/*/{session_id}.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    contents = [record["message"]["content"] for record in records if record["type"] in ("user", "assistant")]
    return [content if isinstance(content, str) else content[0].get("text", content[0]["type"]) for content in contents]


def test_a_query(driver: Driver, claude_cli: ClaudeCli) -> None:
    run = driver.query("hello")
    assert (run.error, run.kinds) == (None, ["SystemMessage", "AssistantMessage", "ResultMessage"])
    assert run.results == ["reply to 2 messages"]
    [start] = claude_cli.starts
    assert start.prompts == ("hello",)
    assert ids(run) == {start.session_id}
    assert spoken(driver, str(start.session_id)) == ["hello", "reply to 2 messages"]


def test_streamed_prompts(driver: Driver, claude_cli: ClaudeCli) -> None:
    run = driver.query(["one", "two"])
    assert (run.error, run.results) == (None, ["reply to 2 messages", "reply to 4 messages"])
    [start] = claude_cli.starts
    assert start.prompts == ("one", "two")


def test_a_client_with_several_turns(driver: Driver, claude_cli: ClaudeCli) -> None:
    async def talk(connected: Any, run: Run) -> None:
        for prompt in ("one", "two", "three"):
            await respond(connected, run, prompt)

    run = driver.client(talk)
    assert (run.error, run.results) == (None, [f"reply to {count} messages" for count in (2, 4, 6)])
    [start] = claude_cli.starts
    assert (start.prompts, ids(run)) == (("one", "two", "three"), {start.session_id})


def test_a_resume_keeps_the_id_and_the_history(driver: Driver, claude_cli: ClaudeCli) -> None:
    first = driver.query("one")
    [session_id] = ids(first)
    again = driver.query("two", resume=session_id)
    assert (again.error, ids(again), again.results) == (None, {session_id}, ["reply to 4 messages"])
    assert claude_cli.starts[1].requested_resume == session_id
    assert spoken(driver, session_id)[::2] == ["one", "two"]


def test_a_fork_gets_an_id_of_its_own_and_leaves_the_original(driver: Driver) -> None:
    [session_id] = ids(driver.query("one"))
    before = spoken(driver, session_id)
    fork = driver.query("two", resume=session_id, fork_session=True)
    [forked] = ids(fork)
    assert (fork.error, fork.results) == (None, ["reply to 4 messages"])
    assert forked != session_id
    assert spoken(driver, session_id) == before
    assert spoken(driver, forked) == [*before, "two", "reply to 4 messages"]


def test_the_last_conversation_goes_on(driver: Driver) -> None:
    [session_id] = ids(driver.query("one"))
    again = driver.query("two", continue_conversation=True)
    assert (ids(again), again.results) == ({session_id}, ["reply to 4 messages"])


def test_an_id_of_ones_own(driver: Driver, claude_cli: ClaudeCli) -> None:
    run = driver.query("one", extra_args={"session-id": DEAD})
    assert (run.error, ids(run)) == (None, {DEAD})
    assert claude_cli.starts[0].requested_session_id == DEAD


def test_what_claude_config_dir_wrote_is_resumed(driver: Driver, claude_config_dir: ConfigDir) -> None:
    session_id = claude_config_dir.add_conversation(turns=[("one", "1"), ("two", "2")], cwd=driver.cwd).session_id
    run = driver.query("three", resume=session_id)
    assert (run.error, ids(run), run.results) == (None, {session_id}, ["reply to 6 messages"])


def test_an_interrupt(driver: Driver, claude_cli: ClaudeCli) -> None:
    gate = claude_cli.hold(at="turn")

    async def talk(connected: Any, run: Run) -> None:
        await connected.query("one")
        gate.wait_reached()
        await connected.interrupt()
        async for message in connected.receive_response():
            run.messages.append(message)
        gate.open()
        await respond(connected, run, "two")

    run = driver.client(talk)
    assert run.error is None
    assert run.kinds[:3] == ["SystemMessage", "UserMessage", "ResultMessage"]
    assert (run.messages[2].subtype, run.messages[2].is_error) == ("error_during_execution", True)
    assert run.results[1] == "reply to 2 messages"


def test_another_model_and_mode(driver: Driver) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await connected.set_permission_mode("acceptEdits")
        await connected.set_model("claude-x")
        await respond(connected, run, "one")

    run = driver.client(talk)
    assert run.error is None
    told = run.messages[0].data
    assert (told["permissionMode"], told["model"]) == ("acceptEdits", "claude-x")


def test_stderr_comes_to_the_callback(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.noise(stderr=["first warning", "second warning"])
    run = driver.query("one")
    # The 0.1 versions hand over what one read gave, which may be several lines.
    assert (run.error, "\n".join(run.stderr).split("\n")) == (None, ["first warning", "second warning"])


@pytest.mark.parametrize("release", ["1.0.128", "2.0.77", "2.1.50", "2.1.112", "2.1.160"])
def test_other_releases_are_driven_alike(driver: Driver, claude_cli_factory: Any, release: str) -> None:
    cli = claude_cli_factory(release=release)
    driver.program, driver.env = cli.path, {**driver.env, **cli.env}

    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "one")
        await respond(connected, run, "two")

    run = driver.client(talk)
    assert (run.error, len(run.results), len(ids(run))) == (None, 2, 1)
    assert driver.query("three", resume=run.messages[-1].session_id).error is None
