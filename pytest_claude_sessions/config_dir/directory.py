"""A Claude Code config directory in the real layout, made to order and read back."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..claude.conversation import load
from ..claude.forms import is_uuid
from ..claude.release import Release
from ..claude.transcript import append, leaf_of
from . import instant
from .building import Ask, asked, conversation_records
from .places import release_of
from .surroundings import Surroundings
from .transcript import NoTranscript, Transcript

if TYPE_CHECKING:
    from .damage import Damage
    from .filling import Filled
    from .guard import Guard
    from .odd_files import OddFile

_DIRECTORY_MODE: Final = 0o700


class ConversationExists(FileExistsError):
    """A conversation of that id is there already; `add_turns` lets it go on.

    :ivar path: its transcript.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already: give another session_id, or go on in it with add_turns()")
        self.path = path


class ConfigDir(Surroundings):
    """A config directory: builders for what Claude Code keeps in it, and a reader.

    Everything is written the way the release writes it, without the program. Times are taken from `datetime.now`,
    so a frozen clock freezes them, or given as aware datetimes.

    :param path: the directory; what CLAUDE_CONFIG_DIR names. `create()` makes it.
    :param release: whose forms and layout; a version, a `Release`, or None for the newest known.
    :param home: the HOME that goes with it; `home` beside the directory when None.
    :param cwd: the working directory of conversations that name none; `work` beside the directory when None.
    """

    guard: Guard | None = None
    """What refuses the real configuration meanwhile; None where nothing does (`own_config_dir` sets it)."""

    def real_allowed(self) -> AbstractContextManager[object]:
        """Allow the real configuration of the person who runs the test for a while: for a test that means it."""
        return self.guard.paused() if self.guard else nullcontext()

    def create(self) -> ConfigDir:
        """Make the directory (mode 0700) with `projects`, the home and the working directory; what is there stays."""
        for directory in (self.home, self.path):
            directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        self.projects.mkdir(exist_ok=True)
        self.cwd.mkdir(parents=True, exist_ok=True)
        return self

    def add_conversation(
        self,
        *,
        cwd: str | os.PathLike[str] | None = None,
        turns: int | Iterable[Ask] = 1,
        session_id: str | None = None,
        release: Release | str | None = None,
        now: dt.datetime | None = None,
        title: str | None = None,
        history: bool = False,
    ) -> Transcript:
        """Write a conversation's transcript, with the release's file mode.

        :param cwd: where it was started; it need not exist.
        :param turns: how many, or the prompts, or (prompt, reply) pairs; a reply of None is a turn never answered.
        :param session_id: a random one when None.
        :param release: which release wrote it; this directory's when None.
        :param now: when the last turn was (aware; also the file's time stamp); each turn before it a minute earlier.
        :param title: its title, in the release's form.
        :param history: whether the prompts were typed, and so stand in `history.jsonl` as well (`-p` writes none).
        :raises ConversationExists: when a transcript of that id is there already.
        """
        session_id = session_id or str(uuid.uuid4())
        path = self.transcript_path(session_id, cwd)
        if os.path.lexists(path):
            raise ConversationExists(path)
        form = release_of(release, self.release)
        moment = now or instant.now()
        records = conversation_records(
            form, asked(turns), session_id=session_id, cwd=self.real_cwd(cwd), now=moment, title=title
        )
        return self._append(path, records, form, moment, history)

    def add_turns(
        self,
        transcript: Transcript | Path,
        turns: int | Iterable[Ask] = 1,
        *,
        release: Release | str | None = None,
        now: dt.datetime | None = None,
        history: bool = False,
    ) -> Transcript:
        """Let a conversation go on in its file, as a resume does, perhaps by another release.

        :param transcript: which.
        :param turns: as for `add_conversation`.
        :param release: as for `add_conversation`.
        :param now: as for `add_conversation`.
        :param history: as for `add_conversation`.
        :raises NoTranscript: when there is no transcript.
        """
        before = Transcript.read(_path(transcript))
        form = release_of(release, self.release)
        moment = now or instant.now()
        records = conversation_records(
            form,
            asked(turns),
            session_id=before.session_id,
            cwd=before.cwd or self.real_cwd(),
            now=moment,
            parent=leaf_of(before.records),
            number=len(before.turns) + 1,
        )
        return self._append(before.path, records, form, moment, history, len(before.turns))

    def fill(
        self,
        conversations: int = 10_000,
        turns: int = 1,
        *,
        cwd: str | os.PathLike[str] | None = None,
        now: dt.datetime | None = None,
        history: bool = False,
    ) -> Filled:
        """Write very many conversations, about as fast as their bytes can be written.

        :param conversations: how many; each was a second after the one before it.
        :param turns: of each.
        :param cwd: where they were started.
        :param now: when the last one was (aware); the present when None.
        :param history: whether their prompts stand in `history.jsonl` as well.
        """
        from .filling import fill

        return fill(self, conversations, turns, cwd=cwd, now=now, history=history)

    def damage(self, transcript: Transcript | Path, kind: str | Damage | OddFile) -> Path:
        """Damage a transcript in place.

        :param transcript: which.
        :param kind: one of `DAMAGES` or `ODD_FILES`, or its name.
        :returns: The file whose bytes must not be lost: the transcript, or for a link out of the tree its target.
        :raises UnknownDamage: for a name that is none.
        """
        from .damage import damage_of

        return damage_of(kind).put(_path(transcript))

    def transcripts(self) -> list[Transcript]:
        """Every conversation, sorted by path: what bears a UUID's name one level below `projects`.

        Not among them: subagents' transcripts, quarantined files, and anything that is no regular file (HIS-04).
        """
        return [Transcript.read(path) for path in self._conversation_paths()]

    def read(self, session_id: str, cwd: str | os.PathLike[str] | None = None) -> Transcript:
        """Read one conversation.

        :param session_id: which.
        :param cwd: where it was started; when None, it is looked for in every project.
        :raises NoTranscript: when it is not there, or with no `cwd` in more than one project.
        """
        if cwd is not None:
            return Transcript.read(self.transcript_path(session_id, cwd))
        wanted = session_id + ".jsonl"
        found = [path for path in self._conversation_paths() if path.name == wanted]
        if len(found) == 1:
            return Transcript.read(found[0])
        seen = f"{len(found)} projects have one, give the cwd" if found else self._told()
        raise NoTranscript(self.projects / "*" / wanted, seen)

    def resumable(self, transcript: Transcript | Path, release: Release | str | None = None) -> bool:
        """Whether a release would resume the transcript, by that release's own (measured) reader.

        :param transcript: which.
        :param release: this directory's when None.
        """
        path = _path(transcript)
        return path.is_file() and load(str(path), release_of(release, self.release)).resumable

    def _conversation_paths(self) -> list[Path]:
        try:
            projects = sorted(self.projects.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [
            path
            for project in projects
            if project.is_dir()
            for path in sorted(project.iterdir())
            if path.suffix == ".jsonl" and is_uuid(path.stem) and path.is_file() and not path.is_symlink()
        ]

    def _told(self) -> str:
        there = [path.stem for path in self._conversation_paths()]
        if not there:
            return f"{self.projects} has no conversation at all"
        return f"there are {len(there)} conversations: {', '.join(there[:3])}{', ...' if len(there) > 3 else ''}"

    def _append(
        self,
        path: Path,
        records: Sequence[dict[str, Any]],
        form: Release,
        moment: dt.datetime,
        history: bool,
        known: int = 0,
    ) -> Transcript:
        new = not path.exists()
        mode = form.behaviour["file_mode"]
        append(str(path), records, mode)
        if new:
            path.chmod(mode)  # whatever the umask
        stamp = instant.epoch_ns(moment)
        os.utime(path, ns=(stamp, stamp))
        transcript = Transcript.read(path)
        if history:
            self._append_typed(transcript, known)
        return transcript


def _path(transcript: Transcript | Path) -> Path:
    return transcript.path if isinstance(transcript, Transcript) else transcript
