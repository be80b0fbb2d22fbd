"""A Python factory in a process of its own, behind the stdio door: the same answers, and a real end."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.door import Misconduct, Refusal, Session
from pytest_claude_sessions.environment import Environment, make_environment
from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError
from pytest_claude_sessions.suite.subject import make_door


class Mirror:
    """Says what it was given, and what it sees of the world."""

    capabilities = frozenset({"store", "resume"})
    name = "mirror"
    options = {"workspace_case": "fold"}  # noqa: RUF012  # nothing changes it

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def get_session(self, key: str) -> Any:
        if key == "refuse":
            raise ManagerError("not_found", "no such key")
        if key == "raise":
            raise RuntimeError("out of order")
        if key == "exit":
            os._exit(7)
        seen = {"pid": os.getpid(), "time": datetime.now(UTC).isoformat(), "settings": self.environment.settings}
        print("what a manager prints must not disturb the protocol")
        return str(seen.get(key, key))

    async def dispatch(self, request: DispatchRequest) -> DispatchResult:
        assert isinstance(request.cwd, Path)
        return DispatchResult(True, text=f"{request.prompt} in {request.cwd.name}", warnings=("expired: no",))


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path, Path("claude"), {}).with_settings(retention_days=30)


@pytest.fixture
def session(environment: Environment, tmp_path: Path) -> Session:
    return make_door("tests.door.test_host:Mirror", tmp_path).open_process(environment)


def ask(session: Session, key: str) -> Any:
    return session.call("get_session", {"key": key}, 30)


def test_answers_cross_the_door(session: Session) -> None:
    assert ask(session, "Ünï \ud800 code") == "Ünï \ud800 code"
    assert ask(session, "settings") == "{'retention_days': 30}"
    assert int(ask(session, "pid")) != os.getpid()
    request = DispatchRequest("key", "hello", Path("/some/place"))
    result = session.call("dispatch", {"request": request}, 30)
    assert result == DispatchResult(True, text="hello in place", warnings=("expired: no",))
    assert session.identity.options["workspace_case"] == "fold"
    session.close()


def test_refusals_and_errors_are_told_apart(session: Session) -> None:
    with pytest.raises(Refusal, match="not_found: no such key"):
        ask(session, "refuse")
    with pytest.raises(Misconduct, match="out of order"):
        ask(session, "raise")
    assert ask(session, "still here") == "still here"
    session.close()


def test_end_in_the_middle_is_told(session: Session) -> None:
    with pytest.raises(Misconduct, match=r"(?s)the driver ended.*exit status: 7"):
        ask(session, "exit")
    session.close()


def test_clock_follows_the_requests(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_claude_sessions.door import stdio

    then = datetime(2027, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
    monkeypatch.setattr(stdio, "_now", lambda: then)
    assert ask(session, "time") == then.isoformat()
    monkeypatch.setattr(stdio, "_now", lambda: then + timedelta(hours=25))
    assert ask(session, "time") == (then + timedelta(hours=25)).isoformat()
    session.close()


def test_kill_leaves_no_process(session: Session) -> None:
    pid = int(ask(session, "pid"))
    session.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Misconduct, match=r"ended|gone"):
        ask(session, "anything")
    session.close()
