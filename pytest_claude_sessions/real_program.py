"""The real program: the one that the installed SDK carries, and the version that a program tells of itself."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

SDK = "claude_agent_sdk"
VERSION_TIMEOUT_S = 120.0


def bundled_program() -> Path | None:
    """The program that the installed SDK carries; the SDK itself is not imported: that takes more than a second."""
    spec = find_spec(SDK)
    for directory in (spec.submodule_search_locations or []) if spec else []:
        path = Path(directory, "_bundled", "claude")
        if path.is_file():
            return path
    return None


def told_version(argv: Sequence[str | os.PathLike[str]]) -> str:
    """What a program answers to `--version`, on stdout, else on stderr.

    It is asked in a home of its own: releases such as 1.0.128 write there even then.

    :param argv: the program, with what goes before its own arguments
    :raises OSError: it does not start
    :raises subprocess.TimeoutExpired: it does not end
    """
    with tempfile.TemporaryDirectory(prefix="claude-version-") as home:
        apart = {"HOME": home, "CLAUDE_CONFIG_DIR": os.path.join(home, "config")}
        quiet = {"DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        done = subprocess.run(
            [*argv, "--version"],
            env={**os.environ, **apart, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT_S,
            check=False,
        )
    return done.stdout or done.stderr


def version_in(told: str) -> str | None:
    """The version that such an answer begins with, None when it tells none."""
    found = re.match(r"\d+\.\d+\.\d+", told)
    return found.group() if found else None
