"""The hook that projects may implement in a conftest or plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.hookspec(firstresult=True)
def pytest_claude_manager(config: pytest.Config) -> str | Callable[[Any], Any] | None:
    """The session manager under test: what `--claude-manager` takes, or a factory; the first answer wins."""
