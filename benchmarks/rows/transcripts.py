"""Telling whether transcripts are valid, against counting their lines with `wc -l`."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from uuid import UUID

from benchmarks.environments import executable
from benchmarks.pairs import CHECKOUT, command, in_turn, inside, inside_env, peak_mib
from benchmarks.result import Growth, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.config_dir import ConfigDir
from pytest_claude_sessions.reference.transcripts import Transcripts

EACH = 5 * 10**6
"""Bytes of a transcript."""


def measure(scale: Scale, root: Path) -> Row:
    """Five gigabytes on the disk, read from the page cache where it holds them; removed at the end."""
    executable("wc")
    sizes = scale.sizes(10, 100, 1_000)
    files = written(root / "config", sizes[-1], sound(root / "one"))
    seconds, mib, pair = [], [], [[0.0], [0.0]]
    for size in sizes:
        argv = [sys.executable, *inside("transcripts", "check", root / "config", size)[1:]]
        names = [str(path) for path in files[:size]]
        work = command(argv, CHECKOUT, inside_env()), command(["wc", "-l", *names], root)
        pair = in_turn(*work, rounds=3)
        seconds.append(statistics.median(pair[0]))
        mib.append(peak_mib(argv, CHECKOUT, inside_env()))
    for path in files:
        path.unlink()
    few = max(1, sizes[-1] // 10)
    damaged = written(root / "config", few, unsound(root / "one"))
    argv = inside("transcripts", "check", root / "config", few, "damaged")
    names = [str(path) for path in damaged]
    worst = in_turn(command(argv, CHECKOUT, inside_env()), command(["wc", "-l", *names], root), rounds=3)
    typed = "Transcripts(config_dir).holds_conversation(path) for each, Python's start included"
    return Row(
        "transcripts",
        "Transcripts, read for validity",
        comparisons=(
            compared(
                f"{sizes[-1]:,} transcripts of 5 MB, each a conversation",
                "wc -l over the same files",
                *pair,
                bar=2.0,
                commands=(typed, "wc -l projects/*/*.jsonl"),
            ),
            compared(
                f"{few:,} transcripts of 5 MB without a prompt, which have to be read to their ends",
                "wc -l over the same files",
                *worst,
                bar=None,
                commands=(typed, "wc -l projects/*/*.jsonl"),
            ),
        ),
        notes=(
            "A sound transcript is told by its first prompt, so most of it stays unread; one that holds none is "
            "searched to its end for the records that could be one, and only those are taken apart.",
        ),
        growth=(Growth("telling which are valid", "transcripts of 5 MB", sizes, tuple(seconds), tuple(mib)),),
    )


def sound(directory: Path) -> bytes:
    """A long conversation, as Claude writes it."""
    made = ConfigDir(directory).create()
    short = made.add_conversation(turns=[("prompt", "reply " * 150)] * 20).path.stat().st_size
    turns = max(1, 20 * EACH // short)
    content = made.add_conversation(turns=[("prompt", "reply " * 150)] * turns).path.read_bytes()
    return content[: content.rfind(b"\n", 0, EACH) + 1]


def unsound(directory: Path) -> bytes:
    """The same with every prompt lost: nothing tells before the end that there is none."""
    made = ConfigDir(directory).create()
    lines = made.add_conversation(turns=[("prompt", "reply " * 150)] * 200).path.read_bytes().splitlines(keepends=True)
    kept = b"".join(line for line in lines if b'"type":"user"' not in line)
    return kept * (EACH // len(kept))


def written(config: Path, count: int, content: bytes) -> list[Path]:
    """So many files of these bytes."""
    directory = config / "projects" / "-work"
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{UUID(int=number)}.jsonl" for number in range(count)]
    for path in paths:
        path.write_bytes(content)
    return paths


def check(config: str, count: str, expected: str = "sound") -> None:
    """In a process of its own: tell for each whether it holds a conversation."""
    transcripts = Transcripts(Path(config))
    directory = Path(config) / "projects" / "-work"
    for number in range(int(count)):
        path = directory / f"{UUID(int=number)}.jsonl"
        assert transcripts.holds_conversation(path) is (expected == "sound"), path
