"""What the program asks of the SDK in the middle of a turn: permission, hooks, tools of an in-process MCP server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli

from ..stream.conftest import Run, respond
from .conftest import Driver

GIVEN = {"command": "touch made", "description": "make a file"}


async def one_turn(connected: Any, run: Run) -> None:
    await respond(connected, run, "go")


def tool_results(run: Run) -> list[tuple[Any, bool]]:
    """Content of every tool result among the messages, and whether it is an error."""
    blocks = [block for message in run.messages for block in (getattr(message, "content", None) or ())]
    return [(block.content, bool(block.is_error)) for block in blocks if type(block).__name__ == "ToolResultBlock"]


class Asked:
    """A permission callback that keeps what it was asked.

    :param answer: what it answers; an exception is raised.
    """

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.tools: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, tool: str, given: dict[str, Any], context: Any) -> Any:
        self.tools.append((tool, given))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_permission_that_is_granted(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("Bash", GIVEN, result="made")
    asked = Asked(driver.sdk.PermissionResultAllow())
    run = driver.client(one_turn, can_use_tool=asked)
    assert (run.error, asked.tools) == (None, [("Bash", GIVEN)])
    assert tool_results(run) == [("made", False)]
    assert run.results == ["reply to 4 messages"]


def test_a_permission_that_is_denied(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("Bash", GIVEN, result="made")
    run = driver.client(one_turn, can_use_tool=Asked(driver.sdk.PermissionResultDeny(message="no way")))
    assert (run.error, tool_results(run)) == (None, [("no way", True)])
    assert run.results == ["reply to 4 messages"]
    [path] = driver.config_dir.glob("projects/*/*.jsonl")
    refused = [record for record in map(json.loads, path.read_text().splitlines()) if "toolUseResult" in record]
    assert [record["toolUseResult"] for record in refused] == ["Error: no way"]


def test_a_denial_that_ends_the_turn(driver: Driver, claude_cli: ClaudeCli, does: Callable[[str], bool]) -> None:
    claude_cli.uses_tool("Bash", GIVEN)
    answer = driver.sdk.PermissionResultDeny(message="no way", interrupt=True)
    run = driver.client(one_turn, can_use_tool=Asked(answer))
    assert run.error is None
    result = run.messages[-1]
    if does("a denial can end the turn"):
        assert (result.subtype, result.is_error, result.num_turns) == ("error_during_execution", True, 3)
    else:
        assert (result.subtype, result.is_error, result.num_turns) == ("success", False, 2)


def test_a_permission_callback_that_breaks_denies(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("Bash", GIVEN)
    run = driver.client(one_turn, can_use_tool=Asked(RuntimeError("callback broke")))
    [(text, failed)] = tool_results(run)
    assert (run.error, failed) == (None, True)
    assert "callback broke" in text


@pytest.mark.parametrize("matcher", ["Bash", "Write", None])
def test_hooks_are_called_with_what_happens(driver: Driver, claude_cli: ClaudeCli, matcher: str | None) -> None:
    claude_cli.uses_tool("Bash", GIVEN, result="made")
    called: list[tuple[str, str | None]] = []

    async def hook(given: dict[str, Any], tool_use_id: str | None, context: Any) -> dict[str, Any]:
        assert given["session_id"] in given["transcript_path"]
        called.append((given["hook_event_name"], given.get("tool_name")))
        return {}

    events = ["UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop"]
    hooks = {
        event: [driver.sdk.HookMatcher(matcher=matcher if "Tool" in event else None, hooks=[hook])] for event in events
    }
    run = driver.client(one_turn, hooks=hooks)
    assert run.error is None
    tools = [] if matcher == "Write" else [("PreToolUse", "Bash"), ("PostToolUse", "Bash")]
    assert called == [("UserPromptSubmit", None), *tools, ("Stop", None)]


def test_a_hook_denies_a_tool(driver: Driver, claude_cli: ClaudeCli) -> None:
    claude_cli.uses_tool("Bash", GIVEN)
    asked = Asked(driver.sdk.PermissionResultAllow())

    async def deny(given: dict[str, Any], tool_use_id: str | None, context: Any) -> dict[str, Any]:
        said = {"permissionDecision": "deny", "permissionDecisionReason": "not today"}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}

    hooks = {"PreToolUse": [driver.sdk.HookMatcher(hooks=[deny])]}
    run = driver.client(one_turn, hooks=hooks, can_use_tool=asked)
    assert (run.error, asked.tools) == (None, [])
    assert tool_results(run) == [("PreToolUse:Bash hook error: not today", True)]


def test_a_stop_hook_lets_the_turn_go_on(driver: Driver) -> None:
    async def once_more(given: dict[str, Any], tool_use_id: str | None, context: Any) -> dict[str, Any]:
        return {} if given["stop_hook_active"] else {"decision": "block", "reason": "go on"}

    run = driver.client(one_turn, hooks={"Stop": [driver.sdk.HookMatcher(hooks=[once_more])]})
    assert run.error is None
    texts = [block.text for message in run.messages for block in getattr(message, "content", ()) if block]
    assert texts[1] == "Stop hook feedback:\ngo on"
    assert run.kinds.count("AssistantMessage") == 2


def test_an_in_process_tool(driver: Driver, claude_cli: ClaudeCli, in_process_server: Callable[..., Any]) -> None:
    called: list[dict[str, Any]] = []

    @driver.sdk.tool("add", "Adds two numbers", {"a": float, "b": float})
    async def add(given: dict[str, Any]) -> dict[str, Any]:
        called.append(given)
        return {"content": [{"type": "text", "text": str(given["a"] + given["b"])}]}

    server = in_process_server([add])
    claude_cli.uses_tool("mcp__calc__add", {"a": 1, "b": 2})
    allowed = ["mcp__calc__add"]
    run = driver.client(one_turn, mcp_servers={"calc": server}, allowed_tools=allowed)
    assert run.error is None
    assert called == [{"a": 1, "b": 2}]
    assert [(content[0]["text"], failed) for content, failed in tool_results(run)] == [("3", False)]
    told = run.messages[0].data
    assert [entry["name"] for entry in told["mcp_servers"]] == ["calc"]
    assert "mcp__calc__add" in told["tools"]


def test_an_in_process_tool_that_breaks(
    driver: Driver, claude_cli: ClaudeCli, in_process_server: Callable[..., Any], does: Callable[[str], bool]
) -> None:
    @driver.sdk.tool("add", "Adds two numbers", {"a": float})
    async def add(given: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("the tool broke")

    server = in_process_server([add])
    claude_cli.uses_tool("mcp__calc__add", {"a": 1})
    run = driver.client(one_turn, mcp_servers={"calc": server}, allowed_tools=["mcp__calc__add"])
    [(content, failed)] = tool_results(run)
    assert (run.error, failed) == (None, does("a tool that breaks says that it did"))
    assert "the tool broke" in str(content)
