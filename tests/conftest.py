"""What all tests share: pytester, and no plug-in in its inner runs but ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _inner_runs_load_our_plugin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude_sessions.plugin")
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    # Inner runs are no steps of the CI that these tests run in.
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
