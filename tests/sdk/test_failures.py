"""Each failure of the program, and the exception that the installed SDK makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.stream import Stream

from ..stream.conftest import Run, respond
from .conftest import DEAD, Driver

NOT_FOUND = f"No conversation found with session ID: {DEAD}"
EXIT_1 = "Command failed with exit code 1"


def name(error: Exception | None) -> str:
    return type(error).__name__


def test_a_dead_id(driver: Driver, claude_cli: ClaudeCli, does: Callable[[str], bool]) -> None:
    run = driver.query("one", resume=DEAD)
    assert claude_cli.starts[0].outcome == "not_found"
    assert run.stderr == [NOT_FOUND]
    if does("an error result is an exception of its own"):
        assert name(run.error) == "ResultError"
        assert NOT_FOUND in str(run.error)
        assert run.messages == []
    else:
        assert "exit code 1" in str(run.error)


def test_an_id_in_use(driver: Driver) -> None:
    first = driver.query("one", extra_args={"session-id": DEAD})
    assert first.error is None
    run = driver.query("two", extra_args={"session-id": DEAD})
    assert EXIT_1 in str(run.error)
    assert (run.messages, run.stderr) == ([], [f"Error: Session ID {DEAD} is already in use."])


def test_an_id_that_is_none(driver: Driver) -> None:
    run = driver.query("one", extra_args={"session-id": "no-uuid"})
    assert EXIT_1 in str(run.error)
    assert "Invalid session ID" in run.stderr[0]


@pytest.mark.parametrize("failure", ["usage_limit", "auth_failure", "overloaded", "server_error"])
def test_a_request_that_fails(driver: Driver, claude_cli: ClaudeCli, failure: str, does: Callable[[str], bool]) -> None:
    getattr(claude_cli, failure)()
    run = driver.query("one")
    if failure == "usage_limit" and not does("frames of a type that it does not know are passed over"):
        assert "rate_limit_event" in str(run.error)
        return
    assert run.messages[-1].is_error is True
    text = str(run.messages[-1].result)
    if does("an error result is an exception of its own"):
        error: Any = run.error
        assert (name(error), error.exit_code) == ("ResultError", 1)
        assert text in str(error)
    elif does("an error result ends a query with what it says"):
        assert str(run.error) == "Claude Code returned an error result: success"
    else:
        assert "exit code 1" in str(run.error)


def test_a_client_lives_on_after_a_failed_request(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.overloaded()

    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "one")

    run = driver.client(talk)
    assert (run.error, run.messages[-1].is_error) == (None, True)


@pytest.mark.parametrize(("at", "seen"), [("init", ["SystemMessage"]), ("turn", ["SystemMessage"])])
def test_a_crash(driver: Driver, claude_cli: ClaudeCli, at: Any, seen: list[str]) -> None:
    claude_cli.crash(at=at, exit=3, stderr="boom\n")
    run = driver.query("one")
    assert "exit code 3" in str(run.error)
    assert (run.kinds, run.stderr) == (seen, ["boom"])


def test_a_program_that_is_killed(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.crash(at="turn", signal="KILL")
    run = driver.query("one")
    assert "exit code -9" in str(run.error)
    assert run.kinds == ["SystemMessage"]


def test_a_torn_transcript(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.torn_write()
    assert EXIT_1 in str(driver.query("one").error)


def test_a_program_that_is_not_there(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    driver.program = tmp_path / "nothing" / "claude"
    run = driver.query("one")
    assert isinstance(run.error, driver.sdk.CLINotFoundError)
    assert run.messages == []


def test_a_working_directory_that_is_gone(driver: Driver, tmp_path: Path, claude_cli: ClaudeCli) -> None:
    run = driver.query("one", cwd=str(tmp_path / "gone"))
    assert isinstance(run.error, driver.sdk.CLIConnectionError)
    assert "gone" in str(run.error)
    assert claude_cli.starts == []


@pytest.mark.parametrize("failure", ["not_found", "in_use", "overloaded", "crash"])
def test_the_transport_raises_what_the_program_does(
    driver: Driver, claude_cli: ClaudeCli, sdk: Any, failure: str
) -> None:
    """The same failure through `claude_stream`'s transport and through the fake program."""
    stream = Stream()
    given: dict[str, Any] = {}
    if failure == "not_found":
        stream.not_found(DEAD)
        given = {"resume": DEAD}
    elif failure == "in_use":
        stream.in_use(DEAD)
        given = {"extra_args": {"session-id": DEAD}}
        assert driver.query("first", **given).error is None
    elif failure == "overloaded":
        stream.overloaded()
        claude_cli.overloaded()
    else:
        stream.init().crash(exit=3, stderr="boom")
        claude_cli.crash(at="init", exit=3, stderr="boom\n")
    through_program = driver.query("one", **given)
    through_transport = Run(None)
    transport = stream.transport(stderr=through_transport.stderr.append, prompt="one")

    async def ask() -> None:
        async for message in sdk.query(prompt="one", transport=transport):
            through_transport.messages.append(message)

    driver.run(through_transport, ask)
    assert (name(through_transport.error), str(through_transport.error)) == (
        name(through_program.error),
        str(through_program.error),
    )
    assert through_program.error is not None
    assert through_transport.kinds == through_program.kinds
    assert through_transport.stderr == through_program.stderr
