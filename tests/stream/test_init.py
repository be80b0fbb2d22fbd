"""The package's names: each is there, and is imported when it is asked for."""

from __future__ import annotations

import pytest

import pytest_claude_sessions
import pytest_claude_sessions.stream as stream


def test_every_name_can_be_had(sdk_module: object) -> None:
    for name in stream.__all__:
        assert getattr(stream, name).__name__ == name
    assert pytest_claude_sessions.Stream is stream.Stream


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = stream.nonsense
