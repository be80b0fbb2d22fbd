"""What the program asks of the SDK: permissions, hook callbacks, anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.stream import Stream
from pytest_claude_sessions.stream.sdk import Sdk

from .conftest import Run, respond

Client = Callable[..., Run]


@pytest.fixture
def asked() -> list[Any]:
    return []


@pytest.fixture
def run(client: Client, sdk_module: Any, asked: list[Any]) -> Callable[..., Run]:
    """A client whose `can_use_tool` gives a fixed answer, over one prompt."""

    def play(stream: Stream, answer: Any = None, hooks: Any = None) -> Run:
        async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
            asked.append((tool, given, context))
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def talk(connected: Any, done: Run) -> None:
            await respond(connected, done, "go")

        given = {"can_use_tool": can_use_tool} if answer is not None else {}
        options = sdk_module.ClaudeAgentOptions(**given, **({"hooks": hooks} if hooks else {}))
        return client(stream, talk, options=options)

    return play


def script() -> Stream:
    stream = (
        Stream().init().asks_permission("Bash", {"command": "ls", "description": "look"}, result="a.txt", id="toolu_1")
    )
    return stream.text("done").result()


def tool_result(done: Run) -> Any:
    return next(message for message in done.messages if type(message).__name__ == "UserMessage").content[0]


def test_a_permission_that_is_given_shows_the_tool_s_result(
    run: Callable[..., Run], asked: list[Any], sdk_module: Any
) -> None:
    done = run(script(), sdk_module.PermissionResultAllow())
    assert done.error is None
    assert (tool_result(done).content, tool_result(done).is_error) == ("a.txt", False)
    (tool, given, context) = asked[0]
    assert (tool, given) == ("Bash", {"command": "ls", "description": "look"})
    assert getattr(context, "tool_use_id", "toolu_1") == "toolu_1"
    (answer,) = done.transport.answers
    assert (answer.allowed, answer.error, answer.request["tool_name"]) == (True, None, "Bash")
    assert getattr(done.messages[-1], "permission_denials", None) in ([], None)


def test_a_permission_that_is_refused_shows_the_refusal_and_lists_it(run: Callable[..., Run], sdk_module: Any) -> None:
    done = run(script(), sdk_module.PermissionResultDeny(message="no way"))
    assert (tool_result(done).content, tool_result(done).is_error) == ("no way", True)
    denial = {"tool_name": "Bash", "tool_use_id": "toolu_1", "tool_input": {"command": "ls", "description": "look"}}
    assert getattr(done.messages[-1], "permission_denials", [denial]) == [denial]
    assert (done.transport.answers[0].allowed, done.results) == (False, ["done"])


def test_a_refusal_that_interrupts_ends_the_turn(run: Callable[..., Run], sdk_module: Any) -> None:
    done = run(script(), sdk_module.PermissionResultDeny(message="no way", interrupt=True))
    assert done.messages[-1].subtype == "error_during_execution"
    assert "done" not in [
        block.text for message in done.messages for block in getattr(message, "content", []) if hasattr(block, "text")
    ]
    assert tool_result(done).content.startswith("The user doesn't want to proceed with this tool use.")
    assert getattr(done.messages[-1], "terminal_reason", "aborted_tools") == "aborted_tools"


def test_a_callback_that_breaks_refuses(run: Callable[..., Run], sdk_module: Any) -> None:
    done = run(script(), RuntimeError("callback broke"))
    assert tool_result(done).content == "Tool permission request failed: Error: callback broke"
    assert done.transport.answers[0].error == "callback broke"


def test_no_callback_at_all_refuses(run: Callable[..., Run]) -> None:
    done = run(script())
    assert tool_result(done).content == "Tool permission request failed: Error: canUseTool callback is not provided"


def test_several_questions_in_one_turn_are_asked_one_after_the_other(
    run: Callable[..., Run], asked: list[Any], sdk_module: Any
) -> None:
    stream = (
        Stream().init().asks_permission("Bash", {"command": "a"}).asks_permission("Write", {"file_path": "b"}).result()
    )
    done = run(stream, sdk_module.PermissionResultDeny(message="no"))
    assert [tool for tool, _, _ in asked] == ["Bash", "Write"]
    assert len(getattr(done.messages[-1], "permission_denials", None) or asked) == 2


def test_hooks_are_called_where_their_matcher_fits(run: Callable[..., Run], sdk_module: Any) -> None:
    called: list[Any] = []

    def hook(label: str) -> Any:
        async def callback(given: Any, tool_use_id: str | None, context: Any) -> dict[str, Any]:
            called.append((label, given, tool_use_id))
            return {"systemMessage": label}

        return callback

    hooks = {
        "PreToolUse": [
            sdk_module.HookMatcher(matcher="Write|Bash", hooks=[hook("both"), hook("and this")]),
            sdk_module.HookMatcher(matcher="Read", hooks=[hook("never")]),
            sdk_module.HookMatcher(matcher="Bas", hooks=[hook("nor that")]),
            sdk_module.HookMatcher(matcher=None, hooks=[hook("all")]),
        ]
    }
    stream = Stream(session_id="s", cwd="/srv/app").init()
    stream.runs_hook("PreToolUse", tool_name="Bash", tool_use_id="toolu_1", tool_input={"command": "ls"})
    done = run(stream.runs_hook("Stop").result("done"), hooks=hooks)
    assert (done.error, done.results) == (None, ["done"])
    assert [label for label, _, _ in called] == ["both", "and this", "all"]
    _, given, tool_use_id = called[0]
    assert (given["hook_event_name"], given["tool_name"], given["tool_input"]) == (
        "PreToolUse",
        "Bash",
        {"command": "ls"},
    )
    assert (given["session_id"], given["cwd"], tool_use_id) == ("s", "/srv/app", "toolu_1")
    assert given["transcript_path"].endswith("/projects/-srv-app/s.jsonl")
    assert [answer.response for answer in done.transport.answers] == [
        {"systemMessage": label} for label in ("both", "and this", "all")
    ]


def test_any_request_is_asked_and_its_answer_kept(run: Callable[..., Run]) -> None:
    done = run(Stream().init().asks({"subtype": "nonsense"}).result("done"))
    assert done.results == ["done"]
    assert done.transport.answers[0].error == "Unsupported control request subtype: nonsense"


def test_a_question_is_dropped_with_the_turn_that_is_interrupted(client: Client, sdk_module: Any) -> None:
    async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
        import anyio

        await connected_to[0].interrupt()
        await anyio.sleep(0)
        return sdk_module.PermissionResultAllow()

    connected_to: list[Any] = []

    async def talk(connected: Any, done: Run) -> None:
        connected_to.append(connected)
        await respond(connected, done, "go")

    done = client(script(), talk, options=sdk_module.ClaudeAgentOptions(can_use_tool=can_use_tool))
    assert done.messages[-1].subtype == "error_during_execution"
    assert done.kinds.count("ResultMessage") == 1


def test_a_query_with_a_text_prompt_can_be_asked(query: Callable[..., Run], sdk_module: Any) -> None:
    if not hasattr(sdk_module, "ResultError"):
        pytest.skip("can_use_tool works with a text prompt from claude-agent-sdk 0.2.140 on")

    async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
        return sdk_module.PermissionResultAllow(updated_input={"command": "pwd"})

    done = query(script(), "go", options=sdk_module.ClaudeAgentOptions(can_use_tool=can_use_tool))
    assert (done.error, done.results) == (None, ["done"])
    assert done.transport.answers[0].response == {"behavior": "allow", "updatedInput": {"command": "pwd"}}


def test_a_query_whose_tool_use_is_interrupted_fails(query: Callable[..., Run], sdk_module: Any) -> None:
    if not hasattr(sdk_module, "ResultError"):
        pytest.skip("can_use_tool works with a text prompt from claude-agent-sdk 0.2.140 on")

    async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
        return sdk_module.PermissionResultDeny(message="no", interrupt=True)

    done = query(script(), "go", options=sdk_module.ClaudeAgentOptions(can_use_tool=can_use_tool))
    assert (type(done.error).__name__, done.transport.exit_code) == ("ResultError", 1)


def test_a_question_to_a_closed_input_is_refused(sdk: Sdk) -> None:
    """As the program does it, and as SDKs provoke it that close its input too early."""
    transport = script().transport()

    async def read() -> list[dict[str, Any]]:
        await transport.connect()
        await transport.write('{"type": "user", "message": {"role": "user", "content": "go"}}')
        await transport.end_input()
        return [frame async for frame in transport.read_messages()]

    (refusal,) = [frame for frame in asyncio.run(read()) if frame["type"] == "user"]
    assert refusal["message"]["content"][0]["content"] == "Tool permission request failed: Error: Stream closed"


def test_a_refusal_names_the_conversation_in_which_it_was_asked(run: Callable[..., Run], sdk_module: Any) -> None:
    stream = Stream("2.1.160", session_id="before").init().asks_permission("Bash")
    stream.reset("after").result()
    shown = [message for message in stream.frames() if message["type"] == "user"]
    done = run(stream, sdk_module.PermissionResultDeny(message="no", interrupt=True))
    assert shown[0]["session_id"] == "before"
    assert done.messages[-1].session_id == "before"
