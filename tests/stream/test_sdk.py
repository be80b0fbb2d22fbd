"""The installed SDK: found when it is needed and not before, and missed in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_claude_sessions.stream import SdkMissing, Stream
from pytest_claude_sessions.stream import sdk as sdk_of_ours


@pytest.fixture
def no_sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sdk_of_ours.load.cache_clear()
    monkeypatch.setitem(sys.modules, "claude_agent_sdk", None)
    monkeypatch.delitem(sys.modules, "pytest_claude_sessions.stream.transport", raising=False)
    yield
    sdk_of_ours.load.cache_clear()


@pytest.mark.parametrize("need", [Stream.messages, Stream.transport], ids=["messages", "transport"])
def test_a_missing_sdk_is_named_with_its_remedy(no_sdk: None, need: Callable[[Stream], Any]) -> None:
    with pytest.raises(SdkMissing) as caught:
        need(Stream().turn("hi"))
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith("needs claude-agent-sdk, which is not installed: pip install pytest-claude-sessions[sdk]")
    assert need.__name__ in text
    assert isinstance(caught.value, ImportError)


def test_frames_and_lines_need_no_sdk(no_sdk: None) -> None:
    assert len(Stream().turn("hi").lines()) == len(Stream().turn("hi").frames()) == 3


def test_a_broken_sdk_speaks_for_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "claude_agent_sdk.py").write_text("import a_module_that_it_lacks\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "claude_agent_sdk", raising=False)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_it_lacks") as caught:
        sdk_of_ours.load.__wrapped__("a test")
    assert not isinstance(caught.value, SdkMissing)


def test_nothing_heavy_is_imported_for_frames() -> None:
    program = """
import sys
import pytest_claude_sessions.stream as stream
before = set(sys.modules)
print(*[name for name in before if name.startswith("pytest_claude_sessions.stream.")])
stream.Stream().turn("hi").lines()
print(*{"claude_agent_sdk", "anyio", "asyncio", "mcp"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["", ""]


@pytest.mark.parametrize(
    ("version", "written", "noise", "corrupt"),
    [
        ("0.1.0", False, False, False),
        ("0.1.30", False, False, False),
        ("0.1.31", True, False, False),
        ("0.1.51", True, True, False),
        ("0.2.100", True, True, False),
        ("0.2.111", True, True, True),
        ("1.0.0", True, True, True),
        ("2.0.0b1", True, True, True),
        ("", True, True, True),
    ],
)
def test_what_changed_is_known_by_version(
    sdk_module: Any, monkeypatch: pytest.MonkeyPatch, version: str, written: bool, noise: bool, corrupt: bool
) -> None:
    monkeypatch.setattr(sdk_module, "__version__", version)
    found = sdk_of_ours.load.__wrapped__("a test")
    assert (found.string_prompts_are_written, found.skips_noise, found.refuses_corrupt_lines) == (
        written,
        noise,
        corrupt,
    )
