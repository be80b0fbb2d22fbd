"""The package's own names: each is imported when it is asked for."""

from __future__ import annotations

from importlib.metadata import version

import pytest

import pytest_claude_sessions


@pytest.mark.parametrize("name", pytest_claude_sessions.__all__)
def test_each_name_leads_to_what_it_says(name: str) -> None:
    found = getattr(pytest_claude_sessions, name)
    assert getattr(found, "__name__", name) == name


def test_the_version_is_that_of_the_installed_package() -> None:
    assert pytest_claude_sessions.__version__ == version("pytest-claude-sessions")


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Streem'"):
        pytest_claude_sessions.Streem  # noqa: B018  # the look-up is what is tried
