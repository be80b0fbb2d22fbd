"""The in-process door: what a manager does wrong is told, and never holds up the run."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.door import Misconduct, NoProcess, Refusal
from pytest_claude_sessions.door.inprocess import InProcessDoor
from pytest_claude_sessions.environment import Environment, make_environment
from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path, Path("claude"), {})


def door(**methods: Any) -> InProcessDoor:
    """A door to a manager with these methods."""
    manager = type("Manager", (), {"capabilities": {"store"}, **{n: staticmethod(m) for n, m in methods.items()}})
    return InProcessDoor(lambda environment: manager(), (), "it is made in a test")


def test_answer_and_identity(environment: Environment) -> None:
    session = door(get_session=lambda key: key.upper()).open(environment)
    assert session.call("get_session", {"key": "a"}, 5) == "A"
    assert session.identity.name == "Manager"
    assert session.identity.capabilities == {"store"}


def test_async_method_is_awaited(environment: Environment) -> None:
    async def get_session(key: str) -> str:
        await asyncio.sleep(0)
        return key + "!"

    assert door(get_session=get_session).open(environment).call("get_session", {"key": "a"}, 5) == "a!"


def test_any_exception_with_a_kind_is_a_refusal(environment: Environment) -> None:
    class OwnError(Exception):
        kind = "busy"

    def get_session(key: str) -> str:
        raise OwnError("later")

    with pytest.raises(Refusal, match="busy: later"):
        door(get_session=get_session).open(environment).call("get_session", {"key": "a"}, 5)


def test_other_exceptions_are_misconduct_with_a_traceback(environment: Environment) -> None:
    with pytest.raises(Misconduct, match=r"(?s)get_session\(\) raised ZeroDivisionError.*Traceback"):
        door(get_session=lambda key: 1 / 0).open(environment).call("get_session", {"key": "a"}, 5)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_attempt_to_end_the_process_is_misconduct(environment: Environment, error: BaseException) -> None:
    def get_session(key: str) -> str:
        raise error

    with pytest.raises(Misconduct, match=type(error).__name__):
        door(get_session=get_session).open(environment).call("get_session", {"key": "a"}, 5)


def test_hang_is_misconduct_and_a_loop_is_ended(environment: Environment) -> None:
    ended = threading.Event()

    def get_session(key: str) -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    with pytest.raises(Misconduct, match=r"hung: no answer after 0\.05 s"):
        door(get_session=get_session).open(environment).call("get_session", {"key": "a"}, 0.05)
    assert ended.wait(30)


def test_missing_method_and_wrong_answer_are_misconduct(environment: Environment) -> None:
    session = door(dispatch=lambda request: {"ok": "yes"}).open(environment)
    with pytest.raises(Misconduct, match="has no method set_session"):
        session.call("set_session", {"key": "a", "session_id": "b"}, 5)
    request = DispatchRequest("a", "prompt", Path())
    with pytest.raises(Misconduct, match="ok of a DispatchResult is 'yes'"):
        session.call("dispatch", {"request": request}, 5)


def test_own_result_types_are_read(environment: Environment) -> None:
    class Result:
        ok, session_id, resumed, text, error = True, "id", False, "hello", None
        warnings = ("expired: old",)

    session = door(dispatch=lambda request: Result()).open(environment)
    result = session.call("dispatch", {"request": DispatchRequest("a", "prompt", Path())}, 5)
    assert result == DispatchResult(True, "id", False, "hello", None, ("expired: old",))


def test_factory_that_refuses_or_declares_nothing(environment: Environment) -> None:
    def refuses(environment: Environment) -> None:
        raise ManagerError("invalid_setting", "max_session_age_ms")

    with pytest.raises(Refusal, match="max_session_age_ms"):
        InProcessDoor(refuses).open(environment)
    with pytest.raises(Misconduct, match="a set of names is expected"):
        InProcessDoor(lambda environment: object()).open(environment)


def test_process_that_cannot_be_is_told(environment: Environment) -> None:
    with pytest.raises(NoProcess, match="it is made in a test"):
        door().open_process(environment)
