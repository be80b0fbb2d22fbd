"""Reading what one start of Claude said: frames, stderr, exit status."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOT_FOUND = "No conversation found with session ID: {id}"
IN_USE = "Error: Session ID {id} is already in use."

# The field says it where a release has one; the wording is for those that have none.
_KINDS_BY_FIELD = {
    "rate_limit": "rate_limited",
    "authentication_failed": "auth",
    "billing_error": "auth",
    401: "auth",
    403: "auth",
    429: "rate_limited",
}
_KINDS_BY_WORDING = (
    ("Invalid API key", "auth"),
    ("Please run /login", "auth"),
    ("Spending cap reached", "rate_limited"),
    ("You've hit your", "rate_limited"),
    ("Claude usage limit reached", "rate_limited"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one start of Claude.

    :param frames: the stream's objects, in order; lines that are none are left out
    :param stderr: its lines
    :param exit_status: the process's, None when it was ended at the time-out
    """

    frames: tuple[dict[str, Any], ...]
    stderr: tuple[str, ...]
    exit_status: int | None

    @classmethod
    def of(cls, stdout: bytes, stderr: bytes, exit_status: int | None) -> Answer:
        """Read the two streams."""
        return cls(tuple(_objects(stdout.splitlines())), tuple(_text(stderr).splitlines()), exit_status)

    @property
    def result(self) -> dict[str, Any] | None:
        """The frame that ends the turn."""
        return next((f for f in reversed(self.frames) if f.get("type") == "result"), None)

    @property
    def ok(self) -> bool:
        """Whether a turn was answered: `is_error` decides, not the subtype or the exit status (RES-17)."""
        result = self.result
        return result is not None and not result.get("is_error") and result.get("subtype") == "success"

    @property
    def text(self) -> str:
        """The answer."""
        result = self.result
        return str(result.get("result") or "") if result else ""

    def is_not_found(self, session_id: str) -> bool:
        """Whether Claude said that it has no such conversation, wherever a release says it (RES-08, RES-09)."""
        words = NOT_FOUND.format(id=session_id)
        return not self._answered and (words in self.stderr or words in self._errors)

    def is_in_use(self, session_id: str) -> bool:
        """Whether `--session-id` was refused because a transcript of that id exists (RES-14)."""
        words = IN_USE.format(id=session_id)
        return not self._answered and (words in self.stderr or words in self._errors)

    @property
    def lacks_session_id_option(self) -> bool:
        """Whether this release is older than `--session-id`."""
        return not self._answered and "error: unknown option '--session-id'" in self.stderr

    @property
    def failure(self) -> str:
        """The kind of the failure."""
        if self.exit_status is None:
            return "timeout"
        if any("currently running as a background agent" in words for words in (*self.stderr, *self._errors)):
            return "busy"
        for frame in self.frames:
            for field in ("error", "api_error_status"):
                value = frame.get(field)
                if isinstance(value, (str, int)) and value in _KINDS_BY_FIELD:
                    return _KINDS_BY_FIELD[value]
        if self.result is not None and self.result.get("is_error"):
            for words, kind in _KINDS_BY_WORDING:
                if self.text.startswith(words) or words in self.text.split(" · "):
                    return kind
        return "claude_failed"

    @property
    def was_reset(self) -> bool:
        """Whether the conversation was replaced inside the turn (RES-12)."""
        return any(frame.get("type") == "conversation_reset" for frame in self.frames)

    def session_ids(self) -> list[str]:
        """The ids that may be the conversation's, the likeliest first.

        Hook frames name ids of their own (RES-10), and after a reset the earlier ids are history (RES-12).
        """
        ids: list[str] = []
        for frame in self.frames:
            if frame.get("type") == "conversation_reset":
                ids.clear()
                continue
            session_id = frame.get("session_id")
            hook = frame.get("type") == "system" and str(frame.get("subtype", "")).startswith("hook_")
            if isinstance(session_id, str) and not hook:
                ids.append(session_id)
        return list(dict.fromkeys(reversed(ids)))

    @property
    def _answered(self) -> bool:
        return any(frame.get("type") == "assistant" for frame in self.frames)

    @property
    def _errors(self) -> list[str]:
        result = self.result
        errors = result.get("errors") if result and result.get("is_error") else None
        return [words.strip() for words in errors if isinstance(words, str)] if isinstance(errors, list) else []


def _objects(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            frame = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(frame, dict):
            yield frame


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
