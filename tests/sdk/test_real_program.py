"""The same through the SDK with the program that it carries: it makes the same of the fake.

Skipped where the SDK has no program, or one older than the release that the fake plays.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli

from ..stream.conftest import Run, respond
from .conftest import DEAD, Driver

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(toolu|msg)_[0-9a-zA-Z]+")
GIVEN = {"command": "touch made", "description": "make a file"}
ABOUT = ("subtype", "is_error", "num_turns", "terminal_reason", "error", "api_error_status", "result")


def seen(run: Run) -> list[Any]:
    """The messages as a test sees them, without ids."""
    said = []
    for message in run.messages:
        content = getattr(message, "content", None)
        blocks = content if isinstance(content, str) else [ID.sub("<id>", repr(block)) for block in content or ()]
        about = {name: getattr(message, name, None) for name in ABOUT}
        denials = [denial.get("tool_name") for denial in getattr(message, "permission_denials", None) or ()]
        said.append((type(message).__name__, blocks, about, denials))
    return said


def told(run: Run) -> tuple[str, str, list[str]]:
    """What became of a run: the exception, its text, and stderr."""
    return type(run.error).__name__, ID.sub("<id>", str(run.error)), [ID.sub("<id>", line) for line in run.stderr]


def same(ours: Run, theirs: Run) -> None:
    assert (told(ours), seen(ours)) == (told(theirs), seen(theirs))


async def one_turn(connected: Any, run: Run) -> None:
    await respond(connected, run, "go")


async def two_turns(connected: Any, run: Run) -> None:
    await respond(connected, run, "one")
    await respond(connected, run, "two")


def test_turns_a_resume_a_fork_and_an_id_in_use(driver: Driver, real: Any) -> None:
    ours, theirs = driver.client(two_turns), real.client(two_turns)
    same(ours, theirs)
    for given in ({}, {"fork_session": True}):
        resumed = [
            d.query("three", resume=r.messages[-1].session_id, **given) for d, r in ((driver, ours), (real, theirs))
        ]
        same(*resumed)
    used = {"session-id": ours.messages[-1].session_id}, {"session-id": theirs.messages[-1].session_id}
    same(driver.query("x", extra_args=used[0]), real.query("x", extra_args=used[1]))


@pytest.mark.parametrize(
    "given",
    [{"resume": DEAD}, {"extra_args": {"session-id": "no-uuid"}}, {"extra_args": {"no-such-option": None}}],
    ids=["not found", "no id", "no option"],
)
def test_a_refused_start(driver: Driver, real: Any, given: dict[str, Any]) -> None:
    same(driver.query("x", **given), real.query("x", **given))


@pytest.mark.parametrize("failure", ["auth_failure", "overloaded", "server_error"])
def test_a_failed_request(driver: Driver, real: Any, claude_cli: ClaudeCli, failure: str) -> None:
    getattr(real.api, {"auth_failure": "unauthorized"}.get(failure, failure))(times=None)
    getattr(claude_cli, failure)()
    ours, theirs = driver.query("x"), real.query("x")
    assert told(ours)[0] == told(theirs)[0]
    assert [(kind, about["is_error"], about["api_error_status"]) for kind, _, about, _ in seen(ours)] == [
        (kind, about["is_error"], about["api_error_status"]) for kind, _, about, _ in seen(theirs)
    ]


@pytest.mark.parametrize("answer", ["allow", "deny", "interrupt", "break", "hook"])
def test_a_tool_use(driver: Driver, real: Any, claude_cli: ClaudeCli, answer: str) -> None:
    sdk = driver.sdk
    answers = {
        "allow": sdk.PermissionResultAllow(),
        "deny": sdk.PermissionResultDeny(message="no way"),
        "interrupt": sdk.PermissionResultDeny(message="no way", interrupt=True),
    }
    called: list[Any] = []

    async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
        called.append(("permission", tool, given))
        if answer == "break":
            raise RuntimeError("callback broke")
        return answers[answer]

    async def hook(given: dict[str, Any], tool_use_id: str | None, context: Any) -> dict[str, Any]:
        called.append((given["hook_event_name"], sorted(given)))
        if answer == "hook" and given["hook_event_name"] == "PreToolUse":
            said = {"permissionDecision": "deny", "permissionDecisionReason": "not today"}
            return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}
        return {}

    events = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd")
    hooks = {event: [sdk.HookMatcher(hooks=[hook])] for event in events}
    real.api.reply([{"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": GIVEN}])
    claude_cli.uses_tool("Bash", GIVEN, result="(Bash completed with no output)")
    ours = driver.client(one_turn, can_use_tool=can_use_tool, hooks=hooks)
    called_by_ours, called[:] = list(called), []
    theirs = real.client(one_turn, can_use_tool=can_use_tool, hooks=hooks)
    same(ours, theirs)
    assert called_by_ours == called


@pytest.mark.parametrize("breaks", [False, True])
def test_a_tool_of_an_in_process_server(driver: Driver, real: Any, claude_cli: ClaudeCli, breaks: bool) -> None:
    called: list[Any] = []

    @driver.sdk.tool("add", "Adds two numbers", {"a": float, "b": float})
    async def add(given: dict[str, Any]) -> dict[str, Any]:
        called.append(given)
        if breaks:
            raise RuntimeError("the tool broke")
        return {"content": [{"type": "text", "text": str(given["a"] + given["b"])}]}

    given = {"a": 1, "b": 2}
    real.api.reply([{"type": "tool_use", "id": "toolu_1", "name": "mcp__calc__add", "input": given}])
    claude_cli.uses_tool("mcp__calc__add", given)
    results = []
    for each in (driver, real):
        server = driver.sdk.create_sdk_mcp_server("calculator", tools=[add])
        run = each.client(one_turn, mcp_servers={"calc": server}, allowed_tools=["mcp__calc__add"])
        results.append((run.kinds, run.results, run.error))
        said = [block for message in run.messages for block in getattr(message, "content", None) or ()]
        results[-1] += tuple(str(block.content)[:14] for block in said if hasattr(block, "tool_use_id"))
    assert results[0] == results[1]
    assert called == [given, given]


def test_a_stop_hook_lets_the_turn_go_on(driver: Driver, real: Any) -> None:
    async def once_more(given: dict[str, Any], tool_use_id: str | None, context: Any) -> dict[str, Any]:
        return {} if given["stop_hook_active"] else {"decision": "block", "reason": "go on"}

    hooks = {"Stop": [driver.sdk.HookMatcher(hooks=[once_more])]}
    ours, theirs = driver.client(one_turn, hooks=hooks), real.client(one_turn, hooks=hooks)
    assert told(ours) == told(theirs)
    # The real program also shows its user a notification, which no session manager reads.
    assert [kind for kind in theirs.kinds if kind != "SystemMessage"] == [k for k in ours.kinds if k != "SystemMessage"]
