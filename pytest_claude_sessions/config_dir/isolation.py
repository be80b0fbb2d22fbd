"""A test's own HOME and CLAUDE_CONFIG_DIR, with the real ones guarded meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..claude.release import Release
from .directory import ConfigDir
from .guard import Guard

# Where programs look for a home; Windows has a name of its own.
_HOME_NAMES = ("HOME", "USERPROFILE")


@contextmanager
def own_config_dir(
    root: str | os.PathLike[str],
    release: Release | str | None = None,
    *,
    own: tuple[str | os.PathLike[str], ...] = (),
    guard: Guard | None = None,
) -> Iterator[ConfigDir]:
    """Make a config directory below `root`, point this process and its children at it, and guard the real one.

    The config directory is not `$HOME/.claude`, so that code which ignores CLAUDE_CONFIG_DIR does not pass by luck
    (RES-23).

    :param root: an empty directory of the test's own.
    :param release: whose forms and layout; the newest known when None.
    :param own: more directories that belong to the test, such as the project's root.
    :param guard: the guard to use; one for the homes of the person who runs the test when None.
    :raises RealConfigDirTouched: at the end, when the real configuration was touched, even if that error was
        swallowed.
    """
    base = Path(root)
    watch = guard or Guard(base, *own)
    config_dir = ConfigDir(base / "claude-config", release, home=base / "home", cwd=base / "work")
    config_dir.guard = watch
    with watch:
        config_dir.create()
        with environment_of(config_dir.env):
            yield config_dir
    watch.check()


@contextmanager
def environment_of(variables: Mapping[str, str]) -> Iterator[None]:
    """Set some variables of this process for a while; HOME's other name too where the machine has one."""
    wanted = dict(variables)
    if "HOME" in wanted:
        wanted.update({name: wanted["HOME"] for name in _HOME_NAMES if name in os.environ})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
