"""Whether a limited conversation was carried on in another transcript, into which a resume copied it (REC-02).

Releases before 1.0.128 copy what they resume and leave the old transcript as it was. Seen with 1.0.0, 1.0.31 and
1.0.98: the copies have new time stamps, before 1.0.98 new record ids too; texts and the ids of answers stay, what the
API refused is left out, and the prompt that was cut off has a made-up answer, or none, before the next prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .recovery_limit import text_of

MADE_UP = "<synthetic>"
"""The model of an answer that no model gave."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a record of the conversation says, less what a copy changes.

    :param uuid: the record's id, which some releases keep
    :param answer_id: the id of a model's answer, which all keep
    :param refused: whether the API refused the request
    :param made_up: whether no model said it
    """

    role: str
    text: str
    uuid: object
    answer_id: object
    refused: bool
    made_up: bool

    @classmethod
    def of(cls, record: dict[str, Any]) -> Said:
        """Read a user or assistant record."""
        message = record["message"]
        return cls(
            role=str(record["type"]),
            text=text_of(record),
            uuid=record.get("uuid"),
            answer_id=message.get("id") if record["type"] == "assistant" else None,
            refused=record.get("isApiErrorMessage") is True,
            made_up=message.get("model") == MADE_UP,
        )

    def is_copied_by(self, other: Said) -> bool:
        """Whether the other one can be a copy of it."""
        if self.uuid is not None and self.uuid == other.uuid:
            return True
        if (self.role, self.text, self.refused) != (other.role, other.text, other.refused):
            return False
        return self.answer_id == other.answer_id


def went_on_in(limited: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> bool:
    """Whether another transcript begins with a copy of a limited conversation, and goes on after it.

    :param limited: the records of the conversation, the last of which is the limit
    :param other: those of the other transcript, read no further than needed
    """
    rest = map(Said.of, other)
    now = next(rest, None)
    copied = False
    for said in map(Said.of, limited):
        if now is not None and said.is_copied_by(now):
            now, copied = next(rest, None), True
        elif not said.refused:
            return False
    # An answer of a model would be one to this prompt: then it is another conversation that begins alike. And what the
    # API refused there is no copy of what it refused here.
    return copied and now is not None and not now.refused and (now.role == "user" or now.made_up)
