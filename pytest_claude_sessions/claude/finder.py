"""Which conversation a start is about: a new one, one that is resumed, a copy."""

from __future__ import annotations

import os

from . import layout
from .conversation import Conversation, load
from .forms import is_uuid, iso_time, new_uuid
from .session import Refused, Session, make_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arguments import Arguments
    from .now import Clock
    from .release import Release


class Finder:
    """Finds conversations for the command line of a start.

    :param project: the directory of this working directory's transcripts.
    :param cwd: the working directory.
    """

    def __init__(self, release: Release, clock: Clock, *, config_dir: str, project: str, cwd: str) -> None:
        self._release = release
        self._cwd = cwd
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

    def make_project(self) -> None:
        """Make the project directory of this start, where the release does so whether it writes into it or not."""
        if self._behaviour["project_dirs"]:
            try:
                make_project(self._project, self._release)
            except OSError:
                return  # whoever writes a transcript will see

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
        anew = rules.get("anew")  # what some releases do who write each record anew, as of now
        stamp = iso_time(self._clock.now())
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
            if anew is not None:
                made = {key: value for key, value in made.items() if key not in anew["leaves_out"]}
                made["timestamp"] = stamp
                if made["type"] == "assistant":
                    made.update(anew["answers"])
                if not copied.copies:
                    made["parentUuid"] = None
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
        title = None
        if not is_uuid(wanted):
            found = self._titled(wanted) if self._behaviour["titles"] is not None else None
            if found is None:
                raise Refused("invalid_id", texts["resume_not_uuid"].replace("$value", wanted))
            wanted, title = found, wanted
        path = self._path(wanted)
        if not os.path.exists(path) and self._behaviour["resume_scope"] == "everywhere":
            path = self._elsewhere(wanted) or path
        exists = os.path.exists(path)
        if os.path.isdir(path) and "is_directory" in texts:
            raise Refused("not_found", texts["is_directory"], named=wanted)
        history = self._load(path) if os.path.isfile(path) else None
        forbidden = history is None and os.path.isfile(path)
        if history is None or not history.resumable:
            raise self.not_found(wanted, unreadable=exists and not forbidden)
        session = Session(self._release, self._clock, wanted, path, history)
        session.title = title
        return session

    def _load(self, path: str) -> Conversation | None:
        """What a transcript holds, None when it may not be read."""
        try:
            return load(path, self._release)
        except PermissionError:
            return None

    def _titled(self, title: str) -> str | None:
        """The id of the conversation of this project that bears a title."""
        for stem, _ in self._transcripts():
            history = self._load(self._path(stem))
            records = history.records if history is not None else ()
            named = [r.get("customTitle") for r in records if r.get("type") == "custom-title"]
            if named and named[-1] == title:
                return stem
        return None

    def _transcripts(self) -> list[tuple[str, float]]:
        """Ids of the transcripts of this project and when they changed, the newest first."""
        try:
            entries = list(os.scandir(self._project))
        except OSError:
            return []
        found = []
        for entry in entries:
            stem, _, suffix = entry.name.rpartition(".")
            if suffix == "jsonl" and is_uuid(stem) and entry.is_file():
                found.append((stem, entry.stat().st_mtime))
        return sorted(found, key=lambda pair: -pair[1])

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
        for stem, _ in self._transcripts():
            history = self._load(self._path(stem))
            if history is None and self._behaviour["start"]["continues_unreadable"]:
                return Session(self._release, self._clock, stem, self._path(stem))
            if history is None or not history.messages:
                continue
            if self._behaviour["continue_scope"] == "cwd" and history.chain[0].get("cwd", self._cwd) != self._cwd:
                continue  # it began in another directory whose name encodes alike
            return self._resumed(stem)
        return None

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
