"""`claude_cli`: a `claude` that any program can start, that misbehaves on demand and keeps a journal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from pytest_claude_sessions import ClaudeCli, ConfigDir


def ask(cli: ClaudeCli, cwd: Path, prompt: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Code under test: one turn."""
    argv = [str(cli.path), "-p", prompt, "--output-format", "json", *options]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)


def test_conversation_carries_on(claude_cli: ClaudeCli, claude_config_dir: ConfigDir, tmp_path: Path) -> None:
    session_id = json.loads(ask(claude_cli, tmp_path, "hello").stdout)["session_id"]
    ask(claude_cli, tmp_path, "and again", "--resume", session_id)
    assert claude_config_dir.read(session_id).prompts == ("hello", "and again")
    assert [start.requested_resume for start in claude_cli.starts] == [None, session_id]


def test_dead_id(claude_cli: ClaudeCli, claude_config_dir: ConfigDir, tmp_path: Path) -> None:
    session_id = json.loads(ask(claude_cli, tmp_path, "hello").stdout)["session_id"]
    claude_cli.dead_id(when="resume")
    refused = ask(claude_cli, tmp_path, "and again", "--resume", session_id)
    assert refused.returncode == 1
    assert f"No conversation found with session ID: {session_id}" in refused.stderr
