"""The suite's own turns and hooks: run as Claude runs them, and told truly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.door.inprocess import InProcessDoor
from pytest_claude_sessions.reference import reference
from pytest_claude_sessions.suite.container import in_container, with_managed_settings
from pytest_claude_sessions.suite.judgement import Breach, CouldNotRun, NotApplicable
from pytest_claude_sessions.suite.trial import Arrangement, Trial
from pytest_claude_sessions.suite.turn import run_stop_hooks, stop_commands, take_turn


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(Arrangement(InProcessDoor(reference, (), "not in these tests")), tmp_path)
    yield made
    made.close()


def install(trial: Trial, command: str) -> None:
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}
    (trial.environment.managed_settings_dir / "30-x.json").write_text(json.dumps({"hooks": hooks}))


def test_a_turn_is_claudes_own(trial: Trial) -> None:
    session_id = take_turn(trial, "a prompt of its own")
    assert trial.prompts(session_id) == ["a prompt of its own"]
    trial.claude.auth_failure()
    with pytest.raises(RuntimeError, match="a turn of claude itself failed"):
        take_turn(trial)
    trial.claude.auth_failure()
    take_turn(trial, may_fail=True)


def test_hooks_get_what_claude_gives_them(trial: Trial) -> None:
    home = trial.directory("it's a home")
    install(trial, 'cat > "$HOME/payload"; pwd; echo said >&2; exit 3')
    [end] = run_stop_hooks(trial, home=home, payload={"background_tasks": []})
    assert (end.status, end.stderr) == (3, "said\n")
    payload = json.loads((home / "payload").read_text())
    assert payload["cwd"] == end.stdout.strip()
    assert (payload["hook_event_name"], payload["background_tasks"]) == ("Stop", [])


def test_a_hook_is_run_in_a_directory_that_is_gone(trial: Trial) -> None:
    install(trial, 'test -d "$CLAUDE_PROJECT_DIR" && exit 4; exit 5')
    assert [end.status for end in run_stop_hooks(trial)] == [4]
    assert [end.status for end in run_stop_hooks(trial, cwd_is_gone=True)] == [5]


def test_a_hook_that_hangs_is_killed(trial: Trial) -> None:
    install(trial, "exec sleep 600")
    assert [end.status for end in run_stop_hooks(trial, timeout_s=0.1)] == [None]


def test_settings_without_a_stop_hook_are_charged_to_the_manager(trial: Trial) -> None:
    with pytest.raises(Breach, match="a Stop hook of the type command"):
        stop_commands(trial.environment.managed_settings_dir, given="an installation")


def test_the_fake_is_told_where_the_managed_settings_are(trial: Trial) -> None:
    with_managed_settings(trial)
    install(trial, 'touch "$HOME/ran"')
    take_turn(trial)
    assert (trial.environment.home / "ran").exists()
    trial.as_release("2.1.50")
    with pytest.raises(NotApplicable, match=r"2\.1\.50 reads no managed-settings\.d"):
        with_managed_settings(trial)


def test_claude_runs_under_the_mounts_and_the_manager_does_not(trial: Trial) -> None:
    host, container = trial.environment.config_dir, trial.directory("container")
    take_turn(trial)
    trial.manager.prepare_host(host)
    try:
        manager = in_container(trial, trial.manager.mount_plan(host, container), container)
    except CouldNotRun as reason:
        pytest.skip(str(reason))
    result = manager.dispatch("a prompt", key="chat")
    assert trial.prompts(result.session_id) == ["a prompt"]
    assert trial.starts[-1].env["CLAUDE_CONFIG_DIR"] == str(container)
    assert list(container.iterdir()) == []
