"""The same config directory in memory, for code in this process, through pyfakefs (the extra `fakefs`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..claude import release as release_module
from .directory import ConfigDir
from .isolation import environment_of

if TYPE_CHECKING:
    from ..claude.release import Release


class PyfakefsMissing(ImportError):
    """pyfakefs is not installed: it comes with an extra, for it slows every pytest start down."""

    def __init__(self) -> None:
        super().__init__(
            "a config directory in memory needs pyfakefs: pip install pytest-claude-sessions[fakefs] "
            "(with `-p no:pytest_fakefs` in addopts it costs the other tests nothing)"
        )


@contextmanager
def in_memory(
    release: Release | str | None = None, *, home: str = "/home/user", path: str = "/srv/claude-config"
) -> Iterator[ConfigDir]:
    """Replace the file system of this process by an empty one in memory that has a config directory.

    `open`, `os`, `pathlib`, `shutil` and `io` of every loaded module work on it until the end; HOME and
    CLAUDE_CONFIG_DIR point into it. Child processes, sockets, sqlite3 and other C code do not see it: for these take
    a directory on disk.

    :param release: whose forms and layout; the newest known when None.
    :param home: the HOME in it.
    :param path: the config directory in it.
    :raises PyfakefsMissing: when pyfakefs is not installed.
    """
    try:
        from pyfakefs.fake_filesystem_unittest import Patcher
    except ImportError:
        raise PyfakefsMissing from None
    with Patcher() as patcher, environment_of({"HOME": home, "CLAUDE_CONFIG_DIR": path}):
        assert patcher.fs is not None
        # What a release does is read from a file beside its module.
        patcher.fs.add_real_directory(os.path.dirname(release_module.__file__))
        yield ConfigDir(path, release, home=home, cwd=f"{home}/work").create()
