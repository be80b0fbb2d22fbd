"""The ways to make a directory read-only, each with what it takes to undo it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from .unavailable import BindUnavailable, Refused


class Mounts:
    """True bind mounts, seen by this process and its children."""

    def __init__(self, path: str, writable: list[str], reach: str) -> None:
        from . import mount

        try:
            alone = mount.enter_own_namespace()
            self._mounts = mount.bind_read_only(path, writable)
        except OSError as error:
            raise Refused(mount.refusal(error)) from None
        self.note = mount.namespace_note(alone)

    def command(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def release(self) -> None:
        with contextlib.ExitStack() as undo:  # an error with one does not keep the others
            for made in self._mounts:
                undo.callback(made.release)


class UserNamespace:
    """True bind mounts that only children see, each in a user namespace of its own, under its own uid."""

    note = "children alone see it, those whose argv went through command()"

    def __init__(self, path: str, writable: list[str], reach: str) -> None:
        from .launcher import launch_prefix

        if not sys.platform.startswith("linux"):
            raise Refused(f"user namespaces are a thing of Linux, and this is {sys.platform}")
        self._prefix = launch_prefix({"bind": {"path": path, "writable": writable}})

    def command(self, argv: Sequence[str]) -> list[str]:
        return [*self._prefix, *argv]

    def release(self) -> None:
        """Nothing to undo: the namespaces ended with the children."""


class Permissions:
    """Write modes taken away, for users whom modes bind."""

    note = "by modes: writing gives EACCES where a bind gives EROFS, and the owner could change them back"

    def __init__(self, path: str, writable: list[str], reach: str) -> None:
        from .capability import overrules_permissions
        from .permission import WithoutWriteModes

        if overrules_permissions():
            raise Refused("root writes in spite of modes")
        self._modes = WithoutWriteModes(path, writable)
        try:
            self._modes.check()
        except BaseException:
            self._modes.release()
            raise

    def command(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def release(self) -> None:
        self._modes.release()


class Capabilities:
    """Write modes taken away, and from root the powers over them, in this thread or in the children."""

    def __init__(self, path: str, writable: list[str], reach: str) -> None:
        from .capability import give_up_overrides, overrules_permissions
        from .launcher import launch_prefix
        from .permission import WithoutWriteModes

        if not sys.platform.startswith("linux"):
            raise Refused(f"capabilities are a thing of Linux, and this is {sys.platform}")
        if not overrules_permissions():
            raise Refused("for root alone, and this user is not")
        in_process = reach != "children"
        if in_process and len(os.listdir("/proc/self/task")) > 1:
            raise Refused("threads that run already would keep root's powers")
        self.note = (
            "by modes, with root's powers over them given up by "
            + ("this thread and what it starts" if in_process else "the children that go through command()")
            + ": writing gives EACCES where a bind gives EROFS"
        )
        self._prefix = [] if in_process else launch_prefix({"unprivileged": True})
        self._modes = WithoutWriteModes(path, writable)
        self._bring_back: Callable[[], None] = lambda: None
        try:
            if in_process:
                self._bring_back = give_up_overrides()
                self._modes.check()
        except BaseException as error:
            self.release()
            raise Refused(str(error)) if isinstance(error, OSError) else error from None

    def command(self, argv: Sequence[str]) -> list[str]:
        return [*self._prefix, *argv]

    def release(self) -> None:
        try:
            self._bring_back()
        finally:
            self._modes.release()


class Pyfakefs:
    """A copy in memory that code of this process sees instead of the real files."""

    def __init__(self, path: str, writable: list[str], reach: str) -> None:
        from .memory import InMemory

        self._path = path
        self._memory = InMemory(path)
        self.note = "in memory: code of this process alone sees it, and nothing else of the disk"
        try:
            self._memory.make_read_only(writable)
        except BaseException:
            self._memory.release()
            raise

    def command(self, argv: Sequence[str]) -> list[str]:
        raise BindUnavailable(
            f"a read-only bind of {self._path} for a child",
            {"pyfakefs": "children do not see files in memory"},
        )

    def release(self) -> None:
        self._memory.release()


Backend = Mounts | UserNamespace | Permissions | Capabilities | Pyfakefs

SET_UP: Mapping[str, Callable[[str, list[str], str], Backend]] = {
    "mount": Mounts,
    "namespace": UserNamespace,
    "permissions": Permissions,
    "capabilities": Capabilities,
    "pyfakefs": Pyfakefs,
}
