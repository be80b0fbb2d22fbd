"""Coverage of the fake's starts: they leave `site` out, by which coverage comes into all other children."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

_CONFIG = "COVERAGE_PROCESS_CONFIG"
# Before the program's own lines. What a child of it finds in its environment stays what it is.
_PREAMBLE = """
import os, sys
before = os.environ.get({name!r})
os.environ[{name!r}] = {config!r}
sys.path.append({packages!r})
try:
    os.getcwd()
except OSError:
    pass  # coverage needs one
else:
    import coverage
    coverage.process_startup()
sys.path.remove({packages!r})
del os.environ[{name!r}]
if before is not None:
    os.environ[{name!r}] = before
"""


def measure_the_fakes_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this process is measured, let each executable that is made here measure itself."""
    if _CONFIG not in os.environ:
        return
    import coverage

    from pytest_claude_sessions import cli

    write = cli._write_executable
    packages = str(Path(coverage.__file__).parent.parent)

    def write_measured(path: Path, module: str, variables: Mapping[str, str]) -> None:
        write(path, module, variables)
        config = os.environ.get(_CONFIG)
        if config is None:
            return
        program = path.with_name("claude.py") if path.with_name("claude.py").exists() else path
        first, line_end, rest = program.read_text("utf-8").partition("\n")
        preamble = _PREAMBLE.format(name=_CONFIG, config=config, packages=packages)
        # A shebang stays the first line; a program of a path too long for one has none.
        text = f"{first}{line_end}{preamble}{rest}" if first.startswith("#!") else f"{preamble}{first}{line_end}{rest}"
        program.write_text(text, "utf-8")

    monkeypatch.setattr(cli, "_write_executable", write_measured)


def pytest_unconfigure() -> None:
    """In inner runs with `-p tests.measured`: what is measured inside them keeps what measures them from saving."""
    import coverage

    around = getattr(coverage.process_startup, "coverage", None)
    if around is not None:
        around._auto_save = True
