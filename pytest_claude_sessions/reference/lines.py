"""Lines of a file that may hold anything, from its end or from its start, in bounded memory (HIS-03, HIS-11)."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

BLOCK = 64 * 1024
_AT_ONCE = 1024 * 1024
LONGEST = 4 * 1024 * 1024
"""Bytes; a longer line of a history is passed by, and never held."""
LONGEST_RECORD = 64 * 1024 * 1024
"""Bytes; the same of a transcript, whose records hold pictures and what tools gave."""


def lines_from_end(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last one first; what is appended meanwhile is not among them.

    A file that cannot be read, and what is no file, has none.
    """
    descriptor = open_regular(path)
    if descriptor is None:
        return
    try:
        position = os.fstat(descriptor).st_size
        pieces: list[bytes] = []
        held = 0
        while position > 0:
            size = min(BLOCK, position)
            position -= size
            first, newline, rest = os.pread(descriptor, size, position).partition(b"\n")
            if newline:
                *whole, last = rest.split(b"\n")
                if held + len(last) <= LONGEST:
                    yield b"".join([last, *reversed(pieces)])
                yield from reversed(whole)
                pieces, held = [], 0
            held += len(first)
            # Of a line that is too long the length alone is kept.
            pieces = [*pieces, first] if held <= LONGEST else []
        if held <= LONGEST:
            yield b"".join(reversed(pieces))
    finally:
        os.close(descriptor)


def lines_from_start(path: Path, longest: int = LONGEST_RECORD) -> Iterator[bytes | None]:
    """The lines of a file with their line ends, None for one that is longer than `longest` bytes."""
    descriptor = open_regular(path)
    if descriptor is None:
        return
    with open(descriptor, "rb", buffering=_AT_ONCE) as stream:
        while line := stream.readline(longest + 1):
            if len(line) <= longest:
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = stream.readline(_AT_ONCE)
            yield None


def lines_with(path: Path, *marks: bytes) -> Iterator[bytes]:
    """The lines of a file that hold one of some texts, but for those that are longer than a record may be.

    What holds none is not taken apart, so that a long file costs little more than to be read.
    """
    descriptor = open_regular(path)
    if descriptor is None:
        return
    with open(descriptor, "rb", buffering=0) as stream:
        rest, too_long, size = b"", False, BLOCK
        while block := stream.read(size):
            size = _AT_ONCE
            if too_long:
                block = block[block.find(b"\n") + 1 :] if b"\n" in block else b""
                too_long = not block
            block = rest + block
            end = block.rfind(b"\n") + 1
            yield from _holding(block, end, marks)
            rest = block[end:]
            if len(rest) > LONGEST_RECORD:
                rest, too_long = b"", True
        if any(mark in rest for mark in marks):
            yield rest


def _holding(block: bytes, end: int, marks: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of a block's first `end` bytes that hold one of some texts; the others are not taken apart."""
    found = [block.find(mark, 0, end) for mark in marks]
    while (nearest := min((place for place in found if place >= 0), default=-1)) >= 0:
        start, stop = block.rfind(b"\n", 0, nearest) + 1, block.find(b"\n", nearest, end)
        yield block[start:stop]
        found = [
            block.find(mark, stop, end) if 0 <= place < stop else place
            for mark, place in zip(marks, found, strict=True)
        ]


def record_in(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line is, None for anything else.

    As Claude reads it: what is no UTF-8 stands for one character, the rest of the record counts.
    """
    try:
        record = json.loads(line.decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def records_from_start(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file in their order; what is none is passed by."""
    for line in lines_from_start(path):
        record = record_in(line) if line is not None else None
        if record is not None:
            yield record


def open_regular(path: Path) -> int | None:
    """Open a regular file to read, None for whatever is none: a FIFO would make us wait for ever."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None
