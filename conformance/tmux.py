"""Checks of the capability `tmux`: three windows a directory on a real server, found and ended exactly (TMX-*)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.cli import NeedsFake
from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .tmux_trial import TmuxTrial, tmux_server

SHELLS = {"sh", "ash", "bash", "dash", "fish", "ksh", "mksh", "zsh"}


def _opened(trial: Trial, server: TmuxTrial, cwd: Path, session_id: str | None = None) -> str:
    """Start Claude in a directory and wait until it runs there; the session's name, proven on the server."""
    before = len(trial.starts)
    session = trial.manager.tmux_start(cwd, session_id)
    given = f"tmux_start in {cwd}"
    trial.judge(
        session.name in server.sessions(),
        given=given,
        expected="a tmux session of the name that it returns",
        seen=f"{session}, and the server has {sorted(server.sessions())}",
    )
    starts = server.started(before + 1, given)
    trial.equal(starts[-1].cwd, os.path.realpath(cwd), given=f"{given}; where Claude was started")
    return session.name


# ---------------------------------------------------------------------- starting
@check("TMX-01")
def three_windows_in_the_directory(trial: Trial) -> None:
    """A start opens three windows in the directory: in one of them Claude, in another a shell."""
    with tmux_server(trial) as server:
        cwd = trial.directory("project")
        session = trial.manager.tmux_start(cwd)
        given = "tmux_start in a directory, with no tmux server running"
        trial.equal(server.sessions(), {session.name: 3}, given=f"{given}; the server's sessions with their windows")
        trial.equal(session.windows, 3, given=f"{given}; the windows that it tells")
        start = server.started(1, given)[0]
        trial.equal(start.cwd, os.path.realpath(cwd), given=f"{given}; where Claude was started")
        trial.equal(start.requested_resume, None, given=f"{given}, without an id; what Claude was asked to resume")
        places = {os.path.realpath(cwd)}
        shells = server.until(
            lambda: server.panes(session.name),
            lambda panes: any(pane.command in SHELLS and pane.path in places for pane in panes),
            given,
            "a shell in the directory",
        )
        trial.equal(len(shells), 3, given=f"{given}; how many panes there are")
        trial.equal(len(trial.starts), 1, given=f"{given}; how often Claude was started")


@check("TMX-01")
def an_id_is_resumed(trial: Trial) -> None:
    """Started with an id, Claude is asked to resume it, in the directory of the conversation."""
    cwd = trial.directory("project")
    other = trial.config.add_conversation(cwd=cwd)
    wanted = trial.config.add_conversation(cwd=cwd)
    trial.config.add_conversation(cwd=cwd)
    with tmux_server(trial) as server:
        _opened(trial, server, cwd, wanted.session_id)
        seen = [(start.requested_resume, bool(start.raw["requested"]["continue"])) for start in trial.starts]
        given = f"tmux_start with one of three ids ({other.session_id} is another)"
        trial.equal(seen, [(wanted.session_id, False)], given=f"{given}; what Claude was asked to resume")


@check("TMX-01")
def what_is_typed_reaches_claude(trial: Trial) -> None:
    """A line that is typed into Claude's window is answered in the conversation that was resumed."""
    if trial.real:
        raise NeedsFake("typing: the real program has first screens that a person goes through")
    cwd = trial.directory("project")
    conversation = trial.config.add_conversation(cwd=cwd)
    with tmux_server(trial) as server:
        name = _opened(trial, server, cwd, conversation.session_id)
        pane = _pane_of_claude(trial, server, name)
        server.type(pane, "typed into tmux")
        given = "a line typed into Claude's window"
        last = server.until(
            lambda: trial.prompts(trial.starts[-1].session_id),
            lambda held: held[-1:] == ["typed into tmux"],
            given,
            "it",
        )
        trial.equal(last[0], conversation.prompts[0], given=f"{given}; the first prompt of the conversation it is in")


def _pane_of_claude(trial: Trial, server: TmuxTrial, name: str) -> str:
    """The pane whose program is Claude's last start, or its parent."""
    pid = trial.starts[-1].pid
    parents = {pid, int(trial.starts[-1].raw.get("ppid") or pid)}
    found = server.until(
        lambda: [pane.id for pane in server.panes(name) if pane.pid in parents],
        bool,
        f"the session {name}",
        "Claude's pane",
    )
    return found[0]


# ---------------------------------------------------------------------- listing
@check("TMX-02")
def the_own_sessions_are_listed_and_no_others(trial: Trial) -> None:
    """Two sessions are listed with their windows; three of other people's, and another manager's, are not."""
    with tmux_server(trial) as server:
        trial.equal(trial.manager.tmux_list(), [], given="no tmux server; what is listed")
        trial.equal(server.sessions(), {}, given="tmux_list without a server; the server's sessions after it")
        names = [_opened(trial, server, trial.directory(name)) for name in ("one", "two")]
        for foreign in ("work", f"{names[0]}-2", names[1][:-1], "claude-mine"):
            server.start(foreign)
        stranger = trial.another(_other_world(trial))
        third = stranger.tmux_start(trial.directory("three"))
        given = "two sessions of the manager, four that are nobody's and one of another manager"
        seen = {found.name: found.windows for found in trial.manager.tmux_list()}
        trial.equal(seen, dict.fromkeys(names, 3), given=f"{given}; what is listed")
        trial.equal([found.name for found in stranger.tmux_list()], [third.name], given=f"{given}; the other's list")
        server.run("new-window", "-d", "-t", f"={names[0]}:", "/bin/sh")
        seen = {found.name: found.windows for found in trial.restart().tmux_list()}
        trial.equal(seen, {names[0]: 4, names[1]: 3}, given="a fourth window, and the manager restarted")


