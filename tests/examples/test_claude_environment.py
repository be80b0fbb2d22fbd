"""`claude_environment`: all fixtures together, as the world that a session manager is given."""

from __future__ import annotations

from pytest_claude_sessions import ClaudeCli, DispatchRequest, Environment
from pytest_claude_sessions.reference import reference


def test_manager_survives_a_dead_id(claude_environment: Environment, claude_cli: ClaudeCli) -> None:
    manager = reference(claude_environment)
    first = manager.dispatch(DispatchRequest("chat", "hello", claude_environment.workdir))
    claude_cli.dead_id(when="resume")
    again = manager.dispatch(DispatchRequest("chat", "hello again", claude_environment.workdir))
    assert again.session_id not in (None, first.session_id)
    assert [start.requested_resume for start in claude_cli.starts] == [None, first.session_id, None]
