"""The smoke step before the suite: is the driver one at all? What fails here is no failure of a requirement."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..cli import ClaudeCli
from ..door import Identity, Misconduct, Refusal, Session
from ..door.stdio import StdioDoor
from ..environment import Environment, make_environment
from ..manager import DispatchRequest
from ..options import WrongOption

_ID = "cd32e253-ca16-4fd3-9825-d837e74ae3c2"
_LONGEST = 1500

Call = tuple[str, Mapping[str, Any]]


class SmokeFailed(WrongOption):
    """The driver does not speak the protocol; told with what it said, what was expected, and how to repeat it."""


def smoke(door: StdioDoor, directory: Path, timeout_s: float, say: Callable[[str], object] = str) -> Identity:
    """Initialise a driver, call one method for each capability that it declares, restart it, shut it down.

    :param directory: for the world that it works in
    :param timeout_s: seconds that a call may take
    :param say: is told each step that went well
    :returns: who it says that it is
    :raises SmokeFailed: at the first thing that is wrong
    """
    claude = ClaudeCli.make(directory / "claude")
    environment = make_environment(directory, claude.path, claude.env)
    step = _Steps(door, say)
    calls = _calls(environment)
    session = step.start(environment)
    identity = session.identity
    for capability in sorted(identity.capabilities):
        if capability in calls:
            step.call(session, *calls[capability], timeout_s)
    step.end(session)
    again = step.start(environment)
    if again.identity != identity:
        step.end(again)
        raise step.failed("initialize after a restart", f"the same as before: {identity}", str(again.identity))
    step.end(again)
    return identity


class _Steps:
    """One step of the conversation after the other."""

    def __init__(self, door: StdioDoor, say: Callable[[str], object]) -> None:
        self._door, self._say = door, say

    def start(self, environment: Environment) -> Session:
        try:
            session = self._door.open(environment)
        except (Misconduct, Refusal) as error:
            expected = "{protocol: 1, name, version, language, capabilities, options}"
            raise self.failed("initialize", expected, str(error)) from None
        capabilities = ", ".join(sorted(session.identity.capabilities)) or "nothing"
        self._say(f"initialize: {session.identity.name} declares {capabilities}")
        return session

    def call(self, session: Session, method: str, arguments: Mapping[str, Any], timeout_s: float) -> None:
        try:
            seen = f"{session.call(method, arguments, timeout_s)!r:.200}"
        except Refusal as refusal:
            seen = f"refused: {refusal}"
        except Misconduct as misconduct:
            session.kill()
            expected = "an answer as in protocol.schema.json, or a refusal (code -32000 with data.kind)"
            raise self.failed(method, expected, str(misconduct)) from None
        self._say(f"{method}: {seen}")

    def end(self, session: Session) -> None:
        try:
            session.close()
        except Misconduct as misconduct:
            expected = "the result null, and the end of the process"
            raise self.failed("shutdown", expected, str(misconduct)) from None
        self._say("shutdown: ended")

    def failed(self, method: str, expected: str, seen: str) -> SmokeFailed:
        command = shlex.join(self._door.argv)
        shown = seen if len(seen) <= _LONGEST else f"{seen[:_LONGEST]}..."
        indented = "\n".join((shown.splitlines() or [""])[:1] + ["          " + x for x in shown.splitlines()[1:]])
        return SmokeFailed(
            f"the driver `{command}` failed the smoke step; no requirement was tried\n"
            f"request:  {method}\nexpected: {expected}\nseen:     {indented}\n"
            f"repeat:   python -m pytest_claude_sessions.driver check {shlex.quote(command)}"
        )


def _calls(world: Environment) -> Mapping[str, Call]:
    """What each capability is tried with in an empty world; a refusal is an answer."""
    directories = {"host_config_dir": world.config_dir, "container_config_dir": Path("/home/node/.claude")}
    request = DispatchRequest("smoke", "hello", world.workdir)
    return {
        "store": ("get_session", {"key": "smoke"}),
        "ttl": ("sweep_stale_sessions", {}),
        "resume": ("dispatch", {"request": request}),
        "identity": ("derive_session_id", {"workspace_id": "smoke"}),
        "quarantine": ("quarantine_invalid", {"session_id": _ID, "cwd": world.workdir}),
        "metrics": ("metrics", {}),
        "binds": ("mount_plan", directories),
        "retention": ("install_lifecycle_settings", {"retention_days": 30}),
        "idle": ("idle_state", {}),
        "history": ("list_sessions", {"limit": 20}),
        "recovery": ("rate_limited_sessions", {}),
        "tmux": ("tmux_list", {}),
        "export": ("export_session", {"session_id": _ID, "destination": world.workdir / "export"}),
    }
