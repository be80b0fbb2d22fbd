"""The TypeScript SDK, run by Node.js on the fake.

Nothing is installed here: `CLAUDE_TYPESCRIPT_SDK` names a directory in which npm has put the package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir

VARIABLE = "CLAUDE_TYPESCRIPT_SDK"
PACKAGE = "@anthropic-ai/claude-agent-sdk"
DRIVE = Path(__file__).with_name("drive.mjs")


@dataclass
class Ran:
    """What came of one query."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    stderr: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def results(self) -> list[str | None]:
        return [message.get("result") for message in self.messages if message["type"] == "result"]

    @property
    def ids(self) -> set[str]:
        return {message["session_id"] for message in self.messages if message.get("session_id")}


@dataclass
class TypeScript:
    """Runs queries.

    :ivar node: Node.js.
    :ivar modules: the `node_modules` with the package.
    :ivar options: what every query has.
    :ivar env: environment of Node.js.
    """

    node: str
    modules: Path
    options: dict[str, Any]
    env: dict[str, str]

    def query(self, *prompts: str, options: dict[str, Any] | None = None, **given: Any) -> Ran:
        """Run one query to its end.

        :param prompts: the prompt; several go one after the other over one connection.
        :param options: of the SDK.
        :param given: what `drive.mjs` takes besides.
        """
        argument = {
            "sdk": str(self.modules / PACKAGE / "sdk.mjs"),
            "zod": str(self.modules / "zod" / "index.js"),
            "prompts": list(prompts),
            "stream": len(prompts) > 1,
            "options": {**self.options, **(options or {})},
            **given,
        }
        done = subprocess.run(
            [self.node, str(DRIVE), json.dumps(argument)],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        ran = Ran(told=[json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])
        assert ran.told, f"Node.js printed nothing, exit {done.returncode}: {done.stderr}"
        ran.messages = [line["message"] for line in ran.told if "message" in line]
        ran.stderr = "".join(line["stderr"] for line in ran.told if "stderr" in line)
        ran.error = next((line["error"] for line in ran.told if "error" in line), None)
        return ran


@pytest.fixture(scope="session")
def modules() -> Path:
    """The `node_modules` with the SDK."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        pytest.skip(f"{VARIABLE} names no directory with {PACKAGE} (tox -e typescript makes one)")
    found = Path(directory) / "node_modules"
    if not (found / PACKAGE / "sdk.mjs").is_file():
        pytest.skip(f"{PACKAGE} is not installed in {directory}: npm install --prefix {directory} {PACKAGE}")
    return found


@pytest.fixture
def typescript(modules: Path, claude_cli: ClaudeCli, claude_config_dir: ConfigDir) -> TypeScript:
    """The TypeScript SDK on the fake."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    cwd = claude_config_dir.home / "repo"
    cwd.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(claude_config_dir.home),
        "CLAUDE_CONFIG_DIR": str(claude_config_dir.path),
        **claude_cli.env,
    }
    options = {"pathToClaudeCodeExecutable": str(claude_cli.path), "cwd": str(cwd), "env": env}
    return TypeScript(node, modules, options, env)
