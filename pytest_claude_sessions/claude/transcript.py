"""Transcripts: the records that a release writes for a turn.

How a release reads them back, damaged ones included, is `conversation.py`; its `load` and `Conversation` can be had
from here too.
"""

from __future__ import annotations

import os

from .conversation import Conversation, load
from .forms import fill, iso_time, new_uuid
from .json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .release import Release

__all__ = [
    "Conversation",
    "Turn",
    "append",
    "assistant_record",
    "dump",
    "load",
    "turn_records",
    "user_record",
]


class Turn:
    """The records of one turn, made one after the other: the prompt's first, the answer's when it is there.

    :param release: whose form the records take.
    :param session_id: what the records name.
    :param cwd: what the records name.
    :param prompt: the text, or the list of content blocks, that the user sent.
    :param now: epoch seconds of the turn; None takes the machine's clock for each record.
    :param parent: UUID of the record that the turn follows; None for the first of a conversation.
    :param number: which turn of the conversation it is, from 1.
    :param model: as the program was asked for; None takes the release's own.
    :param permission_mode: as the program was asked for; None takes the release's own.
    """

    def __init__(
        self,
        release: Release,
        *,
        session_id: str,
        cwd: str,
        prompt: str | list[Any],
        now: float,
        parent: str | None = None,
        number: int = 1,
        model: str | None = None,
        permission_mode: str = "default",
    ) -> None:
        self._behaviour = release.behaviour
        self.origin: Mapping[str, str] = {}  # who started the program, where records tell it otherwise than -p does
        self._plan = self._behaviour["turn_first" if parent is None else "turn_later"]
        self.leaf = parent
        names = self._plan["answer"]
        self._late = names[: names.index("assistant")]
        self._later = names[len(self._late) :]
        self.values: dict[str, Any] = {
            "session_id": session_id,
            "cwd": cwd,
            "version": release.version,
            "prompt": prompt,
            "permission_mode": permission_mode,
            "prompt_id": new_uuid(),
            "request": new_uuid(),
            "model": model or self._behaviour["model"],
            "turn": number,
        }
        self.at(now)

    def at(self, now: float) -> None:
        """The records from here on bear this time (epoch seconds)."""
        stamp = iso_time(now)
        self.values.update(timestamp=stamp, date=stamp[:10], now_ms=int(now * 1000))

    @property
    def prompt_comes_late(self) -> bool:
        """Whether the release writes the prompt's own record together with the answer."""
        return "user" in self._plan["answer"]

    def prompt_records(self) -> list[dict[str, Any]]:
        """What is on disk before the model is asked (measured: the records are there while the API is slow)."""
        return [self.record(name) for name in self._plan["prompt"]]

    def answer_records(self, reply: str, *, uuid: str | None = None) -> list[dict[str, Any]]:
        """What is written once the model has answered.

        :param reply: the text of the answer.
        :param uuid: that of the assistant record, where a frame names it too.
        """
        records = self.late_records()
        for name in self._later:
            extra = {"reply": reply, "message_id": "msg_" + new_uuid()[:8]} if name == "assistant" else {}
            if uuid and name == "assistant":
                extra["uuid"] = uuid
            records.append(self.record(name, extra))
        return records

    def late_records(self) -> list[dict[str, Any]]:
        """The prompt's own records in the releases that write them together with the answer; none the second time."""
        names, self._late = self._late, []
        return [self.record(name) for name in names]

    def after_error(self) -> list[dict[str, Any]]:
        """What follows the record of a failed request: the answer's records that are about the session."""
        return [self.record(name) for name in self._later[1:] if name not in _ANSWER_ONLY]

    def record(self, name: str, extra: Mapping[str, Any] = {}) -> dict[str, Any]:
        """One record in the release's form, linked to the one before it where its kind is linked."""
        values = {**self.values, **extra, "parent": self.leaf, "leaf": self.leaf}
        record: dict[str, Any] = fill(self._behaviour["record:" + name], values)
        if "uuid" in record:
            self.leaf = record["uuid"]
        for key, value in self.origin.items():
            if key in record:
                record[key] = value
        return record


_ANSWER_ONLY = frozenset({"attachment:prompt_snapshot:tools"})


def turn_records(
    release: Release,
    *,
    session_id: str,
    cwd: str,
    prompt: str | list[Any],
    reply: str,
    now: float,
    parent: str | None = None,
    number: int = 1,
    model: str | None = None,
    permission_mode: str = "default",
) -> list[dict[str, Any]]:
    """The records of a whole turn, in the order in which the release writes them.

    :param now: epoch seconds; the answer is stamped a second later.
    :param parent: UUID of the last linked record of the conversation so far, None for a new one (`leaf_of` finds it).
    :param number: which turn it is, from 1.
    """
    turn = Turn(
        release,
        session_id=session_id,
        cwd=cwd,
        prompt=prompt,
        now=now,
        parent=parent,
        number=number,
        model=model,
        permission_mode=permission_mode,
    )
    records = turn.prompt_records()
    turn.at(now + 1)
    return records + turn.answer_records(reply)


def user_record(
    release: Release,
    *,
    session_id: str,
    cwd: str,
    prompt: str | list[Any],
    now: float,
    parent: str | None = None,
    number: int = 1,
    permission_mode: str = "default",
) -> dict[str, Any]:
    """The record of a prompt alone, without the bookkeeping around it."""
    turn = Turn(
        release,
        session_id=session_id,
        cwd=cwd,
        prompt=prompt,
        now=now,
        parent=parent,
        number=number,
        permission_mode=permission_mode,
    )
    return turn.record("user")


def assistant_record(
    release: Release,
    *,
    session_id: str,
    cwd: str,
    reply: str,
    now: float,
    parent: str | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """The record of an answer alone."""
    turn = Turn(release, session_id=session_id, cwd=cwd, prompt="", now=now, parent=parent, model=model)
    return turn.record("assistant", {"reply": reply, "message_id": "msg_" + new_uuid()[:8]})


def leaf_of(records: Iterable[Mapping[str, Any]]) -> str | None:
    """The UUID of the last linked record, which the next turn follows."""
    leaf = None
    for record in records:
        if "parentUuid" in record:
            leaf = record.get("uuid") or leaf
    return leaf


def dump(record: Mapping[str, Any]) -> str:
    """A record as the line, without its end, that stands in the file: compact, non-ASCII letters as they are."""
    text = dumps(record, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form: JavaScript's JSON escapes it as well
        text = dumps(record)
    return text


def append(path: str, records: Iterable[Mapping[str, Any]], mode: int) -> None:
    """Append records to a transcript, making the file and its directory when they are not there.

    :param path: the transcript.
    :param mode: permission bits of a new file; the directory's are those of `make_project_dir`.
    :raises OSError: when that cannot be written.
    """
    data = "".join([dump(record) + "\n" for record in records]).encode()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        fd = os.open(path, flags, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, mode)
    try:
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
