"""Checks of `history`: times, the order of a listing, and what is gone (HIS-01, HIS-02, HIS-05)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pytest_claude_sessions.config_dir import HistoryEntry, Transcript
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, at_instant, entry_of, listed, minutes_ago, not_begun, numbered, recorded, typed

A, B, C = numbered(0xA11CE), numbered(0xB0B), numbered(0xCA201)
ALPHA, BETA = f"{NOWHERE}/alpha", f"{NOWHERE}/beta"

# ---------------------------------------------------------------------- HIS-01: epoch milliseconds

STAMPS = {
    "of-the-source": (1762443128241, datetime(2025, 11, 6, 15, 32, 8, 241000, UTC)),
    "before-the-year-ends": (1767225599999, datetime(2025, 12, 31, 23, 59, 59, 999000, UTC)),
    "in-the-hour-that-europe-repeats": (1761438600000, datetime(2025, 10, 26, 0, 30, 0, 0, UTC)),
    "on-a-leap-day": (1709164800000, datetime(2024, 2, 29, 0, 0, 0, 0, UTC)),
}


@check("HIS-01", cases=STAMPS)
def known_stamp_is_the_right_instant(trial: Trial, case: tuple[int, datetime]) -> None:
    """A known time stamp is the same instant in a listing, a search and the current conversation."""
    stamp, instant = case
    line = f'{{"display":"say when","pastedContents":{{}},"timestamp":{stamp},"project":"{ALPHA}","sessionId":"{A}"}}\n'
    trial.config.add_history_lines(line)
    given = f"a history line with the timestamp {stamp}"
    entry = entry_of(trial, trial.manager.list_sessions(), A, given=given)
    at_instant(trial, entry, instant, given=f"{given}, listed")
    found = entry_of(trial, trial.manager.find_sessions("say when"), A, given=given)
    at_instant(trial, found, instant, given=f"{given}, found")
    at_instant(trial, trial.manager.current_session(Path(ALPHA)), instant, given=f"{given}, the current one")


@check("HIS-01", cases={"behind": "Pacific/Pago_Pago", "ahead": "Asia/Kathmandu"})
def time_zone_does_not_matter(trial: Trial, zone: str) -> None:
    """A manager whose process lives in another time zone reports the same instant."""
    stamp, instant = STAMPS["of-the-source"]
    moment = datetime.fromtimestamp(stamp / 1000, UTC)
    trial.config.add_history_lines(HistoryEntry("say when", moment, ALPHA, A))
    manager = trial.process(trial.environment.with_env(TZ=zone), {"TZ": zone})
    given = f"a history line with the timestamp {stamp}, and the time zone {zone}"
    at_instant(trial, entry_of(trial, manager.list_sessions(), A, given=given), instant, given=given)


# ---------------------------------------------------------------------- HIS-02: each once, newest first


@check("HIS-02")
def each_conversation_once(trial: Trial) -> None:
    """Prompts of three conversations in turn give three entries, by the newest prompt of each."""
    for ago, (session_id, prompt) in zip(
        range(90, 0, -10),
        [(A, "a1"), (B, "b1"), (A, "a2"), (C, "c1"), (B, "b2"), (C, "c2"), (A, "a3"), (B, "b3"), (A, "a4")],
        strict=True,
    ):
        typed(trial, session_id, prompt, project=ALPHA, ago=ago)
    entries = trial.manager.list_sessions()
    given = "nine prompts of three conversations in turn"
    listed(trial, entries, [A, B, C], given=given)
    at_instant(trial, entries[0], minutes_ago(10), given=f"{given}, the time of the first")


@check("HIS-02")
def twenty_unless_told(trial: Trial) -> None:
    """Of 27 conversations the newest 20 are listed, or as many as asked for."""
    expected = [numbered(0x1000 + number) for number in range(27)]
    for number, session_id in reversed(list(enumerate(expected))):
        for again in (2, 1):
            typed(trial, session_id, f"prompt {again}", project=ALPHA, ago=number * 10 + again)
    for limit, length in ((None, 20), (3, 3), (20, 20), (26, 26), (1000, 27), (1, 1)):
        entries = trial.manager.list_sessions(limit)
        listed(trial, entries, expected[:length], given=f"27 conversations, and list_sessions({limit or ''})")
    entries = trial.manager.find_sessions("prompt", 5)
    listed(trial, entries, expected[:5], given="27 conversations, and find_sessions('prompt', 5)")


@check("HIS-02")
def what_was_last_said_decides(trial: Trial) -> None:
    """A conversation that was typed long ago and went on headless is the newest."""
    old = recorded(trial, A, "an old prompt", project=trial.directory("alpha"), ago=500)
    recorded(trial, B, "a later prompt", project=trial.directory("alpha"), ago=300)
    given = "a conversation that began 500 minutes ago and one of 300 minutes ago"
    listed(trial, trial.manager.list_sessions(), [B, A], given=given)
    trial.config.add_turns(old, ["without a terminal"], now=minutes_ago(100))
    entries = trial.manager.list_sessions()
    given += "; the older one went on 100 minutes ago, in its transcript alone"
    listed(trial, entries, [A, B], given=given)
    at_instant(trial, entries[0], minutes_ago(100), given=f"{given}: its time")


# ---------------------------------------------------------------------- HIS-05: what is gone


def _removed(trial: Trial, transcript: Transcript) -> None:
    transcript.path.unlink()


def _set_aside(trial: Trial, transcript: Transcript) -> None:
    transcript.path.rename(transcript.path.with_name(f"{transcript.path.name}.bak"))


def _project_removed(trial: Trial, transcript: Transcript) -> None:
    shutil.rmtree(transcript.path.parent)


def _sibling_stays(trial: Trial, transcript: Transcript) -> None:
    below = transcript.path.with_suffix("") / "tool-results"
    below.mkdir(parents=True)
    (below / "b0a1b2c3d.txt").write_text("1\n")
    transcript.path.unlink()


def _elsewhere(trial: Trial, transcript: Transcript) -> None:
    other = trial.environment.home / ".claude" / "projects" / transcript.path.parent.name
    other.mkdir(parents=True)
    transcript.path.rename(other / transcript.path.name)


GONE: dict[str, Callable[[Trial, Transcript], None]] = {
    "removed": _removed,
    "set-aside": _set_aside,
    "removed-with-its-project": _project_removed,
    "all-but-its-sibling-directory": _sibling_stays,
    "under-another-config-dir": _elsewhere,
}


@check("HIS-05", cases=GONE)
def gone_transcript_is_marked(trial: Trial, lose: Callable[[Trial, Transcript], None]) -> None:
    """A conversation is resumable while its transcript is there, and not any more when it is gone."""
    recorded(trial, A, "still there", project=trial.directory("alpha"), ago=20)
    lost = recorded(trial, B, "soon gone", project=trial.directory("beta"), ago=10)
    given = "two conversations with history lines and transcripts"
    entries = trial.manager.list_sessions()
    trial.equal([(e.session_id, e.resumable) for e in entries], [(B, True), (A, True)], given=given)
    lose(trial, lost)
    entries = trial.manager.list_sessions()
    given += ", one transcript gone since"
    trial.equal([(e.session_id, e.resumable) for e in entries], [(B, False), (A, True)], given=given)
    found = entry_of(trial, trial.manager.find_sessions("soon gone"), B, given=given)
    trial.equal(found.resumable, False, given=f"{given}, and found")


@check("HIS-05")
def resumable_means_that(trial: Trial) -> None:
    """What is listed as resumable is resumed with its history; what is not is refused, and Claude not asked."""
    here = trial.directory("alpha")
    recorded(trial, A, "before", project=here, ago=20)
    typed(trial, B, "gone", project=here, ago=10)
    given = "a conversation with a transcript and one without"
    not_begun(trial, B, given=f"{given}, and resume_session of the latter")
    result = trial.manager.resume_session(A, "after")
    trial.succeeded(result, given=f"{given}, and resume_session of the former")
    start = trial.starts[-1]
    trial.equal(start.requested_resume, A, given=f"what Claude was asked to resume: {given}")
    trial.equal(trial.prompts(start.session_id), ["before", "after"], given=f"the prompts on the disk: {given}")
    trial.equal(result.session_id, start.session_id, given=f"the id that is returned: {given}")
