"""A copy of the project that a measurement may change, and that nobody else changes meanwhile."""

from __future__ import annotations

import compileall
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGE = "pytest_claude_sessions/reference"
"""Where the manager is whose mutants are made."""
ROOT = Path(__file__).parents[2]
PARTS = ("pytest_claude_sessions", "conformance", "tests/__init__.py", "tests/broken")


def make_copy(target: Path, commit: str | None) -> None:
    """Copy what a run needs, compiled.

    :param target: a directory that does not exist yet
    :param commit: of the repository; None takes the checkout as it is now
    """
    target.mkdir(parents=True)
    if commit is None:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target / name)
    else:
        packed = subprocess.run(["git", "archive", commit, "--", *PARTS], cwd=ROOT, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(target, filter="data")
    shutil.copytree(Path(__file__).parent, target / "tests" / "strength", ignore=shutil.ignore_patterns("__pycache__"))
    # As it is installed (SPEC 9).
    (target / "conformance").rename(target / "pytest_claude_sessions" / "conformance")
    compileall.compile_dir(target, quiet=2)


def environment_of(copy: Path, scratch: Path) -> dict[str, str]:
    """The variables of a process that runs the copy.

    :param scratch: the only directory that it may write to
    """
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    env = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return env | {
        "HOME": str(home),
        "PYTHONPATH": str(copy),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "TMPDIR": str(scratch),
    }


def start_worker(copy: Path, scratch: Path, *preloaded: str, more: dict[str, str] | None = None) -> subprocess.Popen:
    """Start a process that makes runs of the copy, see `runs`."""
    argv = [sys.executable, "-m", "tests.strength.runs", str(copy), str(scratch), *preloaded]
    env = environment_of(copy, scratch) | (more or {})
    return subprocess.Popen(argv, cwd=scratch, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
