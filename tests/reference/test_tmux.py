"""tmux: what the checks of the suite leave open, on a real server of each test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_claude_sessions.conformance.tmux_trial import TmuxTrial, tmux_server

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

from .test_recovery import made_trial


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = made_trial(tmp_path)
    yield trial
    trial.close()


@pytest.fixture
def server(trial: Trial) -> Iterator[TmuxTrial]:
    try:
        with tmux_server(trial) as server:
            yield server
    except CouldNotRun as reason:
        pytest.skip(str(reason))


@pytest.fixture
def manager(trial: Trial, server: TmuxTrial) -> ReferenceManager:
    return ReferenceManager(trial.environment)


def refusal(error: pytest.ExceptionInfo[ManagerError]) -> str:
    return error.value.kind


@pytest.mark.parametrize("name", ["ends;", "a#{pid}b", "#S", "q'\"u$(o)te", "a\nb", "~", "x" * 200])
def test_any_directory(trial: Trial, server: TmuxTrial, manager: ReferenceManager, name: str) -> None:
    cwd = trial.directory("names") / name
    cwd.mkdir()
    session = manager.tmux_start(cwd)
    assert server.sessions() == {session.name: 3}
    assert server.started(1, name)[0].cwd == str(cwd)


def test_second_start_finds_the_first(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    conversation = trial.config.add_conversation()
    first = manager.tmux_start(trial.environment.workdir, conversation.session_id)
    server.started(1, "a start")
    before = server.pids()
    assert manager.tmux_start(trial.environment.workdir) == first
    assert manager.tmux_start(trial.environment.workdir, conversation.session_id) == first
    assert server.pids() == before
    other = trial.config.add_conversation()
    with pytest.raises(ManagerError) as error:
        manager.tmux_start(trial.environment.workdir, other.session_id)
    assert refusal(error) == "busy"
    assert server.pids() == before


def test_claude_that_ended_is_started_again(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    conversation = trial.config.add_conversation()
    name = manager.tmux_start(trial.environment.workdir, conversation.session_id).name
    pid = server.started(1, "a start")[0].pid
    pane = next(pane.id for pane in server.panes(name) if pane.pid == pid)
    server.type(pane, "/exit")
    form = ("-t", f"={name}:", "-s", "-F", "#{pane_id} #{pane_dead}")
    server.until(lambda: server.run("list-panes", *form), lambda rows: f"{pane} 1" in rows, "/exit", "a dead pane")
    session = manager.tmux_start(trial.environment.workdir)
    assert session.windows == 3
    assert server.started(2, "another start")[-1].requested_resume == conversation.session_id


def test_killed_on_purpose_it_begins_anew(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    conversation = trial.config.add_conversation()
    name = manager.tmux_start(trial.environment.workdir, conversation.session_id).name
    server.started(1, "a start")
    with server.ending(name):
        manager.tmux_kill(name)
    manager.tmux_start(trial.environment.workdir)
    assert server.started(2, "another start")[-1].requested_resume is None


def test_refusals(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    kinds = []
    for cwd, session_id in ((trial.root / "nowhere", None), (trial.root, trial.new_id()), (trial.root, "rm -rf")):
        with pytest.raises(ManagerError) as error:
            manager.tmux_start(cwd, session_id)
        kinds.append(refusal(error))
    assert kinds == ["cwd_missing", "not_found", "invalid_session_id"]
    with pytest.raises(ManagerError) as error:
        manager.tmux_kill("nobody's")
    assert refusal(error) == "not_found"
    assert server.sessions() == {}


def test_session_of_somebody_else_is_not_touched(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    name = manager.tmux.name_of(trial.environment.workdir.resolve())
    server.start(name)
    before = server.pids()
    with pytest.raises(ManagerError) as error:
        manager.tmux_start(trial.environment.workdir)
    assert refusal(error) == "busy"
    with pytest.raises(ManagerError) as error:
        manager.tmux_kill(name)
    assert refusal(error) == "not_found"
    assert server.pids() == before
    assert list((trial.environment.state_dir / "tmux").glob("*.launch")) == []


def test_renamed_session_is_still_its_own(trial: Trial, server: TmuxTrial, manager: ReferenceManager) -> None:
    name = manager.tmux_start(trial.environment.workdir).name
    server.run("rename-session", "-t", f"={name}", "mine")
    assert [found.name for found in manager.tmux_list()] == ["mine"]
    server.started(1, "a start")
    with server.ending("mine"):
        manager.tmux_kill("mine")
    assert server.sessions() == {}


def test_secrets_are_on_no_command_line_and_in_no_file(trial: Trial, server: TmuxTrial) -> None:
    world = trial.environment.with_env(ANTHROPIC_API_KEY="a made-up secret")
    name = ReferenceManager(world).tmux_start(trial.environment.workdir).name
    start = server.started(1, "a start")[0]
    assert start.env["ANTHROPIC_API_KEY"] == "***"  # Claude has it
    notes = trial.environment.state_dir / "tmux"
    server.until(lambda: list(notes.glob("*.launch")), lambda left: not left, "a start", "no launch file")
    commands = [Path(f"/proc/{pane.pid}/cmdline").read_bytes() for pane in server.panes(name)]
    assert not any(b"made-up" in command for command in commands)
    assert not any("made-up" in path.read_text() for path in notes.iterdir())
    assert set(json.loads((notes / f"{name}.json").read_text())) == {"session_id", "started_at"}


def test_without_tmux_it_says_so(trial: Trial) -> None:
    manager = ReferenceManager(trial.environment.with_env(PATH=str(trial.root)))
    with pytest.raises(ManagerError) as error:
        manager.tmux_list()
    assert refusal(error) == "unsupported"
    assert "not installed" in str(error.value)
