"""The world that a manager is given: directories, the program to run, settings (SPEC 4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

# What a child keeps of the machine's environment; everything else could name the user's own Claude.
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a manager lives. Handing the same one to the factory again is a restart.

    :param config_dir: Claude's config directory (CLAUDE_CONFIG_DIR)
    :param state_dir: the manager's own files; they survive restarts
    :param home: the user's home
    :param workdir: a directory for Claude to work in
    :param managed_settings_dir: stands for /etc/claude-code/managed-settings.d
    :param claude: the program to run
    :param env: the whole environment for children
    :param settings: what an operator configured (`max_session_age_ms`, `claude_timeout_s`, ...); an absent
        one, or None, means the manager's default
    """

    config_dir: Path
    state_dir: Path
    home: Path
    workdir: Path
    managed_settings_dir: Path
    claude: Path
    env: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def with_settings(self, **settings: Any) -> Environment:
        """The same world, configured otherwise: what a restart after a change of configuration sees."""
        return replace(self, settings={**self.settings, **settings})

    def with_env(self, **variables: str | None) -> Environment:
        """The same world with some variables set, or left out where the value is None."""
        merged: dict[str, str | None] = {**self.env, **variables}
        return replace(self, env={name: value for name, value in merged.items() if value is not None})


def make_environment(
    root: Path,
    claude: Path,
    claude_env: Mapping[str, str],
    *,
    config_dir: Path | None = None,
    home: Path | None = None,
) -> Environment:
    """Make the directories of a fresh world under `root`, less those that exist already.

    :param root: a directory of the test's own
    :param claude: the program to run
    :param claude_env: variables that this program needs
    :param config_dir: Claude's config directory, when it is made already
    :param home: the user's home, when it is made already
    """
    home, config_dir, state_dir = home or root / "home", config_dir or root / "config", root / "state"
    workdir, managed, temporary = root / "work", root / "managed-settings.d", root / "tmp"
    for directory in (home, config_dir, state_dir, workdir, managed, temporary):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env.update(
        HOME=str(home),
        CLAUDE_CONFIG_DIR=str(config_dir),
        CLAUDE_FAKE_MANAGED_SETTINGS=str(managed),
        TMPDIR=str(temporary),
        **claude_env,
    )
    return Environment(
        config_dir=config_dir,
        state_dir=state_dir,
        home=home,
        workdir=workdir,
        managed_settings_dir=managed,
        claude=claude,
        env=env,
    )


def as_json(environment: Environment) -> dict[str, Any]:
    """The environment as the stdio door sends it: paths as strings (SPEC 5)."""
    return {
        "config_dir": str(environment.config_dir),
        "state_dir": str(environment.state_dir),
        "home": str(environment.home),
        "workdir": str(environment.workdir),
        "managed_settings_dir": str(environment.managed_settings_dir),
        "claude": str(environment.claude),
        "env": dict(environment.env),
        "settings": dict(environment.settings),
    }


def from_json(data: Mapping[str, Any]) -> Environment:
    """The environment back from what :func:`as_json` gave."""
    return Environment(
        config_dir=Path(data["config_dir"]),
        state_dir=Path(data["state_dir"]),
        home=Path(data["home"]),
        workdir=Path(data["workdir"]),
        managed_settings_dir=Path(data["managed_settings_dir"]),
        claude=Path(data["claude"]),
        env=dict(data["env"]),
        settings=dict(data["settings"]),
    )
