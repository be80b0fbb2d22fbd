"""What a start leaves on the disk: files with their modes, and the records of transcripts."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Traces:
    """The disk at one moment.

    :param entries: name below the root -> kind and mode, such as "file 600"
    :param transcripts: name -> bytes of every transcript
    """

    entries: Mapping[str, str] = field(default_factory=dict)
    transcripts: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Traces:
        """Look at everything below a directory; links are not followed."""
        entries: dict[str, str] = {}
        transcripts: dict[str, bytes] = {}
        _walk(str(root), "", entries, transcripts)
        return cls(entries, transcripts)

    def files_to(self, later: Traces) -> dict[str, str]:
        """What was made, removed or given another mode from here to a later moment."""
        told: dict[str, str] = {}
        for name in sorted({*self.entries, *later.entries}):
            before, after = self.entries.get(name), later.entries.get(name)
            if before is None and after is not None:
                told[name] = after
            elif after is None:
                told[name] = "removed"
            elif before != after:
                told[name] = f"{before} -> {after}"
        return told

    def records_to(self, later: Traces) -> dict[str, Any]:
        """What was said in the records that were written to transcripts from here to a later moment."""
        told: dict[str, Any] = {}
        for name, raw in sorted(later.transcripts.items()):
            before = self.transcripts.get(name, b"")
            if raw == before:
                continue
            grown = raw.startswith(before)
            all_records = _read(raw)
            # A line that was torn before may have become one with what follows.
            old = len(_read(before)) if grown else 0
            new = all_records[old:]
            spoken = [_spoken(record, all_records) for record in new if _matters(record)]
            # Summaries are written in the background, so they are told apart from what was said.
            summaries = [_spoken(record, all_records) for record in new if record.get("type") == "summary"]
            if summaries:
                told[f"{name} (summaries)"] = summaries
            if spoken or not grown:
                told[name] = spoken if grown else ["(rewritten)", *spoken]
        return told

    def types_to(self, later: Traces) -> dict[str, list[str]]:
        """Which types of records were written to transcripts from here to a later moment, in alphabetical order."""
        return {
            name: sorted({_type(record) for record in _read(raw.removeprefix(self.transcripts.get(name, b"")))})
            for name, raw in sorted(later.transcripts.items())
            if raw != self.transcripts.get(name)
        }


def _walk(root: str, below: str, entries: dict[str, str], transcripts: dict[str, bytes]) -> None:
    try:
        found = sorted(os.scandir(os.path.join(root, below)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        name = f"{below}/{entry.name}" if below else entry.name
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            continue
        if stat.S_ISLNK(mode):
            entries[name] = "link"
        elif stat.S_ISDIR(mode):
            entries[name] = f"directory {stat.S_IMODE(mode):o}"
            _walk(root, name, entries, transcripts)
        else:
            entries[name] = f"file {stat.S_IMODE(mode):o}"
            if entry.name.endswith(".jsonl") and "/projects/" in f"/{name}":
                try:
                    transcripts[name] = Path(root, name).read_bytes()
                except OSError:
                    transcripts[name] = b""


def _read(raw: bytes) -> list[dict[str, Any]]:
    records = []
    for line in raw.split(b"\n"):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        records.append(record if isinstance(record, dict) else {"type": "(no record)"})
    return records


def _type(record: Mapping[str, Any]) -> str:
    kind = str(record.get("type"))
    attachment = record.get("attachment")
    if kind == "attachment" and isinstance(attachment, dict):
        return f"attachment:{attachment.get('type')}"
    if kind == "queue-operation":
        return str(record.get("operation"))
    return kind


def _matters(record: Mapping[str, Any]) -> bool:
    return record.get("type") in ("user", "assistant", "custom-title", "ai-title")


def _spoken(record: Mapping[str, Any], records: list[dict[str, Any]]) -> str:
    if record["type"] not in ("user", "assistant"):
        told = {key: value for key, value in record.items() if key not in ("leafUuid", "timestamp", "uuid")}
        return json.dumps(told, ensure_ascii=False)
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    words = [str(record["type"]), json.dumps(_said(content), ensure_ascii=False), str(record.get("sessionId"))]
    words.append(_parent(record, records))
    for key in ("error", "apiErrorStatus"):
        if record.get(key) is not None:
            words.append(f"{key}={record[key]}")
    words += [key for key in ("isApiErrorMessage", "isSidechain", "isMeta") if record.get(key)]
    if isinstance(message, dict) and message.get("model") == "<synthetic>":
        words.append("synthetic")
    return " ".join(words)


def _said(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [block.get("text", block.get("type")) if isinstance(block, dict) else block for block in content]


def _parent(record: Mapping[str, Any], records: list[dict[str, Any]]) -> str:
    """Which of the records that matter it follows, by its number in the file."""
    by_uuid = {r["uuid"]: r for r in records if isinstance(r.get("uuid"), str)}
    spoken = [r for r in records if r.get("type") in ("user", "assistant")]
    seen: set[str] = set()
    parent = record.get("parentUuid")
    while isinstance(parent, str):
        if parent in seen or parent not in by_uuid:
            return "after-nothing-known"
        seen.add(parent)
        at = by_uuid[parent]
        if at.get("type") in ("user", "assistant"):
            return f"after-{next(i for i, r in enumerate(spoken) if r is at) + 1}"
        parent = at.get("parentUuid")
    return "first"
