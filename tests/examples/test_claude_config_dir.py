"""`claude_config_dir`: a config directory with conversations, to read, list, damage or resume."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_claude_sessions import ConfigDir


def newest_conversation() -> str:
    """Code under test: the newest conversation's id."""
    files = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    return max(files, key=lambda path: path.stat().st_mtime).stem


def test_newest_conversation_is_found(claude_config_dir: ConfigDir) -> None:
    first = claude_config_dir.add_conversation(turns=[("hello", "hi"), ("and again?", "yes")])
    claude_config_dir.damage(first, "torn_last_line")
    assert newest_conversation() == first.session_id
    assert claude_config_dir.read(first.session_id).prompts == ("hello", "and again?")


def test_the_real_config_dir_is_out_of_bounds(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that touches the user's own ~/.claude fails, even if the code swallows the error."""
    user = pytester.mkdir("user")
    (user / ".claude").mkdir()
    monkeypatch.setenv("HOME", str(user))
    pytester.makepyfile(
        f"""
        def test_it(claude_config_dir):
            try:
                open({str(user / ".claude" / "settings.json")!r}, "w")
            except Exception:
                pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    assert "RealConfigDirTouched" in result.stdout.str()
    assert not list((user / ".claude").iterdir())
