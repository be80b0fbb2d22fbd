"""A config dir with very many transcripts, against writing the same bytes with plain `open` and `write`."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

from benchmarks.pairs import in_turn, inside_peak
from benchmarks.result import Growth, Limit, Row, compared
from benchmarks.scale import Scale
from pytest_claude_sessions.config_dir import ConfigDir

DISK = "it is the file system that takes longer for a file in a larger directory, and when its cache is full"


def measure(scale: Scale, root: Path) -> Row:
    """Into the machine's directory for temporary files."""
    sizes = scale.sizes(1_000, 10_000, 100_000)
    seconds, plainly, last = [], [], [[0.0], [0.0]]
    for size in sizes:
        content = one_content(root / str(size))
        last = in_turn(
            lambda size=size: filled(root / "made", size),
            lambda size=size, content=content: plain(root / "plain", size, content),
            rounds=scale.rounds(5, 3) if size < sizes[-1] else 2,
            warm=1 if size < sizes[-1] else 0,
        )
        seconds.append(statistics.median(last[0]))
        plainly.append(statistics.median(last[1]))
    peaks = []
    for size in sizes:
        peaks.append(inside_peak("config_dir", "run", size, root / "run"))
        shutil.rmtree(root / "run")
    plain_growth = Growth("open() and write() of the same bytes", "transcripts", sizes, tuple(plainly), why=DISK)
    why = f"{DISK}, as open() and write() beside it show (exponent {plain_growth.exponent:.2f})"
    return Row(
        "config_dir",
        "A config dir with very many transcripts",
        comparisons=(
            compared(
                f"claude_config_dir.fill({sizes[-1]:,})",
                "open() and write() of the same bytes",
                *last,
                bar=1.3,
                commands=(
                    f"claude_config_dir.fill(conversations={sizes[-1]}, turns=1)",
                    f"open(path, 'wb').write(data), {sizes[-1]} times",
                ),
            ),
        ),
        limits=(
            Limit(f"what {sizes[-1]:,} transcripts take more memory than {sizes[0]:,}", peaks[-1] - peaks[0], "MiB", 1),
        ),
        growth=(Growth("filling", "transcripts", sizes, tuple(seconds), tuple(peaks), why), plain_growth),
    )


def filled(directory: Path, size: int) -> float:
    """Seconds to make a directory and fill it."""
    started = time.perf_counter()
    config = ConfigDir(directory).create()
    config.fill(conversations=size, turns=1)
    took = time.perf_counter() - started
    shutil.rmtree(directory)
    return took


def plain(directory: Path, size: int, content: bytes) -> float:
    """Seconds to write as many files of the same size, with names like theirs."""
    started = time.perf_counter()
    directory.mkdir(parents=True)
    tail = "-5bb5-4c8f-8c1a-1c0c58ff1b5e.jsonl"
    for number in range(size):
        with open(f"{directory}/{number * 0x9E3779B1 & 0xFFFFFFFF:08x}{tail}", "wb") as stream:
            stream.write(content)
    took = time.perf_counter() - started
    shutil.rmtree(directory)
    return took


def one_content(directory: Path) -> bytes:
    """The bytes of one of the transcripts, which are all of one size."""
    made = ConfigDir(directory).create().fill(conversations=1, turns=1)
    return made.path(made.ids[0]).read_bytes()


def run(size: str, directory: str) -> None:
    """For the peak memory: fill a directory, in a process of its own, which does not remove it: that holds a list."""
    ConfigDir(Path(directory)).create().fill(conversations=int(size), turns=1)
