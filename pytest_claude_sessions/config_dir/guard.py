"""Nobody's own `~/.claude` is touched: an audit hook that refuses it while a fixture is active.

Python can add audit hooks but not take them away, so one is installed at most once in a process, and it
looks at an event only while a `Guard` is active. It sees what this process does through the standard library:
a child process is kept away by HOME and CLAUDE_CONFIG_DIR, and plain look-ups (`os.stat`, `os.readlink`,
`os.access`) raise no event.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Final

from . import audit

PROTECTED_NAMES: Final = (".claude", ".claude.json", ".claude.json.backup")
"""What of a home belongs to Claude Code."""

# The hook outlives this module when pytester's in-process runs import it a second time; so does its state.
_STATE: Final = "_pytest_claude_sessions_guards"

_REMEDY: Final = (
    "use the directory that the test was given (`claude_config_dir.path`, or $CLAUDE_CONFIG_DIR and $HOME "
    "read inside the test, not at import); if it is meant, do it in `with claude_config_dir.real_allowed():`"
)


class RealConfigDirTouched(PermissionError):
    """A test was about to touch the Claude Code configuration of the person who runs it.

    It is a PermissionError, so that code which copes with an unreadable home goes on; the fixture fails the
    test at its end all the same.

    :ivar path: the file or directory, as the operation named it.
    :ivar operation: the audit event, such as "open" or "os.rename".
    """

    def __init__(self, path: str, operation: str) -> None:
        what = f"{operation} of {path!r}, the real Claude Code configuration, was refused"
        super().__init__(errno.EPERM, f"{what}: {_REMEDY}")
        self.path = path
        self.operation = operation

    def __str__(self) -> str:
        return str(self.strerror)

    def __reduce__(self) -> tuple[type[RealConfigDirTouched], tuple[str, str]]:
        return type(self), (self.path, self.operation)


@dataclass(frozen=True, slots=True)
class Touch:
    """One refused access: which path, by which operation (an audit event's name)."""

    path: str
    operation: str


class Guard:
    """Refuses access to the real Claude Code configuration while it is entered.

    :param own: directories that belong to the test; they are never refused, also below the real home. The longer of
        two matching paths decides, so a temporary directory inside `~/.claude` is the test's.
    :param homes: the homes to protect; those of `real_homes()` when None.
    :param config_dirs: config directories to protect besides; when None, the CLAUDE_CONFIG_DIR that the process was
        started with.
    """

    def __init__(
        self,
        *own: str | os.PathLike[str],
        homes: Iterable[str | os.PathLike[str]] | None = None,
        config_dirs: Iterable[str | os.PathLike[str]] | None = None,
    ) -> None:
        self.touches: list[Touch] = []
        roots = [os.fspath(home) for home in (real_homes() if homes is None else homes)]
        protected = [os.path.join(root, name) for root in roots for name in PROTECTED_NAMES]
        extra = _started_with("CLAUDE_CONFIG_DIR") if config_dirs is None else config_dirs
        protected += [os.fspath(directory) for directory in extra]
        self.protected = _both_spellings(protected)
        # A project, or the Python that runs its tests, may live below ~/.claude (skills and plugins do).
        self.own = _both_spellings([*(os.fspath(o) for o in own), sys.prefix, sys.base_prefix])
        self._quick = tuple(o + os.sep for o in self.own if not any(_within(p, o) for p in self.protected))
        self._paused = 0

    def __enter__(self) -> Guard:
        guards = _install()
        if self not in guards:
            guards.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        guards = _install()
        if self in guards:
            guards.remove(self)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Allow everything for a while: for a test that means the real directory."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def check(self) -> None:
        """For the fixture's end: raise for the first touch, also when the test swallowed the error.

        :raises RealConfigDirTouched: when anything was refused since the guard was made.
        """
        if self.touches:
            raise RealConfigDirTouched(self.touches[0].path, self.touches[0].operation)

    def refuses(self, path: str) -> bool:
        """Whether this path is the real configuration and not the test's own.

        :param path: absolute, links resolved or not; only its text is looked at.
        """
        longest = max((len(p) for p in self.protected if _within(path, p)), default=-1)
        return longest >= max((len(o) for o in self.own if _within(path, o)), default=0)

    def see(self, event: str, args: tuple[Any, ...]) -> None:
        """Judge one audit event; the hook calls it for those in `audit.PATHS`.

        :raises RealConfigDirTouched: when the event names the real configuration.
        """
        if self._paused or (event in audit.ONE_PATH and self._is_quick(args[0])):
            return
        for path, follows in audit.paths(event, args):
            if self._is_quick(path):
                continue
            parent, name = os.path.split(path)
            real = os.path.realpath(path) if follows else os.path.join(os.path.realpath(parent), name)
            refused = self.refuses(os.path.normpath(path)) or self.refuses(real)
            if refused and not audit.by_python(event, args, path, sys._getframe(2)):
                self.touches.append(Touch(path, event))
                raise RealConfigDirTouched(path, event)

    def _is_quick(self, path: object) -> bool:
        """Whether a look at the text is enough: the test's own, or no path at all but a file descriptor."""
        return type(path) is int or (type(path) is str and path.startswith(self._quick) and ".." not in path)


def real_homes() -> tuple[str, ...]:
    """The homes of the person who runs the tests: the password database's, and HOME at the process's start."""
    homes = _started_with("HOME") + _started_with("USERPROFILE")
    try:
        import pwd

        homes.append(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):
        pass  # no password database (Windows), or a user id that it does not know (containers)
    return tuple(dict.fromkeys(home for home in homes if os.path.isabs(home)))


def _install() -> list[Guard]:
    guards: list[Guard] | None = getattr(sys, _STATE, None)
    if guards is None:
        guards = []
        setattr(sys, _STATE, guards)
        sys.addaudithook(_hook_over(guards))
    return guards


def _hook_over(guards: list[Guard]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, args: tuple[Any, ...]) -> None:
        if guards and event in audit.PATHS:
            for guard in tuple(guards):
                guard.see(event, args)

    return hook


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def _both_spellings(paths: Iterable[str]) -> tuple[str, ...]:
    """Each path as it is written and with its links resolved, absolute."""
    absolute = [os.path.abspath(path) for path in paths]
    return tuple(dict.fromkeys([*absolute, *map(os.path.realpath, absolute)]))


def _started_with(name: str) -> list[str]:
    """A variable's value at the process's start: a test may have changed it before this module was imported."""
    try:
        value = os.fsdecode(_first_environment(os.getpid()).get(os.fsencode(name), b""))
    except OSError:
        value = os.environ.get(name, "")
    return [value] if value else []


@lru_cache(maxsize=1)
def _first_environment(pid: int) -> Mapping[bytes, bytes]:
    # What a process was started with stays the same: it is read once in each.
    with open("/proc/self/environ", "rb") as file:
        return dict(entry.partition(b"=")[::2] for entry in file.read().split(b"\0"))
