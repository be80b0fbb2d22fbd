"""The directories of a world, put back as they were for each point."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


class Saved:
    """A copy of some directories, with modes and times.

    :param directories: that are saved, and put back
    :param place: an empty directory for the copies
    """

    def __init__(self, directories: Iterable[Path], place: Path) -> None:
        self._copies = {directory: place / str(number) for number, directory in enumerate(directories)}
        for directory, copy in self._copies.items():
            shutil.copytree(directory, copy, symlinks=True)

    def put_back(self) -> None:
        """Let the directories hold what they held; what has come since is removed."""
        for directory, copy in self._copies.items():
            for entry in directory.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            shutil.copytree(copy, directory, symlinks=True, dirs_exist_ok=True)
