"""Queries of the TypeScript SDK on the fake: ids, turns, callbacks, and each failure."""

from __future__ import annotations

import pytest

from pytest_claude_sessions.cli import ClaudeCli

from .conftest import TypeScript

DEAD = "11111111-1111-4111-8111-111111111111"


def test_a_start(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    ran = typescript.query("hello")
    assert (ran.error, ran.kinds) == (None, ["system", "assistant", "result"])
    assert ran.results == ["reply to 2 messages"]
    [start] = claude_cli.starts
    assert (ran.ids, start.prompts) == ({start.session_id}, ("hello",))


def test_several_turns(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    ran = typescript.query("one", "two", "three")
    assert (ran.error, ran.results) == (None, [f"reply to {count} messages" for count in (2, 4, 6)])
    [start] = claude_cli.starts
    assert (len(ran.ids), start.prompts) == (1, ("one", "two", "three"))


def test_a_resume_and_a_fork(typescript: TypeScript) -> None:
    [session_id] = typescript.query("one").ids
    again = typescript.query("two", options={"resume": session_id})
    assert (again.error, again.ids, again.results) == (None, {session_id}, ["reply to 4 messages"])
    fork = typescript.query("three", options={"resume": session_id, "forkSession": True})
    assert (fork.error, fork.results) == (None, ["reply to 6 messages"])
    assert session_id not in fork.ids


def test_a_dead_id(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    ran = typescript.query("one", options={"resume": DEAD})
    assert claude_cli.starts[0].outcome == "not_found"
    assert ran.error is not None
    assert f"No conversation found with session ID: {DEAD}" in ran.error + ran.stderr


def test_an_id_in_use(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    first = typescript.query("one", options={"sessionId": DEAD})
    assert (first.error, first.ids) == (None, {DEAD})
    again = typescript.query("two", options={"sessionId": DEAD})
    assert claude_cli.starts[-1].outcome == "in_use"
    assert again.error is not None
    assert "exited with code 1" in again.error
    assert f"Session ID {DEAD} is already in use" in again.error + again.stderr
    assert again.messages == []


@pytest.mark.parametrize("failure", ["usage_limit", "auth_failure", "overloaded", "server_error"])
def test_a_request_that_fails(typescript: TypeScript, claude_cli: ClaudeCli, failure: str) -> None:
    getattr(claude_cli, failure)()
    ran = typescript.query("one")
    assert ran.messages[-1]["is_error"] is True
    assert ran.error is not None
    assert str(ran.messages[-1]["result"]) in ran.error


def test_an_interrupt(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    claude_cli.hold(at="init")
    ran = typescript.query("one", "two", interrupt=True)
    assert next(message["subtype"] for message in ran.messages if message["type"] == "result") == (
        "error_during_execution"
    )


@pytest.mark.parametrize(("answer", "said"), [("allow", "made"), ("deny", "no way")])
def test_a_permission(typescript: TypeScript, claude_cli: ClaudeCli, answer: str, said: str) -> None:
    claude_cli.uses_tool("Bash", {"command": "touch made"}, result="made")
    ran = typescript.query("one", "two", answer=answer)
    asked = [line for line in ran.told if "asked" in line]
    assert [(line["asked"], line["input"]) for line in asked] == [("Bash", {"command": "touch made"})]
    results = [message["message"]["content"][0]["content"] for message in ran.messages if message["type"] == "user"]
    assert (ran.error, results) == (None, [said])


def test_hooks_are_called(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("Bash", {"command": "ls"})
    events = ["UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop"]
    ran = typescript.query("one", hooks=events)
    assert [line["hook"] for line in ran.told if "hook" in line] == events
    assert {line["session_id"] for line in ran.told if "hook" in line} == ran.ids


def test_an_in_process_tool(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("mcp__calc__add", {"a": 1, "b": 2})
    ran = typescript.query("one", "two", tool=True, options={"allowedTools": ["mcp__calc__add"]})
    assert [line["called"] for line in ran.told if "called" in line] == [[1, 2]]
    results = [message["message"]["content"][0]["content"] for message in ran.messages if message["type"] == "user"]
    assert (ran.error, results) == (None, [[{"type": "text", "text": "3"}]])


def test_a_program_that_is_not_there(typescript: TypeScript, claude_cli: ClaudeCli) -> None:
    ran = typescript.query("one", options={"pathToClaudeCodeExecutable": str(claude_cli.path) + "-gone"})
    assert ran.error is not None
    assert "claude-gone" in ran.error
    assert claude_cli.starts == []
