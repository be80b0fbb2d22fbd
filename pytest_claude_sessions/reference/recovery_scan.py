"""Finding the conversations that a usage limit cut off, by what their transcripts end with (REC-01, REC-02)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .history_transcripts import transcript_files
from .lines import lines_from_end, record_in, records_from_start
from .recovery_copy import went_on_in
from .recovery_limit import is_usage_limit, reset_of, text_of, zone_of
from .transcripts import Transcripts

_LOCAL = ("<command-", "<local-command-", "<bash-")
"""What the terminal writes for a command of its own, such as a look at the usage: no turn of the conversation."""
_COMMAND = re.compile(r"<command-name>\s*(/[^<]+?)\s*</command-name>")
_COMMAND_TEXT = re.compile(r"<command-args>\s*(.*?)\s*</command-args>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CutOff:
    """A conversation that ends with a usage limit.

    :param session_id: the id to resume
    :param path: its transcript
    :param cwd: where it was started
    :param prompt: what was asked last and not answered
    :param limited_at: when the limit was met, None when the record bears no time
    :param resets_at: when the limit ends, None when Claude did not say
    """

    session_id: str
    path: Path
    cwd: Path
    prompt: str
    limited_at: datetime | None
    resets_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Whether it may be carried on: an unknown end does not hold it back."""
        return self.resets_at is None or self.resets_at <= now


class LimitScan:
    """Looks through the transcripts of one config dir.

    :param env: Claude's environment, whose TZ is that of a text without a zone
    """

    def __init__(self, transcripts: Transcripts, env: dict[str, str]) -> None:
        self._transcripts = transcripts
        self._env = env

    def cut_off(self) -> list[CutOff]:
        """Every conversation that a limit cut off, the one that waits the longest first."""
        files = transcript_files(self._transcripts.config_dir).values()
        found = [cut for path, _ in files if (cut := self.look_at(path)) is not None]
        return sorted(found, key=lambda cut: (cut.limited_at or datetime.min.replace(tzinfo=UTC), cut.session_id))

    def is_limit(self, record: dict[str, Any]) -> bool:
        """Whether a record tells of a limit."""
        return is_usage_limit(record)

    def look_at(self, path: Path) -> CutOff | None:
        """One transcript; None when it does not end with a limit, or was carried on in a copy."""
        last = self._last_event(path)
        if last is None or not self.is_limit(last) or self._went_on_in_a_copy(path, last):
            return None
        cwd, prompt = self._asked(path, last)
        if cwd is None:
            return None  # nobody can tell where to resume it
        written_at = _time_of(last)
        resets_at = reset_of(last, written_at or _changed_at(path), zone_of(self._env))
        return CutOff(path.stem, path, Path(cwd), prompt or "continue", written_at, resets_at)

    def _last_event(self, path: Path) -> dict[str, Any] | None:
        for line in lines_from_end(path):
            record = record_in(line)
            if record is not None and _is_event(record):
                return record
        return None

    def _asked(self, path: Path, limit: dict[str, Any]) -> tuple[str | None, str | None]:
        """Where the conversation was started, and the last prompt before the limit."""
        cwd = None
        prompts: list[str] = []
        for record in records_from_start(path):
            if cwd is None and isinstance(record.get("cwd"), str):
                cwd = record["cwd"]
            if record == limit:
                break
            if _is_prompt(record):
                _take(prompts, text_of(record))
        return cwd, prompts[-1] if prompts else None

    def _went_on_in_a_copy(self, path: Path, limit: dict[str, Any]) -> bool:
        """Whether another transcript of the project goes on from a copy of this one: then its limit has passed."""
        events: list[dict[str, Any]] = []
        for other, _ in transcript_files(self._transcripts.config_dir).values():
            if other == path or other.parent != path.parent or not _is_younger(other, path):
                continue
            events = events or list(_events(path))
            if went_on_in(events, _events(other)):
                return True
        return False


def _events(path: Path) -> Iterator[dict[str, Any]]:
    return (record for record in records_from_start(path) if _is_event(record))


def _is_event(record: dict[str, Any]) -> bool:
    """Whether it is something that was said in the conversation itself, no subagent's and none of the terminal's."""
    if record.get("type") not in ("user", "assistant") or not isinstance(record.get("message"), dict):
        return False
    if record.get("isSidechain") is True or record.get("isMeta") is True:
        return False
    return record["type"] == "assistant" or not text_of(record).startswith(_LOCAL)


def _is_prompt(record: dict[str, Any]) -> bool:
    """Whether the user said something; the results of tools are in the user's name too, but hold no text."""
    if record.get("type") != "user" or record.get("isCompactSummary") is True:
        return False
    text = text_of(record)
    return record.get("isSidechain") is not True and record.get("isMeta") is not True and bool(text.strip())


def _take(prompts: list[str], text: str) -> None:
    """Put a prompt after the others, as it was typed: a command with what followed it."""
    if text.startswith("[Request interrupted by user"):
        return
    if not text.startswith(_LOCAL):
        prompts.append(text)
        return
    command = _COMMAND.search(text)
    if command is not None:
        rest = _COMMAND_TEXT.search(text)
        prompts.append(f"{command[1]} {rest[1] if rest else ''}".strip())
    elif text.startswith("<local-command-std") and prompts and prompts[-1].startswith("/"):
        prompts.pop()  # the terminal answered it by itself


def _time_of(record: dict[str, Any]) -> datetime | None:
    value = record.get("timestamp")
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _is_younger(path: Path, than: Path) -> bool:
    try:
        return os.stat(path).st_mtime_ns >= os.stat(than).st_mtime_ns
    except OSError:
        return False
