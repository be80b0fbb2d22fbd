"""The same conversations with the real program, through the SDK's own transport: the SDK makes the same of both.

Skipped where the SDK has no bundled program, or one older than the newest known release.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.claude.release import NEWEST, parse_version
from pytest_claude_sessions.stream import Stream

from .conftest import Run, respond

ASKED = "11111111-1111-4111-8111-111111111111"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Real:
    """Runs the bundled program against the loopback API, in directories of the test."""

    def __init__(self, sdk: Any, directory: Path, api: MessagesApi) -> None:
        self.sdk = sdk
        self.directory = directory
        self.api = api
        self.home = directory / "home"
        self.repo = directory / "repo"
        self.home.mkdir()
        self.repo.mkdir()

    auth: Literal["api_key", "oauth"] = "api_key"

    def options(self, complaints: list[str], **given: Any) -> Any:
        environment = self.api.environment(auth=self.auth, max_retries=0)
        env = {"HOME": str(self.home), "CLAUDE_CONFIG_DIR": str(self.home / ".claude"), "IS_SANDBOX": "1"}
        return self.sdk.ClaudeAgentOptions(
            cwd=str(self.repo), env={**environment, **env}, stderr=complaints.append, **given
        )

    def query(self, prompt: str, **given: Any) -> Run:
        run = Run(None)

        async def ask() -> None:
            async for message in self.sdk.query(prompt=prompt, options=self.options(run.stderr, **given)):
                run.messages.append(message)

        try:
            asyncio.run(ask())
        except Exception as error:
            run.error = error
        return run

    def client(self, talk: Callable[[Any, Run], Any], **given: Any) -> Run:
        run = Run(None)

        async def converse() -> None:
            async with self.sdk.ClaudeSDKClient(self.options(run.stderr, **given)) as client:
                await talk(client, run)

        try:
            asyncio.run(converse())
        except Exception as error:
            run.error = error
        return run


@pytest.fixture
def real(sdk_module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    bundled = Path(sdk_module.__file__).parent / "_bundled" / "claude"
    if not os.access(bundled, os.X_OK):
        pytest.skip("this claude-agent-sdk has no program of its own")
    from claude_agent_sdk._cli_version import __cli_version__ as release

    if parse_version(release) < parse_version(NEWEST):
        pytest.skip(f"the bundled program is {release}, older than {NEWEST}, whose forms a stream has unless told")
    for name in [name for name in os.environ if name.startswith(("CLAUDE", "ANTHROPIC"))]:
        monkeypatch.delenv(name)
    with MessagesApi() as api:
        yield Real(sdk_module, tmp_path, api)


def told(error: Exception | None) -> tuple[Any, ...]:
    """An error as a test sees it, without the ids."""
    fields = {name: value for name, value in vars(error or Exception()).items() if name != "data"}
    return type(error).__name__, UUID.sub("<id>", str(error)), UUID.sub("<id>", repr(sorted(fields.items())))


def seen(run: Run) -> list[Any]:
    """The messages as a test sees them: their types, and what they say."""
    said = []
    for message in run.messages:
        content = getattr(message, "content", None)
        blocks = content if isinstance(content, str) else [repr(block) for block in content or ()]
        about = {name: getattr(message, name, None) for name in ("subtype", "is_error", "num_turns", "terminal_reason")}
        about |= {name: getattr(message, name, None) for name in ("error", "api_error_status", "permission_denials")}
        said.append((type(message).__name__, blocks, about))
    return said


def test_a_dead_id(real: Real, query: Callable[..., Run]) -> None:
    ours, theirs = query(Stream().not_found(ASKED)), real.query("x", resume=ASKED)
    assert told(ours.error) == told(theirs.error)
    assert (seen(ours), ours.stderr) == (seen(theirs), theirs.stderr)


def test_an_id_in_use(real: Real, query: Callable[..., Run]) -> None:
    first = real.query("hello")
    used = first.messages[-1].session_id
    ours, theirs = query(Stream().in_use(used)), real.query("x", extra_args={"session-id": used})
    assert (told(ours.error), ours.stderr) == (told(theirs.error), theirs.stderr)


def test_two_turns_of_a_client(real: Real, client: Callable[..., Run]) -> None:
    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "one")
        await respond(connected, run, "two")
        with pytest.raises(Exception, match="must be one of") as refused:
            await connected.set_permission_mode("nonsense")
        run.stderr.append(str(refused.value))

    real.api.reply("first answer").reply("second answer")
    ours, theirs = client(Stream().turn("first answer").turn("second answer"), talk), real.client(talk)
    assert (ours.error, theirs.error) == (None, None)
    assert seen(ours) == seen(theirs)
    assert ours.stderr == theirs.stderr


@pytest.mark.parametrize("failure", ["unauthorized", "overloaded", "server_error"])
def test_a_failed_request(real: Real, query: Callable[..., Run], failure: str) -> None:
    getattr(real.api, failure)(times=None)
    stream: Stream = getattr(Stream(), {"unauthorized": "auth_failure"}.get(failure, failure))()
    ours, theirs = query(stream), real.query("x")
    assert told(ours.error)[0] == told(theirs.error)[0] == "ResultError"
    wanted = [(kind, about) for kind, _, about in seen(theirs) if kind != "SystemMessage"]
    assert [(kind, about) for kind, _, about in seen(ours) if kind != "SystemMessage"] == wanted


@pytest.mark.parametrize("told_when", [True, False])
def test_a_usage_limit(real: Real, query: Callable[..., Run], told_when: bool) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    resets_at = now + timedelta(hours=1) if told_when else None
    real.auth = "oauth"
    real.api.rate_limited(resets_at=resets_at, times=None)
    ours, theirs = query(Stream().usage_limit(resets_at)), real.query("x")
    assert told(ours.error)[0] == told(theirs.error)[0] == "ResultError"
    assert str(ours.error).split(" (")[0] == str(theirs.error).split(" (")[0]  # the zone's name may differ
    assert ours.kinds == theirs.kinds == ["SystemMessage", "RateLimitEvent", "AssistantMessage", "ResultMessage"]
    assert ours.messages[1].rate_limit_info == theirs.messages[1].rate_limit_info


@pytest.mark.parametrize("answer", ["allow", "deny", "interrupt", "break"])
def test_a_permission(real: Real, client: Callable[..., Run], answer: str) -> None:
    sdk = real.sdk
    answers = {
        "allow": sdk.PermissionResultAllow(),
        "deny": sdk.PermissionResultDeny(message="no way"),
        "interrupt": sdk.PermissionResultDeny(message="no way", interrupt=True),
    }

    async def can_use_tool(tool: str, given: dict[str, Any], context: Any) -> Any:
        if answer == "break":
            raise RuntimeError("callback broke")
        return answers[answer]

    async def talk(connected: Any, run: Run) -> None:
        await respond(connected, run, "go")

    given = {"command": "touch made", "description": "make a file"}
    use = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": given}
    real.api.reply([use]).reply("done")
    theirs = real.client(talk, can_use_tool=can_use_tool)
    stream = Stream().init().asks_permission("Bash", given, result="(Bash completed with no output)", id="toolu_1")
    ours = client(stream.text("done").result(), talk, options=sdk.ClaudeAgentOptions(can_use_tool=can_use_tool))
    assert (ours.error, theirs.error) == (None, None)
    assert seen(ours) == seen(theirs)
