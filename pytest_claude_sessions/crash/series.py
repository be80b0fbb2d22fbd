"""One call of a manager, interrupted at each of its changes in turn, always from the same state of the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..environment import Environment
from .form import Form, Interrupted, Request
from .point import Change, Point, Watched, real_and_named
from .world import Saved


@dataclass(frozen=True, slots=True)
class Attempt:
    """The call, interrupted at one point.

    :param change: that it was interrupted at
    """

    point: Point
    change: Change
    run: Interrupted

    def __str__(self) -> str:
        return f"{self.point}, {self.change.name} {Path(self.change.path).name}"


class Series:
    """A call and the state of the disk that it begins with.

    :param requests: the call, and what the same manager is asked after it
    :param directories: the manager's own; changes elsewhere do not count
    :param place: an empty directory outside of them
    """

    def __init__(
        self,
        form: Form,
        environment: Environment,
        requests: Sequence[Request],
        directories: Sequence[Path],
        place: Path,
    ) -> None:
        self._form, self._environment, self._requests = form, environment, requests
        self._saved = Saved(directories, place)
        self._watched = Watched(real_and_named(directories), str(environment.claude))

    def undisturbed(self) -> Interrupted:
        """The call as it is, watched alone."""
        return self._run(None)

    def attempts(self, kind: str, number: int) -> Iterator[Attempt]:
        """The call interrupted at each change.

        :param kind: one of :data:`point.KINDS`
        :param number: of the changes of the undisturbed call
        """
        for point in (Point(kind, position) for position in range(1, number + 1)):
            run = self._run(point)
            if run.reached(point):
                yield Attempt(point, run.changes[point.number - 1], run)

    def put_back(self) -> None:
        """The state of the disk that it begins with."""
        self._saved.put_back()

    def _run(self, point: Point | None) -> Interrupted:
        self.put_back()
        return self._form.run(self._environment, self._requests, replace(self._watched, point=point))