def _other_world(trial: Trial) -> Environment:
    world = trial.environment
    config, state = world.workdir / "config2", world.workdir / "state2"
    for directory in (config, state):
        directory.mkdir()
    made = replace(world, config_dir=config, state_dir=state)
    return made.with_env(CLAUDE_CONFIG_DIR=str(config))


# ---------------------------------------------------------------------- killing
WRONG_NAMES: dict[str, Callable[[str], str]] = {
    "a-prefix": lambda name: name[:-1],
    "a-short-prefix": lambda name: name[:3],
    "a-pattern": lambda name: f"{name[:3]}*",
    "longer": lambda name: f"{name}x",
    "empty": lambda name: "",
}


@check("TMX-03", cases=WRONG_NAMES)
def a_wrong_name_ends_nothing(trial: Trial, wrong: Callable[[str], str]) -> None:
    """A name that only begins another, or matches it as a pattern, is refused, and nothing ends; the right one does."""
    with tmux_server(trial) as server:
        name = _opened(trial, server, trial.directory("project"))
        server.start("foreign")
        before = server.pids()
        asked = wrong(name)
        kind = trial.manager.refusal_of(lambda: trial.manager.tmux_kill(asked))
        given = f"the session {name}, and a kill of {asked!r}"
        trial.equal(server.pids(), before, given=f"{given}; what runs in the server's sessions")
        trial.judge(
            kind in ("not_found", "ambiguous"), given=given, expected="a refusal of the kind not_found", seen=f"{kind}"
        )
        with server.ending(name):
            trial.manager.tmux_kill(name)
        trial.equal(sorted(server.sessions()), ["foreign"], given=f"a kill of {name}; the sessions that are left")


@check("TMX-03")
def the_named_one_is_ended_alone(trial: Trial) -> None:
    """Of sessions whose names begin with one another exactly the named one is ended, with its Claude."""
    with tmux_server(trial) as server:
        names = [_opened(trial, server, trial.directory(name)) for name in ("bill", "billing")]
        for suffix in ("-2", "x"):
            server.start(names[0] + suffix)
        before = server.pids()
        with server.ending(names[0]):
            trial.manager.tmux_kill(names[0])
        given = f"a kill of {names[0]} beside {names[1]}, {names[0]}-2 and {names[0]}x"
        trial.equal(
            server.pids(),
            {name: pids for name, pids in before.items() if name != names[0]},
            given=f"{given}; what runs",
        )
        trial.equal([found.name for found in trial.manager.tmux_list()], [names[1]], given=f"{given}; what is listed")
        kind = trial.manager.refusal_of(lambda: trial.manager.tmux_kill(names[0]))
        trial.equal(kind, "not_found", given=f"a second kill of {names[0]}")


# ---------------------------------------------------------------------- names of directories
NAMES = {
    "dots": "my.project.v2",
    "colons": "a:b:0",
    "spaces": "my  project ",
    "all-of-them": ". a.b: c ",
    "a-leading-dash": "-t x",
    "other-letters": "größe 日本",
}


@check("TMX-04", cases=NAMES)
def any_directory_name_works(trial: Trial, name: str) -> None:
    """In a directory of such a name Claude is started, listed under the real name, and ended."""
    with tmux_server(trial) as server:
        cwd = trial.directory("parent.with:all of it") / name
        cwd.mkdir()
        opened = _opened(trial, server, cwd)
        given = f"tmux_start in a directory called {name!r}"
        listed = [(found.name, found.windows) for found in trial.manager.tmux_list()]
        trial.equal(listed, [(opened, 3)], given=f"{given}; what is listed")
        trial.equal(server.sessions(), {opened: 3}, given=f"{given}; the server's sessions")
        with server.ending(opened):
            trial.manager.tmux_kill(opened)
        trial.equal(server.sessions(), {}, given=f"{given}, and a kill of it; the server's sessions")


@check("TMX-04")
def two_directories_of_one_name_are_two_sessions(trial: Trial) -> None:
    """Two directories with the same last name have a session each, with a Claude of its own in it."""
    with tmux_server(trial) as server:
        places = [trial.directory("x/app"), trial.directory("y/app"), trial.directory("x y/app")]
        names = [_opened(trial, server, cwd) for cwd in places]
        given = "three directories called app"
        trial.equal(server.sessions(), dict.fromkeys(names, 3), given=f"{given}; the server's sessions")
        trial.equal(len(set(names)), 3, given=f"{given}; how many names they have")
        with server.ending(names[1]):
            trial.manager.tmux_kill(names[1])
        trial.equal(sorted(server.sessions()), sorted([names[0], names[2]]), given=f"{given}, the second one killed")
