"""The real program: where it is, and which release."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..options import WrongOption
from ..real_program import bundled_program, told_version, version_in


@dataclass(frozen=True, slots=True)
class RealProgram:
    """A real `claude`.

    :param path: the executable
    :param release: what it says that it is
    :param env: variables that it needs besides those of the API
    """

    path: Path
    release: str
    env: Mapping[str, str] = field(default_factory=lambda: {"IS_SANDBOX": "1"})


def find_program(named: str) -> RealProgram:
    """The program that `--claude-cli` names.

    :param named: a path, or `real` for the SDK's, else the one on PATH
    :raises WrongOption: when there is none
    """
    if named == "real":
        on_path = shutil.which("claude")
        path = bundled_program() or (Path(on_path) if on_path else None)
        if path is None:
            raise WrongOption("--claude-cli real: no claude is installed: pip install 'pytest-claude-sessions[sdk]'")
    else:
        path = Path(named).absolute()
        if not path.is_file():
            raise WrongOption(f"--claude-cli: there is no program {named}; 'real' takes the installed one")
    try:
        told = told_version([path])
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongOption(f"--claude-cli: {path} does not run: {error}") from error
    release = version_in(told)
    if release is None:
        raise WrongOption(f"--claude-cli: {path} does not say its version: {told[:80]!r}")
    return RealProgram(path, release)
