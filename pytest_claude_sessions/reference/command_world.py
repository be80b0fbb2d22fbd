"""The world of the person at the shell: where Claude keeps its files, and where this manager keeps its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..environment import Environment

MANAGED_SETTINGS = Path("/etc/claude-code/managed-settings.d")


def world_of(
    variables: Mapping[str, str], config_dir: Path | None, state_dir: Path | None, claude: str | None
) -> Environment:
    """The environment that the manager is given.

    :param variables: of this process; Claude gets them all
    :param config_dir: Claude's; None takes CLAUDE_CONFIG_DIR, else `~/.claude`
    :param state_dir: the manager's own; None takes `claude-sessions` in XDG_STATE_HOME, else in `~/.local/state`
    :param claude: the program, a path or a name on PATH
    """
    home = Path(variables.get("HOME") or os.path.expanduser("~"))
    config = config_dir or Path(variables.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    state = state_dir or Path(variables.get("XDG_STATE_HOME") or home / ".local" / "state") / "claude-sessions"
    program = claude or "claude"
    found = shutil.which(program, path=variables.get("PATH"))
    return Environment(
        config_dir=config.absolute(),
        state_dir=state.absolute(),
        home=home,
        workdir=Path.cwd(),
        managed_settings_dir=MANAGED_SETTINGS,
        claude=Path(found).absolute() if found else Path(program),
        env=dict(variables),
    )
