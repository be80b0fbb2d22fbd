"""`--claude-artifacts DIR`: the world of a failed check as it was, secrets masked."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..door.protocol import to_wire
from .masking import MASK, Masking

FAILURE = "failure.txt"
JOURNAL = "journal.jsonl"
CALLS = "calls.jsonl"
TREE = "tree"
LEFT_OUT = "left-out.txt"
LARGEST_FILE = 1024 * 1024
LARGEST_TREE = 32 * 1024 * 1024
"""Bytes; what lies beyond is left out, and named."""

# Files that hold nothing but secrets.
_CREDENTIALS = (".credentials.json", "credentials.json", ".netrc", "id_rsa", "id_ed25519")
_LONGEST_NAME = 120


def keep(directory: Path, name: str, world: Path, journal: Path, calls: Iterable[Mapping[str, Any]]) -> Path:
    """Keep a world; what an earlier run left under the same name is replaced.

    :param directory: of all artifacts; it is made
    :param name: of the check, such as `STO-02[kept-after-a-restart]`
    :param world: the trial's directory
    :param journal: of Claude's starts
    :param calls: of the manager, each with its `method`, `arguments` and what came of it
    :returns: the directory made for it
    """
    masking = Masking()
    place = _place(directory, name)
    place.mkdir(parents=True)
    (place / FAILURE).write_text("", "utf-8")
    if journal.is_file():
        (place / JOURNAL).write_bytes(masking.of_bytes(journal.read_bytes()))
    lines = [json.dumps(to_wire(dict(call)), default=repr) + "\n" for call in calls]
    (place / CALLS).write_text(masking.of_text("".join(lines)), "utf-8", "backslashreplace")
    left_out = _Copy(masking).tree(world, place / TREE)
    if left_out:
        (place / LEFT_OUT).write_text("\n".join(left_out) + "\n", "utf-8", "backslashreplace")
    return place


def tell(place: Path, text: str) -> None:
    """Add the failure's text to what was kept of it."""
    (place / FAILURE).write_text(Masking().of_text(text) + "\n", "utf-8", "backslashreplace")


def _place(directory: Path, name: str) -> Path:
    wanted = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:_LONGEST_NAME]
    for number in range(1, 1000):
        place = directory / (wanted if number == 1 else f"{wanted}-{number}")
        if (place / FAILURE).is_file():
            shutil.rmtree(place)
        if not os.path.lexists(place):
            return place
    raise FileExistsError(f"{directory}: a thousand directories named {wanted} that are not artifacts")


class _Copy:
    """A copy of a tree: regular files alone, links and the like are named instead of followed."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._left_out: list[str] = []
        self._size = 0

    def tree(self, source: Path, target: Path) -> list[str]:
        """Copy; what was left out, and why, a line each."""
        for parent, directories, files in os.walk(source, onerror=self._unreadable):
            place = Path(parent)
            inside = place.relative_to(source)
            # The program and its journal are not the manager's world.
            if inside == Path():
                directories[:] = [name for name in directories if name != "claude"]
            (target / self._named(inside)).mkdir(parents=True, exist_ok=True)
            for name in sorted([*files, *(name for name in directories if (place / name).is_symlink())]):
                self._file(place / name, target / self._named(inside / name), str(inside / name))
        return self._left_out

    def _named(self, path: Path) -> Path:
        # A name may hold a secret as well as a file.
        return Path(self._masking.of_text(str(path)))

    def _file(self, source: Path, target: Path, shown: str) -> None:
        try:
            status = source.lstat()
            if stat.S_ISLNK(status.st_mode):
                self._left_out.append(f"{shown}: a link to {os.readlink(source)}")
                return
            if not stat.S_ISREG(status.st_mode):
                self._left_out.append(f"{shown}: no regular file ({stat.filemode(status.st_mode)})")
                return
            if self._size + min(status.st_size, LARGEST_FILE) > LARGEST_TREE:
                self._left_out.append(f"{shown}: {status.st_size} bytes, the tree is large enough")
                return
            with source.open("rb") as file:
                data = file.read(LARGEST_FILE)
        except OSError as error:
            self._unreadable(error)
            return
        if status.st_size > LARGEST_FILE:
            self._left_out.append(f"{shown}: {status.st_size} bytes, of which the first {LARGEST_FILE} were kept")
        self._size += len(data)
        target.write_bytes(MASK if source.name in _CREDENTIALS else self._masking.of_bytes(data))

    def _unreadable(self, error: OSError) -> None:
        self._left_out.append(f"{error.filename}: {error.strerror}")
