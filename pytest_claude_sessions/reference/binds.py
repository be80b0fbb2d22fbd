"""What a container must be given so that conversations last, and proof by writing that it was (source 004, BND-*)."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..manager import ManagerError, Mount
from .probe import write_problem

PROJECTS = "projects"
WRITABLE = (PROJECTS, "session-env", "debug")
"""What is bound read-write on top: `debug` is needed by 2.1.50, `session-env` by Bash up to 2.1.160."""

VERSION_TIMEOUT_S = 60.0

# What a release writes besides projects/, the first release that is so; "." is the config dir itself. 2.1.50 leaves no
# conversation where it cannot write debug/, and those before it do not even start in a read-only config dir.
NEEDS: Sequence[tuple[tuple[int, int, int], tuple[str, ...]]] = (
    ((1, 0, 0), (".", "todos")),
    ((2, 0, 77), (".", "todos", "debug", "session-env")),
    ((2, 1, 50), ("debug", "session-env")),
    ((2, 1, 112), ("session-env",)),
    ((2, 1, 329), ()),
)


def mount_plan(host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
    """The binds of a container, in the order in which they are mounted (BND-01)."""
    writable = [Mount(host_config_dir / name, container_config_dir / name, False) for name in WRITABLE]
    return [Mount(host_config_dir, container_config_dir, True), *writable]


def mounts_match(actual: Sequence[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
    """Whether a container has the config dir read-only and projects/ read-write on top, whatever else (BND-03).

    Of several mounts at one place the last one is seen.
    """
    seen = {_plain(mount.target): (_plain(mount.source), bool(mount.read_only)) for mount in actual}
    wanted = mount_plan(host_config_dir, container_config_dir)[:2]
    return all(seen.get(_plain(mount.target)) == (_plain(mount.source), mount.read_only) for mount in wanted)


def prepare_host(host_config_dir: Path) -> None:
    """Make what is bound read-write, before an engine makes it for root (BND-02).

    :raises ManagerError: `unwritable` when it cannot be made, or cannot be given to the config dir's owner
    """
    try:
        owner = host_config_dir.stat()
        for name in WRITABLE:
            _make(host_config_dir / name, owner)
    except OSError as error:
        raise ManagerError(
            "unwritable", f"cannot prepare {error.filename or host_config_dir}: {error.strerror or error}"
        ) from error


def persistence_problems(config_dir: Path, claude: Path, env: Mapping[str, str]) -> list[str]:
    """What keeps conversations from lasting, each in one line; found by writing as the config dir's owner (BND-06).

    :param claude: the installed program; what it needs besides projects/ depends on its release (BND-08)
    :param env: the whole environment for it
    """
    try:
        owner = config_dir.stat()
    except OSError as error:
        return [f"{config_dir}: {error.strerror}; the config dir must exist"]
    problems = _problems_of(config_dir / PROJECTS, owner, must_exist=True)
    for name in needs_of(installed_release(claude, env)):
        problems += _problems_of(config_dir / name, owner, must_exist=False)
    return problems


def needs_of(release: tuple[int, int, int] | None) -> tuple[str, ...]:
    """What a release writes besides projects/; nothing is known of a release that is not known."""
    found: tuple[str, ...] = ()
    for since, names in NEEDS:
        if release is not None and since <= release:
            found = names
    return found


def installed_release(claude: Path, env: Mapping[str, str]) -> tuple[int, int, int] | None:
    """What the program says that it is, None when it does not say.

    It is given a home of its own: older releases write there even when they are asked for their version.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="claude-version-") as home:
            apart = {**env, "HOME": home, "CLAUDE_CONFIG_DIR": os.path.join(home, "config")}
            told = subprocess.run(
                [claude, "--version"],
                cwd=home,
                env=apart,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=VERSION_TIMEOUT_S,
                check=False,
            ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(rb"(\d+)\.(\d+)\.(\d+)", told)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _problems_of(directory: Path, owner: os.stat_result, *, must_exist: bool) -> list[str]:
    try:
        found = directory.stat()
    except FileNotFoundError:
        if must_exist:
            return [f"{directory} is missing: prepare the host, and bind it read-write"]
        directory = directory.parent  # Claude makes it, where it can
        found = directory.stat()
    except OSError as error:
        return [f"{directory}: {error.strerror}"]
    if not stat.S_ISDIR(found.st_mode):
        return [f"{directory} is no directory: move it away, and prepare the host"]
    if found.st_uid != owner.st_uid:
        return [f"{directory} belongs to user {found.st_uid}, and Claude runs as {owner.st_uid}: chown it"]
    problem = write_problem(directory, owner)
    return [f"{directory} cannot be written: {problem}"] if problem else []


def _make(directory: Path, owner: os.stat_result) -> None:
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    # By descriptor, so that a link that is put there meanwhile is not followed.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != owner.st_uid:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        if found.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) | stat.S_IRWXU)
    finally:
        os.close(descriptor)


def _plain(path: Path) -> str:
    return os.path.normpath(path)
