"""Checks of `tmux` about a server that is older than the manager, and one that died (TMX-05, TMX-06)."""

from __future__ import annotations

from collections.abc import Callable

from pytest_claude_sessions.cli import NeedsFake
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

from .tmux_trial import tmux_server

ENCLOSING = ("CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_SESSION_ID")
"""What an enclosing Claude leaves; handed on, the transcript is not written (RES-24)."""


@check("TMX-05", cases={"first-start": False, "next-start": True})
def claude_gets_the_managers_environment(trial: Trial, again: bool) -> None:
    """On a server that was started in another environment, Claude has the manager's config dir and variables."""
    with tmux_server(trial) as server:
        world = trial.environment
        stale = {**world.env, "CLAUDE_CONFIG_DIR": str(world.workdir / "stale"), "STALE_ALONE": "stale"}
        stale.update(dict.fromkeys(ENCLOSING, "1"), SHARED="stale", HOME=str(world.workdir))
        server.start("older", env=stale)
        trial.restart(world.with_env(SHARED="the manager's", OWN_ALONE="with spaces; and 'quotes' #{pid}"))
        if again:
            trial.manager.tmux_start(trial.directory("first"))
            server.started(1, "tmux_start")
        trial.manager.tmux_start(trial.directory("project"))
        start = server.started(2 if again else 1, "tmux_start on an older server")[-1]
        wanted = trial.environment.env
        names = ("CLAUDE_CONFIG_DIR", "HOME", "PATH", "SHARED", "OWN_ALONE")
        given = "a tmux server that was started with other values"
        trial.equal(
            {name: start.env.get(name) for name in names},
            {name: wanted[name] for name in names},
            given=f"{given}; Claude's environment",
        )
        left = sorted({"STALE_ALONE", *ENCLOSING} & set(start.env))
        trial.equal(left, [], given=f"{given}; what of the server's own environment Claude has")


AGAIN: dict[str, Callable[[Trial], ManagerHandle]] = {
    "the-same-manager": lambda trial: trial.manager,
    "after-a-restart": lambda trial: trial.restart(),
}


@check("TMX-06", cases=AGAIN)
def a_resumed_conversation_comes_back(trial: Trial, again: Callable[[Trial], ManagerHandle]) -> None:
    """The server having died, a start in the directory resumes the conversation that was open there."""
    cwd, other = trial.directory("project"), trial.directory("other")
    wanted, elsewhere = trial.config.add_conversation(cwd=cwd), trial.config.add_conversation(cwd=other)
    trial.config.add_conversation(cwd=cwd)
    with tmux_server(trial) as server:
        trial.manager.tmux_start(cwd, wanted.session_id)
        trial.manager.tmux_start(other, elsewhere.session_id)
        server.started(2, "two conversations started in tmux")
        server.kill()
        again(trial).tmux_start(cwd)
        given = "a tmux server that died, and a start in the first of two directories"
        start = server.started(3, given)[-1]
        trial.equal(start.requested_resume, wanted.session_id, given=f"{given}; what Claude was asked to resume")


@check("TMX-06")
def a_conversation_begun_in_tmux_comes_back(trial: Trial) -> None:
    """What was typed into a new Claude is resumed by the next start after the server died."""
    if trial.real:
        raise NeedsFake("typing: the real program has first screens that a person goes through")
    cwd = trial.directory("project")
    with tmux_server(trial) as server:
        name = trial.manager.tmux_start(cwd).name
        first = server.started(1, "tmux_start in an empty directory")[0]
        given = "a line typed into a new Claude"
        pane = server.until(lambda: [p.id for p in server.panes(name) if p.pid == first.pid], bool, given, "its pane")[
            0
        ]
        server.type(pane, "typed into tmux")
        begun = server.until(
            lambda: trial.starts[0].session_id, lambda i: bool(trial.prompts(i)), given, "a transcript"
        )
        server.kill()
        trial.restart().tmux_start(cwd)
        start = server.started(2, f"{given}, the server's death and another start")[-1]
        trial.equal(
            start.requested_resume, begun, given=f"{given}, the server's death and another start; what is resumed"
        )
