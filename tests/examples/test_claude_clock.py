"""`claude_clock`: one time for the test, the fake `claude` and the files that it writes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_claude_sessions import ClaudeCli, Clock, ConfigDir


def test_a_day_later(claude_clock: Clock, claude_cli: ClaudeCli, claude_config_dir: ConfigDir, tmp_path: Path) -> None:
    claude_clock.move_to(datetime(2027, 1, 31, 12, tzinfo=UTC))
    claude_clock.advance(timedelta(hours=25))
    assert datetime.now(UTC) == datetime(2027, 2, 1, 13, tzinfo=UTC)
    subprocess.run([claude_cli.path, "-p", "hello"], cwd=tmp_path, check=True)
    [conversation] = claude_config_dir.transcripts()
    assert conversation.ended_at is not None
    assert abs(conversation.ended_at - datetime.now(UTC)) < timedelta(seconds=1)
    assert abs(conversation.path.stat().st_mtime - datetime.now(UTC).timestamp()) < 1
