"""Environments of their own, for what is measured beside the plug-in: made once, from PyPI."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from .pairs import CHECKOUT, Failed
from .scale import STARTED_WITH

_PARTS = ("pytest_claude_sessions", "conformance", "pyproject.toml", "README.md", "LICENSE")


def environment(directory: Path, packages: Sequence[str]) -> Path:
    """The Python of an environment with these packages.

    :param directory: where it is made, unless it is there with the same packages
    :raises Failed: when pip cannot install one of them
    """
    python, told = directory / "bin" / "python", directory / "packages.txt"
    wanted = "\n".join(packages)
    if told.is_file() and told.read_text("utf-8") == wanted:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    _pip(python, *packages)
    told.write_text(wanted, "utf-8")
    return python


def with_the_checkout(directory: Path, packages: Sequence[str] = ()) -> Path:
    """The Python of an environment in which the checkout is installed as its users install it: copied, not linked."""
    python = environment(directory, packages)
    with tempfile.TemporaryDirectory() as name:
        for part in _PARTS:
            source = CHECKOUT / part
            if source.is_dir():
                shutil.copytree(source, Path(name, part), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, name)
        _pip(python, name)
        _pip(python, "--no-deps", "--force-reinstall", name)
    return python


def _pip(python: Path, *words: str) -> None:
    argv = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(argv, env=STARTED_WITH, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"pip could not install {' '.join(words)}: {done.stderr[-600:]}")


def executable(name: str) -> str:
    """The path of a program that a row needs.

    :raises Failed: when the machine has none
    """
    found = shutil.which(name)
    if found is None:
        raise Failed(f"this machine has no {name}")
    return found
