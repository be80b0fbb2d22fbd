"""The `claude` program of a test: an executable, the script of what it does differently, the journal of its starts."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .claude import script as _script
from .claude.journal import FILE as _JOURNAL
from .claude.release import NEWEST, Release
from .claude.starts import Start, overlap, overlapping
from .claude.steps import Gate, GateNotReached, Steps

__all__ = ["ClaudeCli", "Gate", "GateNotReached", "NeedsFake", "Start", "overlap", "overlapping"]

_SHEBANG_LIMIT = 127
_PACKAGE = Path(__file__).resolve().parent


class NeedsFake(RuntimeError):
    """A script step was asked of the real program, which plays none.

    :ivar step: the step's name.
    """

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(
            f"the step {step!r} needs the fake claude, and this one runs the real program: "
            "make it without `real`, or skip the test where the real program is asked for"
        )


class ClaudeCli(Steps):
    """The program, made by `ClaudeCli.make`.

    :ivar path: the executable, to be started by whatever is tested.
    :ivar directory: CLAUDE_FAKE_DIR, with its journal, script and clock.
    :ivar release: whom it behaves as.
    :ivar real: path of the real program that it records, None for the fake.
    """

    def __init__(self, path: Path, directory: Path, release: Release, real: Path | None) -> None:
        self.path = path
        self.directory = directory
        self.release = release
        self.real = real

    @classmethod
    def make(cls, directory: Path, *, release: str | None = None, real: Path | None = None) -> ClaudeCli:
        """Make the executable.

        :param directory: an empty or new directory; the executable is `<directory>/bin/claude`.
        :param release: version to behave as; None takes the newest known, and of a real program what it says it is.
        :param real: run this program instead and only keep the journal.
        :raises UnknownRelease: when `release` is not a version.
        """
        made = Release.of(release or (NEWEST if real is None else version_of(real)))
        directory = directory.absolute()
        home = directory / "bin"
        home.mkdir(parents=True, exist_ok=True)
        own = directory / "fake"
        own.mkdir(exist_ok=True)
        cli = cls(home / "claude", own, made, real)
        _write_executable(cli.path, "program" if real is None else "recorder", cli.env)
        return cli

    @property
    def env(self) -> dict[str, str]:
        """The variables that make a child this program; the executable knows them, where its environment does not."""
        variables = {"CLAUDE_FAKE_RELEASE": self.release.version, "CLAUDE_FAKE_DIR": str(self.directory)}
        if self.real is not None:
            variables["CLAUDE_FAKE_REAL"] = str(self.real)
        return variables

    @property
    def starts(self) -> list[Start]:
        """Every start so far, the first one first."""
        try:
            text = (self.directory / _JOURNAL).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        # What follows the last line end is still being written.
        lines = text[: text.rfind("\n") + 1].splitlines()
        return [Start.of(json.loads(line)) for line in lines if line.strip()]

    def clear_journal(self) -> None:
        """Forget every start so far."""
        (self.directory / _JOURNAL).unlink(missing_ok=True)

    def set_now(self, now: datetime | None) -> None:
        """Let the program's clock stand still at an instant; None lets it go with the machine's.

        :raises ValueError: for a time without a zone.
        """
        path = self.directory / "clock.json"
        if now is None:
            path.unlink(missing_ok=True)
            return
        if now.tzinfo is None:
            raise ValueError(f"{now!r} has no time zone: give an aware datetime, such as one with datetime.UTC")
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({"now": now.astimezone(UTC).timestamp()}), encoding="utf-8")
        new.replace(path)

    def script(self, *steps: Mapping[str, Any]) -> None:
        """Append steps to the script, in the form of `script.json`.

        :raises NeedsFake: with a real program.
        :raises BadScript: for a step that the fake does not know.
        """
        if self.real is not None:
            raise NeedsFake(str(steps[0].get("do")) if steps else "script")
        _script.add(str(self.directory), steps)

    def clear_script(self) -> None:
        """Forget every step that is not used up."""
        _script.clear(str(self.directory))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The script as it stands; `used` tells how often each step was taken."""
        return _script.steps(str(self.directory))


def version_of(real: Path) -> str:
    """The version that a real program tells of itself, the newest known when it tells none."""
    import subprocess

    from .real_program import told_version, version_in

    try:
        return version_in(told_version([real])) or NEWEST
    except (OSError, subprocess.TimeoutExpired):
        return NEWEST


def _write_executable(path: Path, module: str, variables: Mapping[str, str]) -> None:
    # The package's own __init__ is passed by: nothing of it is needed, and each import is paid at every start.
    body = (
        "import os, sys\n"
        f"for name, value in {dict(variables)!r}.items():\n"
        "    os.environ.setdefault(name, value)\n"
        "package = type(sys)('pytest_claude_sessions')\n"
        f"package.__path__ = [{str(_PACKAGE)!r}]\n"
        "sys.modules[package.__name__] = package\n"
        f"from pytest_claude_sessions.claude.{module} import main\n"
        "main()\n"
    )
    # Without site and the environment's own Python variables, and in UTF-8 whatever the locale.
    options = "-ISXutf8"
    shebang = f"#!{sys.executable} {options}"
    if len(shebang.encode()) < _SHEBANG_LIMIT and " " not in sys.executable:
        path.write_text(f"{shebang}\n{body}", encoding="utf-8")
    else:
        program = path.with_name("claude.py")
        program.write_text(body, encoding="utf-8")
        words = shlex.join([sys.executable, options, str(program)])
        path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
