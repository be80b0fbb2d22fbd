"""Read-only binds: `ReadOnlyBind`, which the fixture `claude_readonly_bind` hands out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from .attempt import error_name, write_refusal, write_refusal_of_child
from .unavailable import BindUnavailable, Refused

if TYPE_CHECKING:
    from .disk import Filled
    from .owner import GivenAway

Reach = Literal["everything", "children", "process"]

# Best first. A backend that reaches only the children, or only this process, is never taken for everything:
# code on the other side would write as if there were no bind.
_BACKENDS: Mapping[Reach, tuple[str, ...]] = {
    "everything": ("mount", "permissions", "capabilities"),
    "children": ("mount", "namespace", "permissions", "capabilities"),
    "process": ("mount", "permissions", "capabilities", "pyfakefs"),
}
_ADVICE = "Root with CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN) gets real mounts, any other user modes"


class Hold(Protocol):
    """What a backend has done to a directory, and how it is undone."""

    note: str

    def command(self, argv: Sequence[str]) -> list[str]:
        """The argv that makes a child see it."""

    def release(self) -> None:
        """Undo it."""


class Bound:
    """A directory that is read-only but for its writable subdirectories, until `release`.

    path, writable: absolute, links resolved. backend: `mount`, `namespace`, `permissions`, `capabilities` or
    `pyfakefs`. reason: why not a better one, and what this one does not do; empty for a real bind mount that
    vanishes with the process. reach: who sees it, as asked for.
    """

    def __init__(
        self, path: Path, writable: tuple[Path, ...], backend: str, reason: str, reach: Reach, hold: Hold
    ) -> None:
        self.path = path
        self.writable = writable
        self.backend = backend
        self.reason = reason
        self.reach = reach
        self._hold = hold
        self._released = False

    def command(self, argv: Iterable[str | os.PathLike[str]] = ()) -> list[str]:
        """The argv with which a child sees the bind: wrapped for backends that need it, else as it is.

        Raises BindUnavailable for `pyfakefs`, which no child can see.
        """
        return self._hold.command([os.fspath(word) for word in argv])

    def release(self) -> None:
        """Make the directory what it was. More than once does no harm."""
        if not self._released:
            self._released = True
            self._hold.release()

    def __enter__(self) -> Bound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Bound {self.path} by {self.backend}{f': {self.reason}' if self.reason else ''}>"


class ReadOnlyBind:
    """Makes directories read-only, full or somebody else's, and undoes it all, the last one first.

    Example: `bind(config_dir)` is the config dir of a container, read-only with `projects/` writable on top.
    unavailable: called with the refusal before it is raised, to skip a test instead, for one.
    """

    def __init__(self, unavailable: Callable[[BindUnavailable], object] | None = None) -> None:
        self._unavailable = unavailable
        self._undo: list[Callable[[], None]] = []

    def __call__(
        self,
        path: str | os.PathLike[str],
        writable: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] = ("projects",),
        *,
        reach: Reach = "everything",
        backends: Iterable[str] | None = None,
    ) -> Bound:
        """Make an existing directory read-only.

        writable: one subdirectory or several to leave writable, relative to it; created when missing.
        reach: who has to see it: `everything` (this process and its later children), `children` (those whose
        argv goes through `Bound.command`), `process` (code in this process).
        backends: take one of these, in this order, instead of the best for the reach.
        Each backend is tried by really writing; one that lets the write pass is undone and refused.
        Raises BindUnavailable with every backend's reason; ValueError for a writable outside of the path.
        """
        root = os.path.realpath(path)
        if not os.path.isdir(root):
            raise NotADirectoryError(f"a read-only bind needs an existing directory: {root}")
        names = (writable,) if isinstance(writable, (str, os.PathLike)) else writable
        inside = [_inside(root, os.fspath(name)) for name in names]
        candidates = _candidates(reach, backends)
        with self._telling(), contextlib.ExitStack() as undo:
            for directory in inside:
                undo.callback(_remove_empty, _make_directories(directory))
            backend, reason, hold = _best(candidates, root, inside, reach)
            bound = Bound(Path(root), tuple(map(Path, inside)), backend, reason, reach, hold)
            undo.callback(bound.release)
            self._undo.append(undo.pop_all().close)
        return bound

    def fill(self, path: str | os.PathLike[str], *, reach: Literal["everything", "process"] = "everything") -> Filled:
        """Put an existing directory on a disk of its own that is full, as `disk.fill` does."""
        from .disk import fill

        with self._telling():
            filled = fill(path, reach=reach)
        self._undo.append(filled.release)
        return filled

    def give_away(self, path: str | os.PathLike[str], uid: int = 65534) -> GivenAway:
        """Give a directory and all in it to another user, as `owner.give_away` does."""
        from .owner import give_away

        with self._telling():
            given = give_away(path, uid)
        self._undo.append(given.release)
        return given

    def release(self) -> None:
        """Undo all that is still there, the last one first; an error does not keep the rest from it."""
        errors: list[Exception] = []
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except BindUnavailable as refusal:
            if self._unavailable is not None:
                self._unavailable(refusal)
            raise

    def __enter__(self) -> ReadOnlyBind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _candidates(reach: Reach, backends: Iterable[str] | None) -> tuple[str, ...]:
    if reach not in _BACKENDS:
        raise ValueError(f"no reach {reach!r}: everything, children, process")
    chosen = _BACKENDS[reach] if backends is None else tuple(backends)
    for backend in chosen:
        if backend not in _BACKENDS[reach]:
            raise ValueError(f"backend {backend!r} does not reach {reach}: {', '.join(_BACKENDS[reach])}")
    return chosen


def _best(candidates: Iterable[str], path: str, writable: list[str], reach: Reach) -> tuple[str, str, Hold]:
    """The first backend that works, what to say of it, and its hold. Raises BindUnavailable."""
    reasons: dict[str, str] = {}
    for backend in candidates:
        try:
            hold = _set_up(backend, path, writable, reach)
        except Refused as refusal:
            reasons[backend] = str(refusal)
            continue
        notes = [hold.note, *(f"not {name}: {reason}" for name, reason in reasons.items())]
        return backend, "; ".join(filter(None, notes)), hold
    raise BindUnavailable(f"a read-only bind of {path}", reasons, _ADVICE)


def _set_up(backend: str, path: str, writable: list[str], reach: Reach) -> Hold:
    """Set one backend up and try it. Raises Refused, with everything undone."""
    from . import backend as made

    hold = made.SET_UP[backend](path, writable, reach)
    try:
        _try(hold, backend, path, writable, reach)
    except BaseException:
        hold.release()
        raise
    return hold


def _try(hold: Hold, backend: str, path: str, writable: list[str], reach: Reach) -> None:
    attempts: list[Callable[[str], OSError | None]] = []
    if reach != "children":
        attempts.append(write_refusal)
    if backend in ("namespace", "capabilities") and reach != "process":
        attempts.append(lambda directory: write_refusal_of_child(hold.command([]), directory))
    for attempt in attempts or [write_refusal]:
        try:
            if attempt(path) is None:
                raise Refused("a file could be created in spite of it")
            for directory in writable:
                if error := attempt(directory):
                    raise Refused(f"{directory} would not be writable: {error_name(error)}")
        except RuntimeError as error:
            raise Refused(f"no child can be started under it: {error}") from None


def _inside(root: str, name: str) -> str:
    path = os.path.realpath(os.path.join(root, name))
    if not path.startswith(root.rstrip("/") + "/"):
        raise ValueError(f"writable directories lie inside of {root}, and {name!r} does not")
    return path


def _make_directories(directory: str) -> list[str]:
    """Create a directory and its parents for the owner of what is above; returns those that were missing."""
    missing: list[str] = []
    while not os.path.isdir(directory):
        missing.insert(0, directory)
        directory = os.path.dirname(directory)
    owner = os.stat(directory)
    for path in missing:
        os.mkdir(path, 0o700)
        if owner.st_uid != os.geteuid():
            os.chown(path, owner.st_uid, owner.st_gid)
    return missing


def _remove_empty(directories: Sequence[str]) -> None:
    for directory in reversed(directories):
        try:
            os.rmdir(directory)
        except OSError:  # what a test wrote there stays
            return
