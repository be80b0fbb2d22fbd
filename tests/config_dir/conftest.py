"""A config directory on disk, and one for each release."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import OBSERVED
from pytest_claude_sessions.config_dir import ConfigDir

NOON = dt.datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=dt.UTC)


@pytest.fixture
def noon() -> dt.datetime:
    """An instant with milliseconds."""
    return NOON


@pytest.fixture
def config_dir(tmp_path: Path) -> ConfigDir:
    """A config directory of the newest release."""
    return ConfigDir(tmp_path / "claude").create()


@pytest.fixture(params=OBSERVED)
def any_release(request: pytest.FixtureRequest) -> str:
    """Each release whose behaviour was observed."""
    return str(request.param)
