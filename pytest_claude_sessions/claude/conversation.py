"""How a release reads a transcript back: what of it a resumed conversation still knows.

Measured with damaged copies of each release's own transcripts against a loopback API that tells what it was sent; the
differences between the releases are the facet `reader` of `releases.json`.
"""

from __future__ import annotations

import os

from .json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .release import Release

    Record = Mapping[str, Any]

NO_ANSWER = "No response requested."
GO_ON = "Continue from where you left off."


class Conversation:
    """What a release finds in a transcript.

    :ivar messages: (role, text) of what is sent to the API of the history, neighbours of one role merged.
    :ivar joined: how many records joined the message before them.
    :ivar turns: (prompt, answer) of the turns in it; the answer is None where there is none.
    :ivar leaf: UUID of the record that the next one follows, None for none.
    :ivar resumable: whether the release accepts the transcript; when not it says "No conversation found".
    :ivar dangling: whether the last prompt has no answer; the release then writes a made-up one first.
    :ivar failed: whether the last request came to nothing and the release first asks itself to go on.
    :ivar chain: the records of the conversation, oldest first.
    :ivar records: every record of the file that could be read.
    :ivar cwd: working directory that the newest record of the conversation names, None for none.
    """

    __slots__ = ("chain", "cwd", "dangling", "failed", "joined", "leaf", "messages", "records", "resumable", "turns")

    def __init__(
        self,
        records: list[Record],
        chain: list[Record],
        resumable: bool,
        dangling: bool,
        keep_errors: bool = False,
        failed: bool = False,
    ) -> None:
        self.records = records
        self.chain = chain
        self.resumable = resumable
        self.dangling = dangling
        self.leaf: str | None = chain[-1].get("uuid") if chain else None
        self.cwd: str | None = next((r["cwd"] for r in reversed(chain) if isinstance(r.get("cwd"), str)), None)
        self.messages: list[tuple[str, str]] = []
        self.joined = 0
        self.turns: list[tuple[str, str | None]] = []
        for record in chain:
            if record.get("type") in _SPOKEN and (keep_errors or not record.get("isApiErrorMessage")):
                self._add(record["type"], text_of(record))
        self.failed = failed
        if failed:
            self._add("user", GO_ON)
        if dangling:
            self._add("assistant", NO_ANSWER)

    def _add(self, role: str, text: str) -> None:
        if self.messages and self.messages[-1][0] == role:
            self.messages[-1] = (role, self.messages[-1][1] + "\n" + text)
            self.joined += 1
        else:
            self.messages.append((role, text))
        if role == "user":
            self.turns.append((text, None))
        elif self.turns and self.turns[-1][1] is None:
            self.turns[-1] = (self.turns[-1][0], text)

    @property
    def anonymous(self) -> bool:
        """Whether the last answer does not say which model gave it."""
        answers = [record for record in self.chain if record.get("type") == "assistant"]
        return bool(answers) and not answers[-1]["message"].get("model")

    def sent(self, release: Release, cwd: str | None = None) -> int:
        """How many messages the API gets for one more prompt.

        :param cwd: the working directory now; the newest releases tell the model when it is another.
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
        if rule == "unless_token":
            return not os.environ.get("CLAUDE_CODE_OAUTH_TOKEN")
        if rule == "history":
            return bool(self.messages) and self.messages[0][0] == "user"
        # "environment": said anew when the transcript does not have it, or has it of another directory
        known = any(r.get("type") == "attachment" and "environment" in _kind(r) for r in self.chain)
        return not known or (cwd is not None and self.cwd is not None and cwd != self.cwd)


_SPOKEN = ("user", "assistant")
_LINKED = ("user", "assistant", "attachment", "system")


def load(path: str, release: Release) -> Conversation:
    """Read a transcript as that release does.

    :param path: the transcript; one that is not there is a conversation that cannot be resumed.
    :param release: whose reader.
    :raises OSError: when it is there and cannot be read.
    """
    reader = release.behaviour["reader"]
    try:
        with open(path, "rb") as file:
            records = _records(file.read(), reader)
    except FileNotFoundError:
        return Conversation([], [], False, False)
    spoken = [r for r in records if r.get("type") in _SPOKEN and isinstance(r.get("message"), dict)]
    chain = _chain(records, reader)
    last = next((r for r in reversed(chain) if r.get("type") in _SPOKEN), None)
    dangling = last is not None and last["type"] == "user" and bool(reader["answers_dangling"])
    failed = last is not None and bool(last.get("isApiErrorMessage")) and bool(reader["goes_on_after_error"])
    # A prompt on which an attachment hangs is taken for a turn that had begun.
    begun = dangling and chain[-1] is not last and bool(reader.get("goes_on_after_attachment"))
    resumable = bool(chain) and _accepted(spoken, reader)
    keep_errors = bool(reader["keeps_api_errors"])
    return Conversation(records, chain, resumable, dangling or failed, keep_errors, failed or begun)


def text_of(record: Record) -> str:
    """The text of a user or assistant record."""
    content = record["message"].get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join([block["text"] for block in content if isinstance(block, dict) and "text" in block])


def _records(raw: bytes, reader: Mapping[str, Any]) -> list[Record]:
    records: list[Record] = []
    text = raw.decode("utf-8-sig" if reader["reads_bom"] else "utf-8", "replace")
    for line in text.split("\n"):
        try:
            record = loads(line)
        except ValueError:
            continue  # every release skips what it cannot read
        if isinstance(record, dict):
            records.append(record)
    return records


def _accepted(spoken: list[Record], reader: Mapping[str, Any]) -> bool:
    last = spoken[-1]
    return not reader["strict_last"] or ("timestamp" in last and not last.get("isSidechain"))


def _chain(records: list[Record], reader: Mapping[str, Any]) -> list[Record]:
    """The records from the first of the conversation to its leaf, along `parentUuid`."""
    linked = [
        r
        for r in records
        if r.get("type") in _LINKED
        and (r.get("uuid") or reader["bridges_gaps"])
        and (r["type"] not in _SPOKEN or isinstance(r.get("message"), dict))
        and (not r.get("isSidechain") or reader["sidechains_count"])
    ]
    place = {r["uuid"]: i for i, r in enumerate(linked) if r.get("uuid")}
    at = _leaf(linked, reader)
    chain: list[Record] = []
    while at is not None:
        chain.append(linked[at])
        parent = linked[at].get("parentUuid")
        before, at = at, place.get(parent) if parent else None
        if parent and at is None and reader["bridges_gaps"] and before > 0:
            at = before - 1  # the newer releases go on with whatever stands before the gap
        if at is not None and at >= before:
            break  # a loop, or a parent that comes later
    return chain[::-1]


def _leaf(linked: list[Record], reader: Mapping[str, Any]) -> int | None:
    spoken = [i for i, r in enumerate(linked) if r["type"] in _SPOKEN]
    if not spoken:
        return None
    best = spoken[-1]
    if reader["newest_leaf"]:
        best = max(spoken, key=lambda i: (str(linked[i].get("timestamp", "")), i))
    # What hangs on the last word (attachments) belongs to the chain as well.
    uuid = linked[best].get("uuid")
    for i in range(best + 1, len(linked)):
        if uuid and linked[i].get("parentUuid") == uuid and linked[i]["type"] not in _SPOKEN:
            best, uuid = i, linked[i].get("uuid")
    return best


def _kind(record: Record) -> str:
    attachment = record.get("attachment")
    return str(attachment.get("type", "")) if isinstance(attachment, dict) else ""
