"""Writing the start of a driver: a commented file that passes the smoke step as it stands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

FILES: Mapping[str, str] = {"python": "driver.py", "node": "driver.mjs", "bash": "driver.bash"}
"""The file of each language."""


class DriverExists(Exception):
    """There is a file already where the driver would be written."""


@dataclass(frozen=True, slots=True)
class Written:
    """A driver that was written, and the command that starts it."""

    path: Path
    command: str


def write_driver(language: str, directory: Path) -> Written:
    """Write a driver.

    :param language: one of :data:`FILES`
    :param directory: made when it is not there
    :raises DriverExists: when it would overwrite something
    """
    name = FILES[language]
    path = directory / name
    text = resources.files(__package__).joinpath("templates", f"{name}.txt").read_text("utf-8")
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise DriverExists(f"{path} is there already and is not overwritten: name another directory") from None
    path.chmod(0o755)
    return Written(path, f"{language} {shlex.quote(str(path))}")
