"""Working directories: linked, moved, gone, with strange names."""

from __future__ import annotations

from pathlib import Path

from ..scenario import scenario
from ..stage import Stage


def _directory(stage: Stage, *names: str) -> Path:
    path = stage.disk.joinpath(*names)
    path.mkdir(parents=True)
    stage.settle()
    return path


def _there_and_back(stage: Stage, cwd: Path) -> None:
    first = stage.claude(step="start", cwd=cwd)
    if first.status == 0 and first.session_id:
        stage.claude("--resume", first.session_id, step="resume", cwd=cwd)


@scenario("cwd_symlink", "a working directory reached through a symbolic link")
def symlink(stage: Stage) -> None:
    link = stage.disk / "link"
    link.symlink_to(stage.cwd)
    stage.settle()
    stage.set_env(PWD=str(link))
    first = stage.claude(step="start", cwd=link)
    stage.set_env(PWD=None)
    stage.claude("--resume", first.session_id, step="resume from the real one")


@scenario("cwd_moved", "a working directory that is renamed between two starts")
def moved(stage: Stage) -> None:
    first = stage.conversation()
    other = stage.disk / "renamed"
    stage.cwd.rename(other)
    stage.settle()
    stage.claude("--resume", first, step="resume", cwd=other)


@scenario("cwd_gone", "a working directory that is removed before the program looks")
def gone(stage: Stage) -> None:
    first = stage.conversation()
    stage.claude("--resume", first, step="resume", inside='rmdir "$(pwd)"; exec "$@"')


@scenario("cwd_encode_alike", "two directories whose names encode alike: resume and --session-id from the other")
def alike(stage: Stage) -> None:
    one, other = _directory(stage, "a-b"), _directory(stage, "a.b")
    first = stage.claude(step="start", cwd=one)
    stage.claude("--resume", first.session_id, step="resume from the other", cwd=other)
    stage.claude("--continue", step="continue from the other", cwd=other)


@scenario("cwd_non_ascii", "letters outside ASCII in the path")
def non_ascii(stage: Stage) -> None:
    _there_and_back(stage, _directory(stage, "projekt-äöü-日本"))


@scenario("cwd_emoji", "an emoji in the path, which is two units of UTF-16")
def emoji(stage: Stage) -> None:
    _there_and_back(stage, _directory(stage, "rocket-🚀-x"))


@scenario("cwd_spaces", "spaces, dots and underscores in the path")
def spaces(stage: Stage) -> None:
    _there_and_back(stage, _directory(stage, "My Project_1.2 (new)"))


@scenario("cwd_long", "a path that encodes to more than 200 characters")
def long(stage: Stage) -> None:
    _there_and_back(stage, _directory(stage, *[f"abcdefghijklmnopqrstuvwxyz{i}" for i in range(9)]))


@scenario("cwd_long_emoji", "a path of more than 200 characters with emoji in it")
def long_emoji(stage: Stage) -> None:
    _there_and_back(stage, _directory(stage, *[f"🚀abcdefghijklmnopqrstuvwxyz{i}" for i in range(9)]))


@scenario("config_dir_missing", "a config directory that does not exist yet")
def config_missing(stage: Stage) -> None:
    stage.set_env(CLAUDE_CONFIG_DIR=str(stage.disk / "new" / "config"))
    stage.claude(step="start")


@scenario("config_dir_default", "no CLAUDE_CONFIG_DIR: the config directory in HOME")
def config_default(stage: Stage) -> None:
    stage.unset("CLAUDE_CONFIG_DIR")
    stage.claude(step="start")
