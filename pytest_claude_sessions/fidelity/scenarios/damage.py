"""Transcripts that are damaged or made by hand: what of them a resume still knows, and whether their id is stuck."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ..scenario import scenario
from ..stage import Stage
from .starting import DEAD

FOREIGN = "55555555-5555-4555-8555-555555555555"
MADE = "22222222-2222-4222-8222-222222222222"
STAMP = "2026-11-21T03:33:00.215Z"


def _torn(raw: bytes) -> bytes:
    """The last 100 bytes of the last answer's line cut off, and all that follows it."""
    lines = raw.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if json.loads(line).get("type") == "assistant")
    return b"".join(lines[: last + 1])[:-100]


def _torn_prompt(raw: bytes) -> bytes:
    """Half of the last prompt's line, and nothing after it."""
    lines = raw.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if json.loads(line).get("type") == "user")
    return b"".join(lines[:last]) + lines[last][: len(lines[last]) // 2]


def _nul(raw: bytes) -> bytes:
    """64 NUL bytes in the middle of the first answer's line."""
    lines = raw.splitlines(keepends=True)
    first = min(i for i, line in enumerate(lines) if json.loads(line).get("type") == "assistant")
    middle = len(lines[first]) // 2
    lines[first] = lines[first][:middle] + b"\0" * 64 + lines[first][middle:]
    return b"".join(lines)


def _foreign(raw: bytes) -> bytes:
    return re.sub(rb'("sessionId":")[^"]+', rb"\g<1>" + FOREIGN.encode(), raw)


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty": ("a transcript of 0 bytes", lambda raw: b""),
    "garbage": ("one line that is not JSON", lambda raw: b"this is not JSON\n"),
    "torn_answer": ("the last answer's line cut short", _torn),
    "torn_prompt": ("the last prompt's line cut short", _torn_prompt),
    "nul_bytes": ("64 NUL bytes in the first answer's line", _nul),
    "foreign_id": ("records that bear another session id", _foreign),
    "summary_only": (
        "one summary record",
        lambda raw: b'{"type":"summary","summary":"x","leafUuid":"%s"}\n' % DEAD.encode(),
    ),
    "blank_lines": ("a blank line after each record", lambda raw: raw.replace(b"\n", b"\n\n")),
    "crlf": ("CRLF line ends", lambda raw: raw.replace(b"\n", b"\r\n")),
    "bom": ("a byte order mark at the beginning", lambda raw: b"\xef\xbb\xbf" + raw),
    "no_last_newline": ("no line end after the last record", lambda raw: raw.rstrip(b"\n")),
}

ALSO_STARTED = ("empty", "garbage", "torn_answer")


def _enter(name: str, about: str, damage: Callable[[bytes], bytes]) -> None:
    @scenario(f"damaged_{name}", f"--resume of a conversation of two turns with {about}")
    def resume(stage: Stage) -> None:
        session_id = stage.conversation(2)
        path = stage.transcript(session_id)
        path.write_bytes(damage(path.read_bytes()))
        stage.settle()
        if name in ALSO_STARTED:
            stage.claude("--session-id", session_id, step="session id")
        stage.claude("--resume", session_id, step="resume")


for _name, (_about, _damage) in DAMAGE.items():
    _enter(_name, _about, _damage)


def _made(stage: Stage, *records: dict[str, Any]) -> None:
    path = stage.project() / f"{MADE}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({**record, "sessionId": MADE, "timestamp": STAMP}) + "\n" for record in records))
    stage.settle()


USER: dict[str, Any] = {
    "type": "user",
    "message": {"role": "user", "content": "m1"},
    "uuid": "66666666-6666-4666-8666-666666666666",
    "parentUuid": None,
}
ANSWER: dict[str, Any] = {
    "type": "assistant",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "r1"}]},
    "uuid": "77777777-7777-4777-8777-777777777777",
    "parentUuid": USER["uuid"],
}


@scenario("made_minimal", "--resume of one user and one assistant record with the fewest keys")
def minimal(stage: Stage) -> None:
    _made(stage, USER, ANSWER)
    stage.claude("--resume", MADE, step="resume")


@scenario("made_user_only", "--resume of one user record")
def user_only(stage: Stage) -> None:
    _made(stage, USER)
    stage.claude("--resume", MADE, step="resume")


@scenario("made_answer_only", "--resume of one assistant record")
def answer_only(stage: Stage) -> None:
    _made(stage, {**ANSWER, "parentUuid": None})
    stage.claude("--resume", MADE, step="resume")


@scenario("transcript_moved_away", "a transcript moved out of its directory, then both --resume and --session-id")
def moved_away(stage: Stage) -> None:
    session_id = stage.conversation()
    path = stage.transcript(session_id)
    path.rename(stage.disk / "kept.jsonl")
    stage.settle()
    stage.claude("--resume", session_id, step="resume")
    stage.claude("--session-id", session_id, step="session id")


@scenario("transcript_is_directory", "a directory in the place of a transcript")
def directory(stage: Stage) -> None:
    (stage.project() / f"{MADE}.jsonl").mkdir(parents=True)
    stage.settle()
    stage.claude("--resume", MADE, step="resume")
    stage.claude("--session-id", MADE, step="session id")
