"""What a damaged transcript looks like: functions from the good bytes to the bad ones.

Each takes the bytes of a transcript and the session id in its file name and gives the damaged bytes. They are
pure, so a damaged file can be made again byte for byte. What a release does with each is in `damage.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

Mutation = Callable[[bytes, str], bytes]

FOREIGN_ID: Final = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
"""A session id that no builder gives out; it stands for another conversation."""

NULS: Final = b"\0" * 64
# The records that carry a conversation; everything else in a transcript is bookkeeping.
_SPOKEN: Final = frozenset({"user", "assistant", "attachment", "system"})
_STAMP: Final = "2025-01-01T00:00:00.000Z"


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a transcript that are not blank, without their line ends."""
    return [line.rstrip(b"\r") for line in data.split(b"\n") if line.strip()]


def joined(lines: list[bytes]) -> bytes:
    """Lines put together again, each with its line end."""
    return b"".join(line + b"\n" for line in lines)


def _record(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _type_of(line: bytes) -> str:
    return str(_parsed(line).get("type"))


# ---------------------------------------------------------------- harmless in the newest release


def no_final_newline(data: bytes, session_id: str) -> bytes:
    return data.rstrip(b"\r\n")


def nested_session_id_first(data: bytes, session_id: str) -> bytes:
    snapshot = {
        "messageId": FOREIGN_ID,
        "trackedFileBackups": {},
        "timestamp": _STAMP,
        "sessionId": FOREIGN_ID,
    }
    first = _record(type="file-history-snapshot", messageId=FOREIGN_ID, snapshot=snapshot, isSnapshotUpdate=False)
    return joined([first, *lines_of(data)])


def crlf(data: bytes, session_id: str) -> bytes:
    return b"".join(line + b"\r\n" for line in lines_of(data))


def blank_lines(data: bytes, session_id: str) -> bytes:
    return b"\n" + b"".join(line + b"\n\n" for line in lines_of(data))


def unknown_record_types(data: bytes, session_id: str) -> bytes:
    unknown = _record(
        type="from-a-later-release", sessionId=session_id, payload={"uuid": FOREIGN_ID, "list": [1, None]}
    )
    out = [unknown]
    for line in lines_of(data):
        out += [line, unknown]
    return joined(out)


def untyped_records(data: bytes, session_id: str) -> bytes:
    odd = [b"{}", b'{"type":null}', b'{"type":7,"uuid":[]}', b'{"sessionId":"' + session_id.encode() + b'"}']
    return joined([*odd, *lines_of(data), *odd])


def not_objects(data: bytes, session_id: str) -> bytes:
    odd = [b"[]", b"null", b"42", b'"text"', b"true"]
    return joined([*odd, *lines_of(data), *odd])


def bookkeeping_first(data: bytes, session_id: str) -> bytes:
    return joined([*_bookkeeping(session_id), *lines_of(data)])


def torn_last_line(data: bytes, session_id: str) -> bytes:
    lines = lines_of(data)
    return joined(lines[:-1]) + lines[-1][: len(lines[-1]) // 2] if lines else b""


def torn_next_turn(data: bytes, session_id: str) -> bytes:
    start = f'{{"parentUuid":null,"sessionId":"{session_id}","type":"user","message":{{"content":"caf'
    # Cut inside the two bytes of an e with an acute accent: a write does not end where a character does.
    return joined(lines_of(data)) + start.encode() + "\u00e9".encode()[:1]


def garbage_line(data: bytes, session_id: str) -> bytes:
    lines = lines_of(data)
    middle = _before_last_turn(lines)
    return joined([*lines[:middle], b"\xff\xfe this is not JSON {", *lines[middle:]])


def nul_line(data: bytes, session_id: str) -> bytes:
    lines = lines_of(data)
    middle = _before_last_turn(lines)
    return joined([*lines[:middle], NULS, *lines[middle:]])


def nul_block(data: bytes, session_id: str) -> bytes:
    # What a crash of the machine leaves when a later turn was appended: zeros in front of its prompt.
    lines = lines_of(data)
    middle = _before_last_turn(lines)
    return joined(lines[:middle]) + NULS + joined(lines[middle:])


def nul_tail(data: bytes, session_id: str) -> bytes:
    return joined(lines_of(data)) + NULS


def byte_order_mark(data: bytes, session_id: str) -> bytes:
    return b"\xef\xbb\xbf" + data


def foreign_session_id(data: bytes, session_id: str) -> bytes:
    return data.replace(session_id.encode(), FOREIGN_ID.encode())


def repeated_records(data: bytes, session_id: str) -> bytes:
    return joined([line for line in lines_of(data) for _ in range(2)])


def unanswered(data: bytes, session_id: str) -> bytes:
    lines = lines_of(data)
    return joined(lines[: _last(lines, "user") + 1])


def lone_surrogate(data: bytes, session_id: str) -> bytes:
    return joined([_with_more_text(line, "\ud83d") for line in lines_of(data)])


def invalid_utf8(data: bytes, session_id: str) -> bytes:
    mark = "\ue000"
    marked = joined([_with_more_text(line, mark, ascii_only=False) for line in lines_of(data)])
    return marked.replace(mark.encode(), b"\xc3\x28\xff")


# ---------------------------------------------------------------- fatal in the newest release


def empty(data: bytes, session_id: str) -> bytes:
    return b""


def white_space(data: bytes, session_id: str) -> bytes:
    return b" \n\t\n\r\n   \n"


def garbage(data: bytes, session_id: str) -> bytes:
    return b"this is not a transcript\n"


def binary(data: bytes, session_id: str) -> bytes:
    return bytes(range(256)) * 8


def nul_only(data: bytes, session_id: str) -> bytes:
    return b"\0" * max(len(data), 64)


def summary_only(data: bytes, session_id: str) -> bytes:
    return joined([_record(type="summary", summary="A talk", leafUuid=FOREIGN_ID)])


def bookkeeping_only(data: bytes, session_id: str) -> bytes:
    kept = [line for line in lines_of(data) if _type_of(line) not in _SPOKEN]
    return joined([*_bookkeeping(session_id), *kept])


def no_user_turn(data: bytes, session_id: str) -> bytes:
    return joined([line for line in lines_of(data) if _type_of(line) not in ("user", "assistant")])


def replies_only(data: bytes, session_id: str) -> bytes:
    return joined([line for line in lines_of(data) if _type_of(line) != "user"])


def sidechain_only(data: bytes, session_id: str) -> bytes:
    return data.replace(b'"isSidechain":false', b'"isSidechain":true')


def all_torn(data: bytes, session_id: str) -> bytes:
    return joined([line[: max(1, len(line) // 2)] for line in lines_of(data)])


def one_line(data: bytes, session_id: str) -> bytes:
    return b" ".join(lines_of(data)) + b"\n"


# ---------------------------------------------------------------- their parts


def _bookkeeping(session_id: str) -> list[bytes]:
    return [
        _record(
            type="queue-operation",
            operation="enqueue",
            timestamp=_STAMP,
            sessionId=session_id,
            content="a prompt",
        ),
        _record(type="queue-operation", operation="dequeue", timestamp=_STAMP, sessionId=session_id),
        _record(type="custom-title", customTitle="A talk", sessionId=session_id),
        _record(type="mode", mode="normal", sessionId=session_id),
        _record(type="last-prompt", lastPrompt="a prompt", sessionId=session_id),
    ]


def _last(lines: list[bytes], record_type: str) -> int:
    found = [n for n, line in enumerate(lines) if _type_of(line) == record_type]
    return found[-1] if found else len(lines) - 1


def _before_last_turn(lines: list[bytes]) -> int:
    return _last(lines, "user") if len(lines) > 1 else len(lines)


def _with_more_text(line: bytes, text: str, *, ascii_only: bool = True) -> bytes:
    record = _parsed(line)
    message = record.get("message")
    if record.get("type") != "user" or not isinstance(message, dict):
        return line
    content = message.get("content")
    if isinstance(content, str):
        message["content"] = content + text
    elif isinstance(content, list):
        content.append({"type": "text", "text": text})
    return json.dumps(record, separators=(",", ":"), ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
