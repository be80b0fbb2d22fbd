"""A directory that belongs to somebody else, as `docker run` leaves them behind."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from .attempt import write_refusal, write_refusal_of_child
from .capability import give_up_overrides, overrules_permissions
from .launcher import launch_prefix
from .unavailable import BindUnavailable, Refused

_SHARED_WRITE = stat.S_IWGRP | stat.S_IWOTH


class GivenAway:
    """A directory and all in it, owned by another user and writable for that one alone, until `release`.

    Root writes all the same: `effective_in_process` says whether a write fails here, really tried. Children
    whose argv goes through `command`, and code inside of `as_ordinary_user()`, see what others see.
    """

    def __init__(self, path: Path, uid: int) -> None:
        self.path = path
        self.uid = uid
        self._before: list[tuple[str, os.stat_result]] = []

    @property
    def effective_in_process(self) -> bool:
        """Whether creating a file in the directory fails in this thread, tried now."""
        return write_refusal(str(self.path)) is not None

    def command(self, argv: Iterable[str | os.PathLike[str]] = (), *, user: int | None = None) -> list[str]:
        """The argv with which a child runs without root's powers over permissions.

        user: None keeps the user, who still reads and writes what is his own; a number runs the child as that
        user and group, who must be able to reach the program and its files (a `tmp_path` of root he cannot).
        """
        words = [os.fspath(word) for word in argv]
        if user is None and not overrules_permissions():
            return words
        spec = {"unprivileged": True} | ({} if user is None else {"uid": user, "gid": user})
        return [*launch_prefix(spec), *words]

    @contextlib.contextmanager
    def as_ordinary_user(self) -> Iterator[None]:
        """Without root's powers over permissions, for this thread and the threads and children started in it.

        Raises BindUnavailable when the kernel forbids giving them up.
        """
        if not overrules_permissions():
            yield
            return
        try:
            bring_back = give_up_overrides()
        except Refused as refusal:
            reasons = {"capabilities": str(refusal)}
            raise BindUnavailable("an ordinary user in this process", reasons) from None
        try:
            yield
        finally:
            bring_back()

    def release(self) -> None:
        """Give everything back to its owner with its modes; what is gone is passed over."""
        while self._before:
            entry, before = self._before.pop()
            with contextlib.suppress(FileNotFoundError):
                os.lchown(entry, before.st_uid, before.st_gid)
                if not stat.S_ISLNK(before.st_mode):
                    os.chmod(entry, stat.S_IMODE(before.st_mode))

    def _take(self, entry: str) -> None:
        before = os.lstat(entry)
        self._before.append((entry, before))
        if not stat.S_ISLNK(before.st_mode):
            os.chmod(entry, stat.S_IMODE(before.st_mode) & ~_SHARED_WRITE)
        os.lchown(entry, self.uid, -1)

    def __enter__(self) -> GivenAway:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def give_away(path: str | os.PathLike[str], uid: int = 65534) -> GivenAway:
    """Give a directory and all in it to another user. Tried by really writing, in a child of `command`.

    uid: the new owner, not the one who runs.
    Raises BindUnavailable with the reason, ValueError for one's own uid.
    """
    root = os.path.realpath(path)
    if uid == os.geteuid():
        raise ValueError(f"user {uid} runs this process: give the directory to another one")
    if not os.path.isdir(root):
        raise NotADirectoryError(f"only an existing directory can be given away: {root}")
    given = GivenAway(Path(root), uid)
    try:
        for directory, _, files in os.walk(root, topdown=False):
            for name in files:
                given._take(os.path.join(directory, name))
            given._take(directory)
        if write_refusal_of_child(given.command([]), root) is None:
            raise Refused("a child could write in spite of it")
    except (OSError, Refused, RuntimeError) as error:
        given.release()
        reason = f"{error.strerror}, it takes root or CAP_CHOWN" if isinstance(error, OSError) else str(error)
        raise BindUnavailable(f"a directory {root} owned by user {uid}", {"chown": reason}) from None
    except BaseException:
        given.release()
        raise
    return given
