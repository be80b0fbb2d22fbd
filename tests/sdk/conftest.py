"""The installed claude-agent-sdk, driving a program through `cli_path`: the fake, or the one that it carries."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.api import HOME_CALLS, MessagesApi
from pytest_claude_sessions.claude.release import NEWEST, parse_version
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.real_program import bundled_program
from pytest_claude_sessions.stream.sdk import Sdk, load
from pytest_claude_sessions.suite.program import find_program

from ..stream.conftest import Run, old_sdk_leaves_its_streams, user_messages

DEAD = "11111111-1111-4111-8111-111111111111"

# What came with which version, from the SDK's CHANGELOG and tried on 0.1.0, 0.1.30, 0.1.81, 0.2.100 and 0.2.187.
SINCE = {
    "a denial can end the turn": "0.1.1",
    "frames of a type that it does not know are passed over": "0.1.40",
    "a tool that breaks says that it did": "0.1.51",
    "an error result ends a query with what it says": "0.1.77",
    "an error result is an exception of its own": "0.2.111",
}


@pytest.fixture(scope="session")
def sdk() -> Any:
    return pytest.importorskip("claude_agent_sdk", reason="claude-agent-sdk is not installed")


@pytest.fixture(scope="session")
def installed(sdk: Any) -> Sdk:
    return load("the tests")


@pytest.fixture
def does(installed: Sdk) -> Callable[[str], bool]:
    """Whether this version does what a line of `SINCE` says."""
    numbers = tuple(map(int, installed.version.split(".")))
    return lambda what: numbers >= tuple(map(int, SINCE[what].split(".")))


@pytest.fixture
def in_process_server(sdk: Any) -> Callable[..., Any]:
    """`create_sdk_mcp_server("calculator", tools=[...])`, skipped where this SDK and the installed `mcp` do not fit."""

    def make(tools: list[Any]) -> Any:
        try:
            return sdk.create_sdk_mcp_server("calculator", tools=tools)
        except AttributeError as error:
            pytest.skip(f"claude-agent-sdk {sdk.__version__} needs an older mcp: {error}")

    return make


@dataclass
class Driver:
    """Runs the SDK on one program, in directories of the test.

    :ivar sdk: the SDK.
    :ivar program: what `cli_path` names.
    :ivar env: the variables of the program.
    :ivar cwd: where it works.
    :ivar config_dir: its config directory.
    """

    sdk: Any
    installed: Sdk
    program: Path
    env: Mapping[str, str]
    cwd: Path
    config_dir: Path

    def options(self, complaints: list[str], **given: Any) -> Any:
        named = {"cli_path": str(self.program)}
        if "cli_path" not in {field.name for field in fields(self.sdk.ClaudeAgentOptions)}:
            named = {}  # 0.1.0 looks on PATH alone, where `driver` puts it
        given = {"cwd": str(self.cwd), "stderr": complaints.append, **named, **given}
        return self.sdk.ClaudeAgentOptions(**{**given, "env": {**self.env, **given.get("env", {})}})

    def query(self, prompt: str | list[str] = "hello", **given: Any) -> Run:
        """`query(...)` to its end."""
        run = Run(None)

        async def ask() -> None:
            asked = prompt if isinstance(prompt, str) else user_messages(prompt)
            async for message in self.sdk.query(prompt=asked, options=self.options(run.stderr, **given)):
                run.messages.append(message)

        return self.run(run, ask)

    def client(self, talk: Callable[[Any, Run], Any], **given: Any) -> Run:
        """A conversation with `ClaudeSDKClient(...)`."""
        run = Run(None)

        async def converse() -> None:
            async with self.sdk.ClaudeSDKClient(self.options(run.stderr, **given)) as client:
                await talk(client, run)

        return self.run(run, converse)

    def run(self, run: Run, work: Callable[[], Any]) -> Run:
        """Keep in `run` what the work raises."""
        with old_sdk_leaves_its_streams(self.installed):
            try:
                asyncio.run(work())
            except Exception as error:
                run.error = error
        return run


@pytest.fixture
def driver(
    sdk: Any, installed: Sdk, claude_cli: ClaudeCli, claude_config_dir: ConfigDir, monkeypatch: pytest.MonkeyPatch
) -> Driver:
    """The fake, in the test's own config directory."""
    # Else the versions from 0.1.3 on start the program once more, for its version.
    monkeypatch.setenv("CLAUDE_AGENT_SDK_SKIP_VERSION_CHECK", "1")
    monkeypatch.setenv("PATH", os.pathsep.join([str(claude_cli.path.parent), os.environ["PATH"]]))
    cwd = claude_config_dir.home / "repo"
    cwd.mkdir()
    env = {**claude_cli.env, "HOME": str(claude_config_dir.home), "CLAUDE_CONFIG_DIR": str(claude_config_dir.path)}
    return Driver(sdk, installed, claude_cli.path, env, cwd, claude_config_dir.path)


@pytest.fixture
def real(sdk: Any, installed: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The program that the SDK carries, before the loopback API; `real.api` is that."""
    bundled = bundled_program()
    if bundled is None:
        pytest.skip("this claude-agent-sdk has no program of its own")
    for name in [name for name in os.environ if name.startswith(("CLAUDE", "ANTHROPIC"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "real"
    (home / "repo").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    found = find_program(str(bundled))
    if parse_version(found.release) < parse_version(NEWEST):
        pytest.skip(f"the bundled program is {found.release}, older than {NEWEST}, whom the fake plays")
    with MessagesApi(tolerate=HOME_CALLS) as api:
        env = {**api.environment(max_retries=0), **found.env, "HOME": str(home)}
        env["CLAUDE_CONFIG_DIR"] = str(home / ".claude")
        driver = Driver(sdk, installed, bundled, env, home / "repo", home / ".claude")
        driver.api = api  # type: ignore[attr-defined]  # for the tests that look at what the API was asked
        yield driver
