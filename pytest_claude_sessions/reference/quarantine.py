"""Setting a transcript aside that Claude would refuse: renamed, never deleted (source 000, QUA-01 to QUA-13)."""

from __future__ import annotations

from pathlib import Path

from .durable import set_aside, unwritable
from .lease import Leases
from .transcripts import Transcripts


class Quarantine:
    """Moves damaged transcripts of one config dir out of the way."""

    def __init__(self, transcripts: Transcripts, leases: Leases) -> None:
        self._transcripts = transcripts
        self._leases = leases

    def is_damaged(self, session_id: str, cwd: Path) -> bool:
        """Whether something stands in the transcript's place that Claude would refuse to resume."""
        path = self._transcripts.find(session_id, cwd)
        return path is not None and not self._transcripts.holds_conversation(path)

    def set_aside(self, session_id: str, cwd: Path) -> Path | None:
        """Move the transcript to `<id>.jsonl.bak`, or that with a number; its sibling directory stays (QUA-07).

        :returns: the new path; None when there was nothing to do or a running Claude is at work on it (QUA-08)
        :raises ManagerError: `unwritable` when it should be moved and cannot (QUA-10)
        """
        path = self._transcripts.find(session_id, cwd)
        if path is None or not self._transcripts.is_inside(path) or self._transcripts.holds_conversation(path):
            return None
        if self._transcripts.is_running(session_id) or session_id in self._leases.running_ids():
            return None
        try:
            return set_aside(path, ".bak")
        except FileNotFoundError:
            return None  # someone else was quicker
        except OSError as error:
            raise unwritable(path, error) from error
