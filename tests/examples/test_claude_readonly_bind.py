"""`claude_readonly_bind`: what a container with a read-only config dir does to a program, also for root."""

from __future__ import annotations

import pytest

from pytest_claude_sessions import ConfigDir, ReadOnlyBind


def test_read_only_but_for_projects(claude_config_dir: ConfigDir, claude_readonly_bind: ReadOnlyBind) -> None:
    bound = claude_readonly_bind(claude_config_dir.path, writable=["projects"], reach="process")
    assert bound.backend in ("mount", "permissions", "capabilities", "pyfakefs")
    with pytest.raises(OSError, match=r"Read-only|Permission denied"):
        (claude_config_dir.path / "settings.json").write_text("{}")
    (claude_config_dir.path / "projects" / "note").write_text("kept")
    bound.release()
    (claude_config_dir.path / "settings.json").write_text("{}")
