"""How a release reads a transcript back: what of it a resumed conversation still knows.

Measured with damaged copies of each release's own transcripts against a loopback API that tells what it was sent; the
differences between the releases are the facet `reader` of `releases.json`.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .release import Release

    Record = Mapping[str, Any]

NO_ANSWER = "No response requested."
INTERRUPTED = "[Request interrupted by user]"


class Conversation:
    """What a release finds in a transcript.

    Attributes:
        messages: (role, text) of what is sent to the API of the history, neighbours of one role merged.
        turns: (prompt, answer) of the turns in it; the answer is None where there is none.
        leaf: UUID of the record that the next one follows, None for none.
        resumable: whether the release accepts the transcript; when not it says "No conversation found".
        dangling: whether the last prompt has no answer; the release then writes a made-up one first.
        chain: the records of the conversation, oldest first.
        records: every record of the file that could be read.
        cwd: working directory that the newest record of the conversation names, None for none.
    """

    __slots__ = ("chain", "cwd", "dangling", "leaf", "messages", "records", "resumable", "turns")

    def __init__(self, records: list[Record], chain: list[Record], resumable: bool, dangling: bool) -> None:
        self.records = records
        self.chain = chain
        self.resumable = resumable
        self.dangling = dangling
        self.leaf: str | None = chain[-1].get("uuid") if chain else None
        self.cwd: str | None = next((r["cwd"] for r in reversed(chain) if isinstance(r.get("cwd"), str)), None)
        self.messages: list[tuple[str, str]] = []
        self.turns: list[tuple[str, str | None]] = []
        for record in chain:
            if record.get("type") in _SPOKEN:
                self._add(record["type"], text_of(record))
        if dangling:
            self._add("assistant", NO_ANSWER)

    def _add(self, role: str, text: str) -> None:
        if self.messages and self.messages[-1][0] == role:
            self.messages[-1] = (role, self.messages[-1][1] + "\n" + text)
        else:
            self.messages.append((role, text))
        if role == "user":
            self.turns.append((text, None))
        elif self.turns and self.turns[-1][1] is None:
            self.turns[-1] = (self.turns[-1][0], text)

    def sent(self, release: Release, cwd: str | None = None) -> int:
        """How many messages the API gets for one more prompt.

        Args:
            cwd: the working directory now; the newest releases tell the model when it is another.
        """
        count = len(self.messages) + 1
        if self.messages and self.messages[-1][0] == "user":
            count -= 1  # the new prompt joins it
        if self.messages and self.messages[0][0] == "assistant":
            count += release.behaviour["reader"]["context_first"]
        for rule in release.behaviour["system_messages"]:
            count += self._system_message(rule, cwd)
        return count

    def _system_message(self, rule: str, cwd: str | None) -> bool:
        if rule == "always":
            return True
        if rule == "history":
            return bool(self.messages) and self.messages[0][0] == "user"
        # "environment": said anew when the transcript does not have it, or has it of another directory
        known = any(r.get("type") == "attachment" and "environment" in _kind(r) for r in self.chain)
        return not known or (cwd is not None and self.cwd is not None and cwd != self.cwd)


_SPOKEN = ("user", "assistant")
_LINKED = ("user", "assistant", "attachment", "system")


def load(path: str, release: Release) -> Conversation:
    """Read a transcript as that release does.

    Args:
        path: the transcript; one that is not there is a conversation that cannot be resumed.
        release: whose reader.

    Raises:
        OSError: when it is there and cannot be read.
    """
    reader = release.behaviour["reader"]
    try:
        with open(path, "rb") as file:
            records, whole = _records(file.read())
    except FileNotFoundError:
        return Conversation([], [], False, False)
    if not whole and reader["bad_line"] == "all":
        # 1.0.0 gives up on the whole file, and goes on without a word as if it were new.
        return Conversation([], [], bool(records), False)
    spoken = [r for r in records if r.get("type") in _SPOKEN and isinstance(r.get("message"), dict)]
    chain = _chain(records, spoken, reader)
    dangling = False
    while chain and chain[-1].get("type") not in _SPOKEN:
        chain = chain[:-1] if reader["ends"] == "spoken" else chain
        break
    last = next((r for r in reversed(chain) if r.get("type") in _SPOKEN), None)
    if last is not None and last["type"] == "user":
        if reader["dangling"] == "drop":
            chain = chain[: chain.index(last)]
        else:
            dangling = reader["dangling"] == "answer"
    return Conversation(records, chain, bool(spoken) and _accepted(spoken, reader), dangling)


def text_of(record: Record) -> str:
    """The text of a user or assistant record."""
    content = record["message"].get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join([block["text"] for block in content if isinstance(block, dict) and "text" in block])


def _records(raw: bytes) -> tuple[list[Record], bool]:
    records: list[Record] = []
    whole = True
    for line in raw.decode("utf-8-sig", "replace").split("\n"):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            whole = False
            continue
        if isinstance(record, dict):
            records.append(record)
    return records, whole


def _accepted(spoken: list[Record], reader: Mapping[str, Any]) -> bool:
    last = spoken[-1]
    if last.get("isSidechain") and reader["sidechain_last"] == "refuse":
        return False
    return "timestamp" in last or reader["no_timestamp"] != "refuse"


def _chain(records: list[Record], spoken: list[Record], reader: Mapping[str, Any]) -> list[Record]:
    if reader["order"] == "file":
        return list(spoken)
    linked = [r for r in records if r.get("type") in _LINKED and r.get("uuid") and not r.get("isSidechain")]
    place = {r["uuid"]: i for i, r in enumerate(linked)}
    at = _leaf(linked, reader)
    chain: list[Record] = []
    while at is not None and linked[at] not in chain[-1:]:
        chain.append(linked[at])
        parent = linked[at].get("parentUuid")
        before = at
        at = place.get(parent) if parent else None
        if parent and at is None and reader["orphan"] == "previous" and before > 0:
            at = before - 1
        if at is not None and at >= before:
            break  # a loop
    return chain[::-1]


def _leaf(linked: list[Record], reader: Mapping[str, Any]) -> int | None:
    spoken = [i for i, r in enumerate(linked) if r["type"] in _SPOKEN]
    if not spoken:
        return None
    if reader["leaf"] == "newest":
        best = max(spoken, key=lambda i: (str(linked[i].get("timestamp", "")), i))
    else:
        best = spoken[-1]
    # What hangs on the last word (attachments) belongs to the chain as well.
    uuid = linked[best]["uuid"]
    for i in range(best + 1, len(linked)):
        if linked[i].get("parentUuid") == uuid and linked[i]["type"] not in _SPOKEN:
            best, uuid = i, linked[i]["uuid"]
    return best


def _kind(record: Record) -> str:
    attachment = record.get("attachment")
    return str(attachment.get("type", "")) if isinstance(attachment, dict) else ""
