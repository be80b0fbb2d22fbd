"""The code blocks of a page, and how they are run: files are written, commands typed, their output compared."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(`{3,})([\w{}-]*)\s*\n(.*?)^\1\s*$", re.M | re.S)
FILE = re.compile(r"#\s*(\S+\.(?:py|toml|yml|cfg|ini))\s*\n")


@dataclass(frozen=True)
class Block:
    """One block.

    :param line: where it begins in the page
    """

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page; directives of the site's generator are none."""
    text = page.read_text("utf-8")
    for found in FENCE.finditer(text):
        if not found.group(2).startswith("{"):
            yield Block(found.group(2), found.group(3), text.count("\n", 0, found.start()) + 1)


def written(block: Block, project: Path) -> Path | None:
    """Write a block whose first line names a file; None for one that names none."""
    found = FILE.match(block.text)
    if found is None:
        return None
    path = project / found.group(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, "utf-8")
    return path


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that are to be seen."""
    command: str | None = None
    expected: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, expected
            command, expected = line[2:], []
        else:
            expected.append(line)
    if command is not None:
        yield command, expected


def typed(command: str, project: Path, home: Path) -> str:
    """Run a command as a reader would; what it printed."""
    words = shlex.split(command)
    words[:1] = {"python": [sys.executable], "pytest": [sys.executable, "-m", "pytest"]}[words[0]]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "COVERAGE_PROCESS_START") if name in os.environ}
    env = {**kept, "HOME": str(home), "COLUMNS": "160", "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        words, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def unlike(expected: list[str], printed: str) -> str | None:
    """The first line that was to be seen and was not, if any: `...` stands for anything, alone for any lines."""
    lines = iter(printed.splitlines())
    anywhere = not expected
    for wanted in expected:
        if wanted.strip() == "...":
            anywhere = True
            continue
        pattern = re.sub(r"([\[\]?*])", r"[\1]", wanted).replace("...", "*")
        for line in lines:
            if fnmatch.fnmatchcase(line.rstrip(), pattern) or fnmatch.fnmatchcase(line.strip(), pattern.strip()):
                break
            if not anywhere and line.strip() and "..." not in wanted:
                return wanted
        else:
            return wanted
        anywhere = False
    return None
