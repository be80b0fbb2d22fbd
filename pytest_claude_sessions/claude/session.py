"""Which conversation a start is about: a new one, one that is resumed, a copy."""

from __future__ import annotations

import os

from . import layout, transcript
from .conversation import Conversation, load
from .forms import is_uuid, new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .arguments import Arguments
    from .now import Clock
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
    """

    __slots__ = ("_clock", "_mended", "_release", "copies", "half", "history", "id", "path", "writes")

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
        except OSError:
            if behaviour["unwritable"]["transcript"] == "crash":
                raise
            self.writes = False  # the newer releases go on without a word

    def make_directory(self) -> None:
        """Make the project directory as the release does."""
        directory = os.path.dirname(self.path)
        mode = self._release.behaviour["dir_mode"]
        if not os.path.isdir(directory):
            parent = os.path.dirname(directory)
            if not os.path.isdir(parent):
                os.makedirs(parent, mode=mode, exist_ok=True)
            os.makedirs(directory, mode=mode, exist_ok=True)
            for name in self._release.behaviour["project_dirs"]:
                os.makedirs(os.path.join(directory, name), exist_ok=True)

    def _end_last_line(self) -> None:
        try:
            with open(self.path, "rb+") as file:
                if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                    file.write(b"\n")
        except FileNotFoundError:
            return


class Finder:
    """Finds conversations for the command line of a start.

    :param project: the directory of this working directory's transcripts.
    """

    def __init__(self, release: Release, clock: Clock, *, config_dir: str, project: str) -> None:
        self._release = release
        self._behaviour = release.behaviour
        self._clock = clock
        self._config_dir = config_dir
        self._project = project

    def check_id(self, arguments: Arguments) -> None:
        """Look at --session-id before anything else happens.

        :raises Refused: when it is no UUID, goes with another option, or has a transcript already.
        """
        wanted = arguments.text("session-id")
        if not wanted:
            return
        texts = self._behaviour["texts"]
        if (arguments.has("resume") or arguments.has("continue")) and not (
            arguments.has("fork-session") and texts["session_id_with_fork"]
        ):
            raise Refused("usage", texts["session_id_with_resume"], framed=False)
        if not is_uuid(wanted):
            raise Refused("invalid_id", texts["invalid_session_id"], framed=False)
        if os.path.exists(self._path(wanted)):
            # facts/more-observations.json: it means that a file is there, not that a process runs.
            raise Refused("in_use", texts["in_use"].replace("$id", wanted), framed=False)

    def find(self, arguments: Arguments, started: str) -> Session:
        """The conversation that the command line is about.

        :param started: the id of a new one.
        :raises Refused: when the one asked for cannot be resumed.
        """
        resumed: Session | None = None
        if arguments.has("continue"):
            resumed = self._newest()
        if arguments.has("resume"):
            resumed = self._resumed(arguments.text("resume"))
        if resumed is None:
            return self.new(started)
        if arguments.has("fork-session") or self._behaviour["resume_new_id"]:
            return self.copy(resumed, started)
        return resumed

    def new(self, session_id: str | None = None) -> Session:
        """A conversation that begins."""
        session_id = session_id or new_uuid()
        return Session(self._release, self._clock, session_id, self._path(session_id))

    def copy(self, original: Session, session_id: str | None) -> Session:
        """A conversation that begins as a copy of another: a fork, or a resume in the releases before 1.0.128."""
        rules = self._behaviour["fork" if not self._behaviour["resume_new_id"] else "resume_copy"]
        copied = self.new(session_id)
        copied.history = original.history
        renamed: dict[str, str] = {}
        for record in original.history.chain:
            made = dict(record)
            if rules["session_id"] == "new" or (rules["session_id"] == "answers" and made["type"] != "user"):
                made["sessionId"] = copied.id
            if rules["blocks"] and made["type"] == "user" and isinstance(made["message"].get("content"), str):
                block = {"type": "text", "text": made["message"]["content"]}
                made["message"] = {**made["message"], "content": [block]}
            if rules["uuid"] == "new" and "uuid" in made:
                renamed[made["uuid"]] = made["uuid"] = new_uuid()
                made["parentUuid"] = renamed.get(made["parentUuid"])
            copied.copies.append(made)
        if rules["uuid"] == "new" and copied.copies:
            copied.history = Conversation(original.history.records, copied.copies, True, original.history.dangling)
        return copied

    def cold(self, session_id: str) -> Session:
        """A conversation that starts over under an id, with whatever is in its file left where it is."""
        return Session(self._release, self._clock, session_id, self._path(session_id))

    def _resumed(self, wanted: str | None) -> Session:
        texts = self._behaviour["texts"]
        if not wanted:
            raise Refused("invalid_id", texts["resume_without_id"])
        if not is_uuid(wanted):
            raise Refused("invalid_id", texts["resume_not_uuid"].replace("$value", wanted))
        path = self._path(wanted)
        if not os.path.exists(path) and self._behaviour["resume_scope"] == "everywhere":
            path = self._elsewhere(wanted) or path
        exists = os.path.exists(path)
        history = load(path, self._release) if os.path.isfile(path) else None
        if history is None or not history.resumable:
            raise self.not_found(wanted, unreadable=exists)
        return Session(self._release, self._clock, wanted, path, history)

    def not_found(self, wanted: str, unreadable: bool = False) -> Refused:
        """The refusal of an id that is not there (`unreadable`: a file is, but no conversation in it)."""
        rules = self._behaviour["dead_id"]
        return Refused(
            "not_found",
            self._behaviour["texts"]["not_found"].replace("$id", wanted),
            named=wanted if rules["names"] == "requested" else None,
            begun=unreadable and rules["unreadable_init"],
        )

    def _newest(self) -> Session | None:
        best: tuple[float, str] | None = None
        try:
            entries = list(os.scandir(self._project))
        except OSError:
            return None
        for entry in entries:
            stem, _, suffix = entry.name.rpartition(".")
            if suffix != "jsonl" or not is_uuid(stem) or not entry.is_file():
                continue
            changed = entry.stat().st_mtime
            if (best is None or changed > best[0]) and load(entry.path, self._release).messages:
                best = (changed, stem)
        return None if best is None else self._resumed(best[1])

    def _elsewhere(self, wanted: str) -> str | None:
        projects = os.path.join(self._config_dir, layout.PROJECTS)
        try:
            directories = sorted(os.listdir(projects))
        except OSError:
            return None
        for directory in directories:
            path = os.path.join(projects, directory, wanted + ".jsonl")
            if os.path.isfile(path):
                return path
        return None

    def _path(self, session_id: str) -> str:
        return os.path.join(self._project, session_id + ".jsonl")
