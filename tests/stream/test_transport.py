"""The transport under `query` and `ClaudeSDKClient`: turns, prompts, failures as the SDK's own transport raises them.

Types and texts of the errors are those of claude-agent-sdk 0.2.186 with the real program (2026-11-21);
`test_real_program` repeats the comparison where the program is there.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from pytest_claude_sessions.stream import ScriptExhausted, Stream
from pytest_claude_sessions.stream.sdk import Sdk

from .conftest import Run, respond

Query = Callable[..., Run]
ASKED = "11111111-1111-4111-8111-111111111111"
NOT_FOUND = f"No conversation found with session ID: {ASKED}"
INITIALIZE = {"subtype": "initialize", "hooks": None}
EXIT_1 = "Command failed with exit code 1 (exit code: 1)\nError output: Check stderr output for details"


def name(error: Exception | None) -> str:
    return type(error).__name__


@pytest.fixture
def typed(sdk: Sdk, sdk_module: Any) -> None:
    """The SDK hands on the typed error of a transport: from 0.2.140, older ones flatten it to an Exception."""
    if not hasattr(sdk_module, "ResultError"):
        pytest.skip(f"claude-agent-sdk {sdk.version} raises a bare Exception for every failure of its transport")


def test_is_a_transport_of_the_sdk(sdk_module: Any) -> None:
    assert isinstance(Stream().transport(), sdk_module.Transport)


def test_a_text_prompt_gets_its_turn(query: Query, sdk: Sdk) -> None:
    run = query(Stream().turn("hi there"), "hello")
    assert run.error is None
    assert run.kinds == ["SystemMessage", "AssistantMessage", "ResultMessage"]
    assert run.results == ["hi there"]
    assert (run.transport.prompts, run.transport.exit_code, run.transport.closed) == (["hello"], 0, True)


def test_an_old_sdk_puts_a_text_prompt_on_the_command_line(query: Query, sdk: Sdk) -> None:
    if sdk.string_prompts_are_written:
        pytest.skip(f"claude-agent-sdk {sdk.version} writes it")
    assert query(Stream().turn("hi")).transport.written == []


def test_every_streamed_prompt_gets_the_next_turn(query: Query) -> None:
    run = query(Stream().turn("one").turn("two"), ["first", "second"])
    assert (run.error, run.results) == (None, ["one", "two"])
    assert run.transport.prompts == ["first", "second"]
    assert [message["type"] for message in run.transport.written] == ["control_request", "user", "user"]


def test_no_prompt_gets_nothing(query: Query) -> None:
    run = query(Stream().turn("one"), [])
    assert (run.error, run.messages, run.transport.exit_code) == (None, [], 0)


def test_without_a_script_it_counts_the_messages(query: Query) -> None:
    assert query(Stream(), ["a", "b"]).results == ["reply to 1 messages", "reply to 3 messages"]


def test_frames_are_handed_over_as_they_are(sdk: Sdk) -> None:
    """Neither copied nor parsed: what makes 10,000 of them cheap."""
    stream = Stream().init().text("a").text("b").result()
    transport = stream.transport()

    async def read() -> list[dict[str, Any]]:
        await transport.connect()
        await transport.write('{"type": "user", "message": {"role": "user", "content": "x"}}\n')
        await transport.end_input()
        return [frame async for frame in transport.read_messages()]

    assert all(got is made for got, made in zip(asyncio.run(read()), stream.frames(), strict=True))


def test_several_turns_of_a_client(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "first")
        assert run.results == ["one"]
        await respond(connected, run, "second")

    stream = Stream().turn("one").turn("two")
    run = client(stream, talk)
    assert (run.error, run.results) == (None, ["one", "two"])
    assert run.transport.prompts == ["first", "second"]
    assert {
        message.session_id for message in run.messages if hasattr(message, "subtype") and hasattr(message, "result")
    } == {stream.session_id}


def test_a_dead_id_raises_what_the_sdk_raises(query: Query, typed: None) -> None:
    run = query(Stream().not_found(ASKED))
    assert name(run.error) == "ResultError"
    assert str(run.error) == f"Claude Code returned an error result: {NOT_FOUND} (exit code: 1)"
    error: Any = run.error
    assert (error.subtype, error.errors, error.exit_code) == ("error_during_execution", [NOT_FOUND], 1)
    assert error.session_id == ASKED
    assert str(error.__cause__) == EXIT_1
    assert (run.messages, run.stderr) == ([], [NOT_FOUND])


def test_a_dead_id_on_stderr_alone_hides_its_cause(query: Query, typed: None) -> None:
    run = query(Stream("2.0.77").not_found(ASKED))
    assert (name(run.error), str(run.error)) == ("ProcessError", EXIT_1)
    assert run.stderr == [NOT_FOUND]
    silent = query(Stream().not_found(ASKED, report="silent"))
    assert (name(silent.error), str(silent.error), silent.stderr) == ("ProcessError", EXIT_1, [])


def test_a_dead_id_fails_an_old_sdk_too(query: Query) -> None:
    run = query(Stream("2.0.77").not_found(ASKED))
    assert "exit code 1" in str(run.error)
    assert (run.stderr, run.transport.exit_code) == ([NOT_FOUND], 1)


def test_a_dead_id_stops_a_client_before_it_is_connected(client: Callable[..., Run], typed: None) -> None:
    async def talk(connected: Any, run: Run) -> None:
        raise AssertionError("it was connected")

    assert name(client(Stream().not_found(ASKED), talk).error) == "ResultError"


def test_a_dead_id_after_an_init_shows_the_fresh_id_first(query: Query, typed: None) -> None:
    run = query(Stream().not_found(ASKED, init=True, names="fresh"))
    assert run.kinds == ["SystemMessage", "ResultMessage"]
    assert run.messages[0].data["session_id"] == run.messages[1].session_id != ASKED
    assert NOT_FOUND in str(run.error)


def test_a_dead_id_may_leave_with_0(query: Query) -> None:
    run = query(Stream().not_found(ASKED, exit=0), ["hello"])
    assert (run.error, run.messages[-1].is_error, run.transport.exit_code) == (None, True, 0)


def test_a_retry_meets_the_next_turn(query: Query) -> None:
    stream = Stream().not_found(ASKED).turn("started over")
    assert query(stream).error is not None
    again = query(stream)
    assert (again.error, again.results) == (None, ["started over"])


def test_an_id_in_use_hides_its_cause(query: Query, typed: None) -> None:
    run = query(Stream().in_use(ASKED))
    assert (name(run.error), str(run.error)) == ("ProcessError", EXIT_1)
    assert run.stderr == [f"Error: Session ID {ASKED} is already in use."]


def test_an_error_result_fails_a_query(query: Query, typed: None) -> None:
    run = query(
        Stream().init().text("so far").error_result("Reached maximum number of turns (1)", subtype="error_max_turns")
    )
    error: Any = run.error
    assert (name(error), error.subtype, run.transport.exit_code) == ("ResultError", "error_max_turns", 1)
    assert str(error) == "Claude Code returned an error result: Reached maximum number of turns (1) (exit code: 1)"


@pytest.mark.parametrize("failure", ["usage_limit", "auth_failure", "overloaded", "server_error"])
def test_a_failed_request_ends_a_query(query: Query, typed: None, failure: str) -> None:
    stream: Stream = getattr(Stream(), failure)()
    run = query(stream)
    error: Any = run.error
    assert (name(error), error.terminal_reason, error.exit_code) == ("ResultError", "api_error", 1)
    assert str(error) == f"Claude Code returned an error result: {run.results[0]} (exit code: 1)"
    assert error.api_error_status == run.messages[-1].api_error_status


def test_a_client_lives_on_after_a_failed_request(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "first")
        assert run.messages[-1].is_error is True
        await respond(connected, run, "second")

    run = client(Stream().overloaded().turn("back again"), talk)
    assert (run.error, run.results[-1], run.transport.exit_code) == (None, "back again", None)


def test_a_crash_gives_what_was_printed_and_its_status(query: Query, typed: None) -> None:
    run = query(Stream().init().text("so far").crash(exit=3, stderr="boom"))
    assert run.kinds == ["SystemMessage", "AssistantMessage"]
    text = "Command failed with exit code 3 (exit code: 3)\nError output: Check stderr output for details"
    assert (name(run.error), str(run.error), run.stderr) == ("ProcessError", text, ["boom"])


def test_a_crash_at_the_start_gives_nothing(query: Query) -> None:
    run = query(Stream().crash(exit=3, stderr="boom"))
    assert "exit code 3" in str(run.error)
    assert (run.messages, run.stderr, run.transport.prompts[1:]) == ([], ["boom"], [])


def test_a_program_that_was_killed_takes_no_prompt(client: Callable[..., Run], sdk_module: Any) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "first")
        await connected.query("second")
        async for message in connected.receive_messages():
            run.messages.append(message)

    async def goes_on(connected: Any, run: Run) -> None:
        with pytest.raises(Exception, match="exit code -9"):
            await talk(connected, run)
        await connected.query("third")

    run = client(Stream().turn("one").crash("init", signal=signal.SIGKILL), goes_on)
    assert isinstance(run.error, sdk_module.CLIConnectionError)
    assert str(run.error) == "Cannot write to terminated process (exit code: -9)"


def test_a_hang_ends_with_an_interrupt(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await connected.query("first")
        async for message in connected.receive_response():
            run.messages.append(message)
            if type(message).__name__ == "SystemMessage":
                await connected.interrupt()
        await respond(connected, run, "second")

    run = client(Stream().init().hang().turn("went on"), talk)
    assert run.error is None
    assert run.kinds == [
        "SystemMessage",
        "UserMessage",
        "ResultMessage",
        "SystemMessage",
        "AssistantMessage",
        "ResultMessage",
    ]
    assert (run.messages[2].subtype, run.messages[2].is_error) == ("error_during_execution", True)
    assert run.results[-1] == "went on"


def test_an_interrupt_between_turns_cuts_nothing_off(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await connected.interrupt()
        await respond(connected, run, "first")

    assert client(Stream().turn("whole"), talk).results == ["whole"]


def test_an_interrupt_right_behind_a_prompt_is_for_it(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await connected.query("first")
        await connected.interrupt()
        async for message in connected.receive_response():
            run.messages.append(message)
        await respond(connected, run, "second")

    run = client(Stream().turn("never seen").turn("seen"), talk)
    assert run.kinds[:2] == ["UserMessage", "ResultMessage"]
    assert (run.messages[1].subtype, run.results[1]) == ("error_during_execution", "seen")


def test_a_long_turn_is_cut_off_in_the_middle(client: Callable[..., Run]) -> None:
    stream = Stream().init()
    for number in range(5000):
        stream.text(str(number))
    stream.result()

    async def talk(connected: Any, run: Run) -> None:
        await connected.query("first")
        interrupts = []
        async for message in connected.receive_response():
            run.messages.append(message)
            if len(run.messages) == 1000:
                interrupts.append(asyncio.create_task(connected.interrupt()))
        await asyncio.gather(*interrupts)

    run = client(stream, talk)
    assert (run.error, run.messages[-1].subtype) == (None, "error_during_execution")
    assert 1000 < len(run.messages) < 5000


def test_a_hang_ends_with_the_client(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await connected.query("first")

    run = client(Stream().init().hang(), talk)
    assert (run.error, run.transport.closed, run.transport.exit_code) == (None, True, None)


def test_a_program_that_hangs_at_its_start_answers_nothing(sdk: Sdk) -> None:
    transport = Stream().hang("start").transport()
    read: list[Any] = []

    async def reader() -> None:
        read.extend([frame async for frame in transport.read_messages()])

    async def start() -> None:
        await transport.connect()
        reading = asyncio.create_task(reader())
        for number in range(3):
            await transport.write(
                json.dumps({"type": "control_request", "request_id": str(number), "request": INITIALIZE})
            )
            await asyncio.sleep(0)
        await transport.close()
        await reading

    asyncio.run(start())
    assert (read, len(transport.written)) == ([], 3)


def test_noise_is_passed_over(query: Query, sdk: Sdk) -> None:
    run = query(Stream().noise("[SandboxDebug] x", "", "42", stderr=["warning", ""]).turn("hi"))
    assert run.results == (["hi"] if sdk.skips_noise else [])
    assert (run.error, run.stderr) == (None, ["warning"])


def test_half_a_frame_in_the_middle_is_an_error_of_its_own(query: Query, sdk: Sdk, typed: None) -> None:
    run = query(Stream().init().noise('{"type":"assistant","mess').text("lost").result())
    assert name(run.error) == "CLIJSONDecodeError"
    assert str(run.error) == 'Failed to decode JSON: {"type":"assistant","mess...'
    assert run.kinds == ["SystemMessage"]


def test_an_old_sdk_loses_the_thread_at_half_a_frame(query: Query, sdk: Sdk) -> None:
    if sdk.refuses_corrupt_lines:
        pytest.skip(f"claude-agent-sdk {sdk.version} refuses the line")
    run = query(Stream().init().noise('{"type":"assistant","mess').text("lost").result())
    assert (run.error, run.kinds) == (None, ["SystemMessage"])


@pytest.mark.parametrize("status", [0, 1])
def test_a_torn_last_line_is_dropped(query: Query, status: int) -> None:
    run = query(Stream().turn("hi").torn(exit=status))
    assert run.kinds == ["SystemMessage", "AssistantMessage"]
    assert (run.error is None) == (status == 0)


def test_a_prompt_too_many_is_the_test_s_mistake(query: Query, typed: None) -> None:
    run = query(Stream().turn("one"), ["first", "second"])
    assert isinstance(run.error, ScriptExhausted)
    assert (run.error.prompt, run.error.scripted, run.results) == ("second", 1, ["one"])
    assert "no turn is left for the prompt 'second'" in str(run.error)


def test_a_prompt_too_many_can_be_answered(query: Query) -> None:
    assert query(Stream().turn("one"), ["a", "b"], strict=False).results == ["one", "reply to 3 messages"]


def test_a_script_can_be_played_again_and_grow_meanwhile(query: Query) -> None:
    stream = Stream().turn("one")
    assert query(stream).results == ["one"]
    assert query(stream.turn("two")).results == ["two"]
    assert query(stream.rewind()).results == ["one"]


def test_a_client_can_connect_again(client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "first")
        await connected.disconnect()
        await connected.connect()
        await respond(connected, run, "second")

    run = client(Stream().turn("one").turn("two"), talk)
    assert (run.error, run.results, run.transport.prompts) == (None, ["one", "two"], ["first", "second"])


def test_another_start_has_an_open_input_and_nothing_of_the_last_one(sdk: Sdk) -> None:
    transport = Stream().turn("one").turn("two").turn("three").transport()
    prompt = '{"type": "user", "message": {"role": "user", "content": "x"}}\n'

    async def start(times: int) -> list[str]:
        await transport.connect()
        await transport.write(prompt * times)
        reading = transport.read_messages()
        results = []
        async for frame in reading:
            if frame["type"] == "result":
                results.append(frame["result"])
                await transport.end_input()
                break
        await reading.aclose()  # type: ignore[attr-defined]  # an async generator, typed as an iterator
        await transport.close()
        return results

    async def twice() -> tuple[list[str], list[str]]:
        return await start(2), await start(1)

    assert asyncio.run(twice()) == (["one"], ["three"])


def test_a_request_is_answered_while_the_program_waits_itself(sdk: Sdk) -> None:
    transport = Stream().init().asks({"subtype": "anything"}).result().transport()

    async def talk() -> list[str]:
        await transport.connect()
        await transport.write('{"type": "user", "message": {"role": "user", "content": "x"}}')
        reading = transport.read_messages()
        kinds = [(await anext(reading))["type"] for _ in range(2)]
        await transport.write(json.dumps({"type": "control_request", "request_id": "r", "request": INITIALIZE}))
        kinds.append((await anext(reading))["type"])
        await transport.close()
        return [*kinds, *[frame["type"] async for frame in reading]]

    assert asyncio.run(talk()) == ["system", "control_request", "control_response"]


def test_prompts_of_blocks_are_told_as_text(sdk: Sdk) -> None:
    transport = Stream().transport()
    content = [{"type": "text", "text": "look at"}, {"type": "image", "source": {}}, {"type": "text", "text": "this"}]

    async def write() -> None:
        await transport.connect()
        await transport.write(json.dumps({"type": "user", "message": {"role": "user", "content": content}}))

    asyncio.run(write())
    assert transport.prompts == ["look at\nthis"]


def test_it_can_be_used_only_while_it_is_open(sdk: Sdk, sdk_module: Any) -> None:
    transport = Stream().transport()
    assert transport.is_ready() is False
    with pytest.raises(sdk_module.CLIConnectionError, match="Not connected"):
        transport.read_messages()

    async def closed_input() -> None:
        await transport.connect()
        assert transport.is_ready() is True
        await transport.end_input()
        await transport.write("{}")

    with pytest.raises(sdk_module.CLIConnectionError, match="not ready for writing"):
        asyncio.run(closed_input())


def test_typed_messages_are_those_of_the_sdk_s_parser(sdk: Sdk, sdk_module: Any) -> None:
    messages = Stream().init().thinking("hm").tool_use("Bash", {"command": "ls"}).tool_result("x").turn("hi").messages()
    kinds = [type(message).__name__ for message in messages]
    assert kinds[:4] == ["SystemMessage", "AssistantMessage", "AssistantMessage", "UserMessage"]
    assert isinstance(messages[1].content[0], sdk_module.ThinkingBlock)  # type: ignore[union-attr]  # which message it is was judged above
    assert messages[2].content[0].input == {"command": "ls"}  # type: ignore[union-attr]  # which message it is was judged above
    assert messages[-1].result == "hi"  # type: ignore[union-attr]  # which message it is was judged above


@pytest.mark.parametrize("release", ["1.0.0", "1.0.31", "1.0.128", "2.0.0", "2.1.50", "2.1.160", "2.1.329"])
def test_the_forms_of_every_release_can_be_parsed(sdk: Sdk, release: str) -> None:
    stream = Stream(release).init().thinking("hm").tool_use("Bash").tool_result("x").partial("hi").result()
    assert [type(message).__name__ for message in stream.hook("Stop").messages()][-1] in (
        "HookEventMessage",
        "SystemMessage",
    )


def test_types_that_the_sdk_does_not_know_are_left_out(sdk: Sdk) -> None:
    if tuple(map(int, sdk.version.split("."))) < (0, 1, 40):
        pytest.skip(f"the parser of claude-agent-sdk {sdk.version} raises at them")
    stream = Stream().frame({"type": "mystery"}).turn("a")
    kinds = [type(message).__name__ for message in stream.messages()]
    assert kinds == ["SystemMessage", "AssistantMessage", "ResultMessage"]
