"""Work in threads beside a check: begun and asked for later, or several things released at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .judgement import Breach

PATIENCE_S = 90.0


class Background:
    """Work that was begun in a thread.

    :param patience_s: seconds until it has hung
    """

    def __init__(self, work: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._box: list[tuple[bool, Any]] = []
        self._thread = threading.Thread(target=self._body, args=(work,), daemon=True)
        self._thread.start()

    def _body(self, work: Callable[[], Any]) -> None:
        try:
            self._box.append((True, work()))
        except BaseException as error:
            self._box.append((False, error))

    def done_within(self, seconds: float) -> bool:
        """Whether it has ended, waiting for that this long; to go on with, never to judge by."""
        self._thread.join(seconds)
        return bool(self._box)

    def result(self, wait_s: float | None = None) -> Any:
        """Wait for its end; its result, or its exception.

        :param wait_s: how long, None for as long as it may take
        :raises Breach: when it does not end
        """
        self._thread.join(self._patience_s if wait_s is None else wait_s)
        if not self._box:
            raise Breach("work begun in the background", "its end", f"no end after {self._patience_s:g} s")
        good, value = self._box[0]
        if good:
            return value
        raise value


def at_once(works: Sequence[Callable[[], Any]], patience_s: float = PATIENCE_S) -> list[Any]:
    """Do several things at once, released by a barrier; their results in order.

    :raises Breach: when one of them does not end
    :raises Exception: that of the first of them that raised one, when all have ended
    """
    barrier = threading.Barrier(len(works))

    def body(work: Callable[[], Any]) -> Any:
        barrier.wait(patience_s)
        return work()

    begun = [Background(partial(body, work), patience_s) for work in works]
    deadline = time.monotonic() + patience_s
    for one in begun:
        one.done_within(max(0.0, deadline - time.monotonic()))
    return [one.result(0.0) for one in begun]
