"""The SDK's own functions on sessions, on what `claude_config_dir` and the fake wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.config_dir import ConfigDir

from .conftest import Driver


def function(sdk: Any, name: str) -> Any:
    found = getattr(sdk, name, None)
    if found is None:
        pytest.skip(f"claude-agent-sdk {sdk.__version__} has no {name}")
    return found


@pytest.fixture(params=["claude_config_dir", "fake"])
def written(request: pytest.FixtureRequest, driver: Driver, claude_config_dir: ConfigDir) -> str:
    """The id of a conversation of two turns, "one" and "two"."""
    if request.param == "claude_config_dir":
        turns = [("one", "reply to 2 messages"), ("two", "reply to 4 messages")]
        return claude_config_dir.add_conversation(turns=turns, cwd=driver.cwd).session_id
    session_id: str = driver.query("one").messages[-1].session_id
    assert driver.query("two", resume=session_id).error is None
    return session_id


def texts(messages: list[Any]) -> list[tuple[str, str]]:
    """Who said what."""
    said = []
    for message in messages:
        content = message.message["content"]
        said.append((message.type, content if isinstance(content, str) else content[0]["text"]))
    return said


SPOKEN = [
    ("user", "one"),
    ("assistant", "reply to 2 messages"),
    ("user", "two"),
    ("assistant", "reply to 4 messages"),
]


def test_sessions_are_listed(sdk: Any, driver: Driver, written: str) -> None:
    [info] = function(sdk, "list_sessions")(directory=str(driver.cwd))
    assert (info.session_id, info.cwd) == (written, str(driver.cwd))
    assert (info.first_prompt, info.custom_title) == ("one", None)
    [path] = driver.config_dir.glob(f"projects/*/{written}.jsonl")
    assert info.file_size == path.stat().st_size
    assert abs(info.last_modified / 1000 - path.stat().st_mtime) < 1
    assert datetime.fromtimestamp(info.last_modified / 1000, UTC).year >= 2025


def test_messages_are_read(sdk: Any, driver: Driver, written: str) -> None:
    read = function(sdk, "get_session_messages")
    messages = read(written, directory=str(driver.cwd))
    assert texts(messages) == SPOKEN
    assert {message.session_id for message in messages} == {written}
    assert texts(read(written, directory=str(driver.cwd), limit=2, offset=1)) == SPOKEN[1:3]


def test_a_session_is_renamed_and_tagged_and_goes_on(sdk: Any, driver: Driver, written: str) -> None:
    function(sdk, "rename_session")(written, "A new name", directory=str(driver.cwd))
    function(sdk, "tag_session")(written, "kept", directory=str(driver.cwd))
    [info] = function(sdk, "list_sessions")(directory=str(driver.cwd))
    assert (info.custom_title, info.tag) == ("A new name", "kept")
    again = driver.query("three", resume=written)
    assert (again.error, again.results) == (None, ["reply to 6 messages"])


def test_a_session_is_forked_and_both_go_on(sdk: Any, driver: Driver, written: str) -> None:
    forked = function(sdk, "fork_session")(written, directory=str(driver.cwd)).session_id
    assert forked != written
    for session_id in (forked, written):
        run = driver.query("three", resume=session_id)
        assert (run.error, run.messages[-1].session_id, run.results) == (None, session_id, ["reply to 6 messages"])


def test_a_deleted_session_is_not_found(sdk: Any, driver: Driver, written: str, claude_cli: ClaudeCli) -> None:
    function(sdk, "delete_session")(written, directory=str(driver.cwd))
    assert function(sdk, "list_sessions")(directory=str(driver.cwd)) == []
    assert driver.query("three", resume=written).error is not None
    assert claude_cli.starts[-1].outcome == "not_found"


def test_what_is_damaged_is_not_listed_or_not_whole(sdk: Any, driver: Driver, claude_config_dir: ConfigDir) -> None:
    listed = function(sdk, "list_sessions")
    whole = claude_config_dir.add_conversation(turns=[("one", "1")], cwd=driver.cwd)
    emptied = claude_config_dir.add_conversation(turns=[("two", "2")], cwd=driver.cwd)
    claude_config_dir.damage(emptied, "empty")
    assert [info.session_id for info in listed(directory=str(driver.cwd))] == [whole.session_id]
