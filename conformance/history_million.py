"""Checks of `history` with a file that holds very much (HIS-11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_claude_sessions.config_dir import HistoryEntry
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, ids, minutes_ago, numbered, typed

A = numbered(0xA11CE)
ALPHA = f"{NOWHERE}/alpha"
MIB = 1024 * 1024
LINES = 1_000_000
AT_ONCE = 2_000
MOST_READ = 0.25
"""Of the file's bytes; reading all of it takes 1."""
MOST_MEMORY = 50 * MIB


@check("HIS-11")
def newest_of_a_million_lines(trial: Trial) -> None:
    """Of a million lines the newest 20 conversations are listed with a small part of the file read, in 50 MiB."""
    typed(trial, A, "the first line", project=ALPHA, ago=10_000)
    manager = trial.process()
    if manager.pid is None or not Path(f"/proc/{manager.pid}/io").exists():
        raise CouldNotRun("how much a process reads cannot be told: there is no /proc with it")
    trial.equal(ids(manager.list_sessions()), [A], given="a history of one line")
    old = "".join(_rows(range(AT_ONCE), ago=9_000)).encode()
    with open(trial.config.history_path, "ab") as stream:
        for _ in range(LINES // AT_ONCE):
            stream.write(old)
        stream.write("".join(_rows(reversed(range(25)), ago=100, first=0x7000)).encode())
        size = stream.tell()
    read, memory = _read_so_far(manager.pid), _peak(manager.pid)
    entries = manager.list_sessions()
    given = f"a history of {LINES:,} lines ({size // MIB} MiB)"
    expected = [numbered(0x7000 + number) for number in range(20)]
    trial.equal(ids(entries), expected, given=given)
    part = (_read_so_far(manager.pid) - read) / size
    trial.judge(
        part < MOST_READ, given=given, expected=f"less than {MOST_READ:.0%} of it read", seen=f"{part:.0%} read"
    )
    grown = _peak(manager.pid) - memory
    trial.judge(
        grown < MOST_MEMORY,
        given=given,
        expected=f"at most {MOST_MEMORY // MIB} MiB more memory than before",
        seen=f"{grown // MIB} MiB more",
    )


def _rows(numbers: Iterable[int], *, ago: float, first: int = 0x8000) -> Iterator[str]:
    for number in numbers:
        moment = minutes_ago(ago + number / 100)
        yield HistoryEntry("again and again", moment, ALPHA, numbered(first + number)).line()


def _read_so_far(pid: int) -> int:
    """Bytes that a process and its ended children have read."""
    try:
        told = Path(f"/proc/{pid}/io").read_text()
    except OSError as error:
        raise CouldNotRun(f"how much a process reads cannot be told: {error}") from error
    return int(told.split("rchar:")[1].split()[0])


def _peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) * 1024
