from __future__ import annotations

import datetime as dt
import json
import os
import stat

from pytest_claude_sessions.config_dir import ConfigDir


def test_settings_are_written_anew(config_dir: ConfigDir) -> None:
    config_dir.write_settings({"cleanupPeriodDays": 1})
    path = config_dir.write_settings({"env": {"A": "\u00e9"}})
    assert path == config_dir.path / "settings.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {"env": {"A": "\u00e9"}}


def test_credentials_are_private_and_made_up(config_dir: ConfigDir, noon: dt.datetime) -> None:
    config_dir.credentials_path.write_text("old")
    config_dir.credentials_path.chmod(0o644)
    before = os.umask(0)
    try:
        path = config_dir.write_credentials(expires_at=noon)
    finally:
        os.umask(before)
    assert path == config_dir.path / ".credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    oauth = json.loads(path.read_text())["claudeAiOauth"]
    assert oauth["expiresAt"] == 1772625600250
    assert "made-up" in oauth["accessToken"]
    assert "made-up" in oauth["refreshToken"]


def test_credentials_are_valid_for_some_hours_unless_said(config_dir: ConfigDir) -> None:
    ends = json.loads(config_dir.write_credentials().read_text())["claudeAiOauth"]["expiresAt"]
    left = dt.datetime.fromtimestamp(ends / 1000, dt.UTC) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=7) < left < dt.timedelta(hours=9)


def test_a_typed_prompt_is_a_line_of_the_history(config_dir: ConfigDir, noon: dt.datetime) -> None:
    entry = config_dir.add_history("hello", session_id="id", cwd="/repo", now=noon)
    config_dir.add_history_lines("half a li")
    read = config_dir.history()
    assert read.entries == (entry,)
    assert (entry.display, entry.project, entry.session_id, entry.timestamp) == ("hello", "/repo", "id", noon)
    assert read.skipped[0].reason == "torn"


def test_a_typed_prompt_is_of_now_and_of_the_own_directory(config_dir: ConfigDir) -> None:
    entry = config_dir.add_history("hello")
    assert entry.timestamp is not None
    assert abs(entry.timestamp - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert (entry.project, entry.session_id) == (os.path.realpath(config_dir.cwd), None)
