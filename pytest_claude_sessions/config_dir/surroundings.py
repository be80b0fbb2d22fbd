"""What is in a config directory besides transcripts: settings, credentials, history, running processes."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..claude.release import parse_version
from . import instant
from .history import History, HistoryEntry, append_history, read_history
from .index import write_index
from .places import Places
from .running import running_record, write_running
from .side_files import add_side_files, add_subagent
from .transcript import Transcript

_SECRET_MODE: Final = 0o600


class Surroundings(Places):
    """Builders for everything around the transcripts; see `Places` for what it is made of."""

    def write_settings(self, settings: Mapping[str, Any]) -> Path:
        """Write `settings.json` anew.

        :param settings: what it holds, such as {"cleanupPeriodDays": 30}.
        """
        self.settings_path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        return self.settings_path

    def write_credentials(self, *, expires_at: dt.datetime | None = None) -> Path:
        """Write `.credentials.json` with mode 0600: made-up tokens, which no server knows.

        :param expires_at: when the access token ends (aware); in eight hours when None.
        """
        ends = expires_at or instant.now() + dt.timedelta(hours=8)
        oauth = {
            "accessToken": "made-up-access-token",
            "refreshToken": "made-up-refresh-token",
            "expiresAt": instant.epoch_ms(ends),
            "scopes": ["user:inference", "user:profile"],
            "subscriptionType": "max",
        }
        write_private(self.credentials_path, json.dumps({"claudeAiOauth": oauth}, separators=(",", ":")))
        return self.credentials_path

    def add_history(
        self,
        display: str,
        *,
        session_id: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        now: dt.datetime | None = None,
    ) -> HistoryEntry:
        """Append a typed prompt to `history.jsonl` (mode 0600).

        :param display: the prompt.
        :param session_id: of its conversation; None leaves the key out, as lines of old releases do (HIS-03).
        :param cwd: the project it was typed in.
        :param now: when (aware); the present when None.
        """
        moment = instant.now() if now is None else instant.whole_ms(now)
        entry = HistoryEntry(display, moment, self.real_cwd(cwd), session_id)
        append_history(self.history_path, [entry])
        return entry

    def add_history_lines(self, *lines: HistoryEntry | str | bytes) -> None:
        """Append entries, or texts and bytes exactly as they are: bad, partial and foreign lines (HIS-03)."""
        append_history(self.history_path, lines)

    def history(self) -> History:
        """Read `history.jsonl`, oldest entry first; one that is not there is empty."""
        return read_history(self.history_path)

    def add_running(
        self,
        pid: int,
        session_id: str,
        cwd: str | os.PathLike[str] | None = None,
        *,
        now: dt.datetime | None = None,
        started_at: dt.datetime | None = None,
        status: str = "idle",
        kind: str = "interactive",
        entrypoint: str = "cli",
    ) -> Path:
        """Write `sessions/<pid>.json`: this process has this conversation open (QUA-08).

        :param pid: of a process; one that does not run stands for a Claude that was killed.
        :param session_id: of its conversation.
        :param cwd: where it works.
        :param now: when the entry was last changed (aware); the present when None.
        :param started_at: when the process was started (aware); `now` when None.
        :param status: "idle" between turns, "busy" during one (from 2.1.329 on).
        :param kind: "interactive" (`-p` too), or "bg" for a background agent.
        :param entrypoint: "cli" at a terminal, "sdk-cli" for `-p`.
        """
        updated = now or instant.now()
        record = running_record(
            parse_version(self.release.version),
            pid=pid,
            session_id=session_id,
            cwd=self.real_cwd(cwd),
            started_at=started_at or updated,
            updated_at=updated,
            status=status,
            kind=kind,
            entrypoint=entrypoint,
        )
        return write_running(self.path, record)

    def add_subagent(
        self,
        session_id: str,
        cwd: str | os.PathLike[str] | None = None,
        *,
        prompt: str = "a task for a subagent",
        reply: str = "a subagent's reply",
        agent_id: str | None = None,
        now: dt.datetime | None = None,
    ) -> Path:
        """Write the transcript of a subagent where the release keeps it, and give its path.

        :param session_id: of the conversation that started it.
        :param cwd: of the conversation that started it.
        :param prompt: what it was asked, and answered.
        :param reply: what it was asked, and answered.
        :param agent_id: hex digits; random ones when None.
        :param now: when (aware); the present when None.
        """
        return add_subagent(
            self.transcript_path(session_id, cwd),
            self.release,
            session_id=session_id,
            cwd=self.real_cwd(cwd),
            prompt=prompt,
            reply=reply,
            agent_id=agent_id,
            at=instant.epoch_ms(now or instant.now()) / 1000,
        )

    def add_side_files(self, session_id: str, cwd: str | os.PathLike[str] | None = None) -> list[Path]:
        """Write what the release leaves besides the transcript (tool results, to-do list, log) and give the paths.

        :param session_id: of the conversation.
        :param cwd: of the conversation.
        """
        return add_side_files(self.path, self.project_dir(cwd).name, session_id, self.release)

    def write_index(self, *conversations: Transcript | str, cwd: str | os.PathLike[str] | None = None) -> Path:
        """Write a project's `sessions-index.json` anew, true or stale (HIS-04).

        :param conversations: what it names: a transcript truly, an id as a conversation that need not exist.
        :param cwd: the project's working directory.
        """
        return write_index(self.project_dir(cwd), self.real_cwd(cwd), conversations)

    def _append_typed(self, transcript: Transcript, since: int) -> None:
        """Write the history lines of a conversation's turns, from the given one on."""
        lines = [
            HistoryEntry(turn.prompt, turn.timestamp, transcript.cwd, transcript.session_id)
            for turn in transcript.turns[since:]
        ]
        append_history(self.history_path, lines)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read (mode 0600), from its first byte on."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _SECRET_MODE)
    with open(fd, "wb") as file:
        file.write(text.encode())
    os.chmod(path, _SECRET_MODE)
