"""The starts of the program as the journal tells them. For the test's own process: nothing of the fake imports it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the program, as the journal tells it.

    :ivar argv: its arguments without the program's own name.
    :ivar cwd: its working directory, None when that was gone.
    :ivar env: its environment; values that sound like secrets are "***".
    :ivar pid: its process id.
    :ivar prompt: the first prompt it received, and all of them.
    :ivar prompts: the first prompt it received, and all of them.
    :ivar requested_resume: the ids on its command line.
    :ivar requested_session_id: the ids on its command line.
    :ivar session_id: the conversation it was in at the end, None for none.
    :ivar outcome: "running", "answered", "not_found", "in_use", "invalid_id", "usage", "api_error", "crashed",
        "limited", "held", "io_error", "interrupted" or "version".
    :ivar exit: its exit status, None while it runs and for one that was killed.
    :ivar started_at: epoch seconds of the machine's clock.
    :ivar ended_at: epoch seconds of the machine's clock.
    :ivar now: epoch seconds of the fake's own clock at the start.
    :ivar messages: how many messages the last request held.
    :ivar release: the version it behaved as.
    :ivar raw: the whole object.
    """

    argv: tuple[str, ...]
    cwd: str | None
    env: Mapping[str, str]
    pid: int
    prompt: str | None
    prompts: tuple[str, ...]
    requested_resume: str | None
    requested_session_id: str | None
    session_id: str | None
    outcome: str
    exit: int | None
    started_at: float
    ended_at: float | None
    now: float
    messages: int
    release: str
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Start:
        """The start that a journal object tells of."""
        requested = entry["requested"]
        return cls(
            argv=tuple(entry["argv"]),
            cwd=entry["cwd"],
            env=entry["env"],
            pid=entry["pid"],
            prompt=entry["prompt"],
            prompts=tuple(entry["prompts"]),
            requested_resume=requested["resume"],
            requested_session_id=requested["session_id"],
            session_id=entry["session_id"],
            outcome=entry["outcome"],
            exit=entry["exit"],
            started_at=entry["started_at"],
            ended_at=entry["ended_at"],
            now=entry["now"],
            messages=entry["messages"],
            release=entry["release"],
            raw=entry,
        )

    @property
    def running(self) -> bool:
        """Whether the process has not ended and is alive; a killed one is not running."""
        return self.ended_at is None and _alive(self.pid)

    @property
    def resumes(self) -> bool:
        """Whether --resume or --continue was asked for."""
        return self.requested_resume is not None or bool(self.raw["requested"]["continue"])

    @property
    def other_options(self) -> list[str]:
        """Its arguments in order of letters, less the prompt and what picks the conversation."""
        words = [word for word in self.argv if word not in (self.prompt, "--")]
        for option in ("--resume", "-r", "--session-id"):
            words = [word for word in words if not word.startswith(option + "=")]
            if option in words:
                at = words.index(option)
                del words[at : at + 2]
        return sorted(words)


def overlap(one: Start, other: Start) -> bool:
    """Whether two starts ran at the same time; one that was killed counts as long as its process lives."""
    ends = [time.time() if s.running else s.started_at if s.ended_at is None else s.ended_at for s in (one, other)]
    return one.started_at < ends[1] and other.started_at < ends[0]


def overlapping(starts: Sequence[Start]) -> list[tuple[Start, Start]]:
    """The pairs of starts that ran at the same time."""
    return [pair for pair in combinations(starts, 2) if overlap(*pair)]


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends between the opening and the reading
        if Path("/proc/self").exists():
            return False
    else:
        return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
