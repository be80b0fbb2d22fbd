"""Coverage of starts that leave `site` out, by which it comes into all other children: the fake's, those in a bind."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

_CONFIG = "COVERAGE_PROCESS_CONFIG"
# Before a program's own lines. What a child of it finds in its environment stays what it is.
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


def measure_isolated_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this process is measured, let each fake that is made here, and each child in a bind, measure itself."""
    if _CONFIG not in os.environ:
        return
    from pytest_claude_sessions import cli
    from pytest_claude_sessions.api import network
    from pytest_claude_sessions.bind import launcher
    from pytest_claude_sessions.config_dir import guard

    write = cli._write_executable

    def write_measured(path: Path, module: str, variables: Mapping[str, str]) -> None:
        write(path, module, variables)
        program = path.with_name("claude.py") if path.with_name("claude.py").exists() else path
        first, line_end, rest = program.read_text("utf-8").partition("\n")
        # A shebang stays the first line; a program of a path too long for one has none.
        if first.startswith("#!"):
            program.write_text(f"{first}{line_end}{_preamble()}{rest}", "utf-8")
        else:
            program.write_text(f"{_preamble()}{first}{line_end}{rest}", "utf-8")

    monkeypatch.setattr(cli, "_write_executable", write_measured)
    braces = str.maketrans({"{": "{{", "}": "}}"})
    monkeypatch.setattr(launcher, "_BOOT", _preamble().translate(braces) + launcher._BOOT)
    # Python traces an audit hook only where it says so.
    monkeypatch.setattr(network._audit, "__cantrace__", True, raising=False)
    make_hook = guard._hook_over

    def traced_hook(guards: list[guard.Guard]) -> Callable[[str, tuple[Any, ...]], None]:
        hook = make_hook(guards)
        hook.__cantrace__ = True  # type: ignore[attr-defined]  # what a function may have
        return hook

    monkeypatch.setattr(guard, "_hook_over", traced_hook)


def _preamble() -> str:
    config = os.environ.get(_CONFIG)
    if config is None:  # a test that leaves its children unmeasured
        return ""
    import coverage

    return _PREAMBLE.format(name=_CONFIG, config=config, packages=str(Path(coverage.__file__).parent.parent))


def pytest_unconfigure() -> None:
    """In inner runs with `-p tests.measured`: what is measured inside them keeps what measures them from saving."""
    import coverage

    around = getattr(coverage.process_startup, "coverage", None)
    if around is not None:
        around._auto_save = True
