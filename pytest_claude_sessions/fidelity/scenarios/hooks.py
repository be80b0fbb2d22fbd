"""Hooks in user and managed settings: which run, and what they are given."""

from __future__ import annotations

from ..scenario import scenario
from ..stage import Stage

EVENTS = ("SessionStart", "UserPromptSubmit", "Stop", "SessionEnd")


@scenario("hook_stop", "a Stop hook in settings.json")
def stop(stage: Stage) -> None:
    stage.settings(stage.hooks("Stop"))
    stage.claude(step="start")


@scenario("hook_stop_managed", "a Stop hook in the managed settings")
def stop_managed(stage: Stage) -> None:
    stage.settings(stage.hooks("Stop"), managed=True)
    stage.claude(step="start")


@scenario("hook_stop_resume", "a Stop hook in a resumed conversation")
def stop_resume(stage: Stage) -> None:
    session_id = stage.conversation()
    stage.settings(stage.hooks("Stop"))
    stage.claude("--resume", session_id, step="resume")


@scenario("hooks_all", "hooks for the events of a session's life, fresh and resumed")
def every(stage: Stage) -> None:
    stage.settings(stage.hooks(*EVENTS))
    first = stage.claude(step="start")
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume")


@scenario("hooks_dead_id", "the same hooks and a dead id")
def dead(stage: Stage) -> None:
    stage.settings(stage.hooks(*EVENTS))
    stage.claude("--resume", "11111111-1111-4111-8111-111111111111", step="resume")


@scenario("hook_stop_blocks", "a Stop hook that wants the model to go on once")
def blocks(stage: Stage) -> None:
    mark = stage.root / "blocked"
    command = f"test -e '{mark}' || {{ touch '{mark}'; echo 'go on' >&2; exit 2; }}"
    stage.settings(stage.hooks("Stop", command=command))
    stage.claude(step="start")


@scenario("hook_stop_fails", "a Stop hook that ends with status 1")
def fails(stage: Stage) -> None:
    stage.settings(stage.hooks("Stop", command="echo oh no >&2; exit 1"))
    stage.claude(step="start")


@scenario("hook_failure", "Stop and StopFailure hooks when the request fails")
def failure(stage: Stage) -> None:
    stage.settings(stage.hooks("Stop", "StopFailure", "SessionEnd"))
    stage.fail("server_error")
    stage.claude(step="start")


@scenario("settings_invalid", "a settings.json that is no JSON")
def invalid(stage: Stage) -> None:
    (stage.config_dir / "settings.json").write_text("{ this is no JSON")
    stage.settle()
    stage.claude(step="start")
