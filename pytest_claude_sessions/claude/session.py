"""A conversation and its file, and the refusal of one that cannot be had."""

from __future__ import annotations

import errno
import os

from . import transcript
from .conversation import Conversation
from .forms import fill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .now import Clock
    from .output import Output
    from .release import Release


class Refused(Exception):
    """The release does not go on with this conversation.

    :ivar outcome: "not_found", "in_use", "invalid_id" or "usage", for the journal.
    :ivar text: what it says, without a line end.
    :ivar named: the id that a frame about it names; None for a fresh one.
    :ivar framed: whether the text also comes as a result frame where frames are printed.
    :ivar begun: whether the release had printed its init frame by then.
    """

    def __init__(
        self, outcome: str, text: str, *, named: str | None = None, framed: bool = True, begun: bool = False
    ) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.text = text
        self.named = named
        self.framed = framed
        self.begun = begun


class Session:
    """A conversation and its file.

    :ivar id: the session id that frames name.
    :ivar path: its transcript.
    :ivar history: what went before.
    :ivar copies: records of another conversation that this one starts with.
    :ivar writes: whether anything is written at all.
    :ivar half: write the bookkeeping alone (2.1.50 where it cannot write its debug/ directory).
    :ivar lost: something could not be written because the disk is full.
    :ivar title: the title by which it was asked for, None when it was not.
    """

    __slots__ = (
        "_clock",
        "_mended",
        "_release",
        "copies",
        "half",
        "history",
        "id",
        "lost",
        "path",
        "title",
        "writes",
    )

    def __init__(
        self, release: Release, clock: Clock, session_id: str, path: str, history: Conversation | None = None
    ) -> None:
        self._release = release
        self._clock = clock
        self._mended = False
        self.id = session_id
        self.path = path
        self.history = history or Conversation([], [], True, False)
        self.copies: list[Mapping[str, Any]] = []
        self.writes = True
        self.half = False
        self.lost = False
        self.title: str | None = None

    def append(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write records at the end of the transcript.

        :raises OSError: when that cannot be done and the release minds.
        """
        records = [r for r in records if not self.half or r.get("type") == "queue-operation"]
        if not self.writes or not records:
            return
        behaviour = self._release.behaviour
        try:
            self.make_directory()
            if not self._mended:
                self._mended = True
                if behaviour["mends_last_line"]:
                    self._end_last_line()
            transcript.append(self.path, records, behaviour["file_mode"])
            self._clock.stamp(self.path)
        except OSError as error:
            if behaviour["unwritable"]["transcript"] == "crash":
                raise
            self.writes = False  # the newer releases go on
            self.lost = error.errno == errno.ENOSPC

    def tell_loss(self, out: Output) -> None:
        """Say at the end, where the release does, that the disk was too full for the transcript."""
        rules = self._release.behaviour["unwritable"].get("full")
        if self.lost and rules is not None:
            if out.streams:
                out.frame(fill(rules["frame"], {"session_id": self.id}))
            config_dir = os.path.dirname(os.path.dirname(os.path.dirname(self.path)))
            out.error(rules["text"].replace("$config_dir", config_dir))

    def make_directory(self) -> None:
        """Make the project directory as the release does."""
        make_project(os.path.dirname(self.path), self._release)

    def _end_last_line(self) -> None:
        try:
            with open(self.path, "rb+") as file:
                if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                    file.write(b"\n")
        except FileNotFoundError:
            return


def make_project(directory: str, release: Release) -> None:
    """Make a project directory with what the release puts into it.

    :raises OSError: when that cannot be done.
    """
    mode = release.behaviour["dir_mode"]
    if not os.path.isdir(directory):
        parent = os.path.dirname(directory)
        if not os.path.isdir(parent):
            os.makedirs(parent, mode=mode, exist_ok=True)
        os.makedirs(directory, mode=mode, exist_ok=True)
    for name in release.behaviour["project_dirs"]:
        os.makedirs(os.path.join(directory, name), exist_ok=True)
