"""Checks of `history`: times, the order of a listing, what is gone, the current conversation, short ids."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pytest_claude_sessions.config_dir import HistoryEntry, Transcript
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, at_instant, entry_of, ids, listed, minutes_ago, numbered, recorded, typed

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


def _not_begun(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that resume_session is refused as not found, and begins nothing in its place."""
    before = trial.tree(trial.config.projects)
    result = trial.manager.resume_session(session_id, "hello")
    trial.equal((result.ok, result.error), (False, "not_found"), given=given)
    trial.unchanged(before, trial.tree(trial.config.projects), given=given)
    answered = [start.prompt for start in trial.starts if start.outcome == "answered"]
    trial.equal(answered, [], given=f"prompts that Claude answered: {given}")


@check("HIS-05")
def resumable_means_that(trial: Trial) -> None:
    """What is listed as resumable is resumed with its history; what is not is refused, and Claude not asked."""
    here = trial.directory("alpha")
    recorded(trial, A, "before", project=here, ago=20)
    typed(trial, B, "gone", project=here, ago=10)
    given = "a conversation with a transcript and one without"
    _not_begun(trial, B, given=f"{given}, and resume_session of the latter")
    result = trial.manager.resume_session(A, "after")
    trial.succeeded(result, given=f"{given}, and resume_session of the former")
    start = trial.starts[-1]
    trial.equal(start.requested_resume, A, given=f"what Claude was asked to resume: {given}")
    trial.equal(trial.prompts(start.session_id), ["before", "after"], given=f"the prompts on the disk: {given}")
    trial.equal(result.session_id, start.session_id, given=f"the id that is returned: {given}")


# ---------------------------------------------------------------------- HIS-07: the current one


@check("HIS-07", cases={"typed": False, "headless": True})
def current_is_of_the_project(trial: Trial, headless: bool) -> None:
    """Two projects in turn: each has its own newest conversation, a third has none."""
    alpha, beta, gamma = (trial.directory(name) for name in ("alpha", "beta", "gamma"))
    order = [(numbered(1), alpha), (numbered(2), beta), (numbered(3), alpha), (numbered(4), beta)]
    for ago, (session_id, project) in zip((40, 30, 20, 10), order, strict=True):
        recorded(trial, session_id, f"in {project.name}", project=project, ago=ago, headless=headless)
    given = "conversations of two projects in turn"
    for project, expected in ((alpha, numbered(3)), (beta, numbered(4)), (gamma, None)):
        current = trial.manager.current_session(project)
        seen = current.session_id if current else None
        trial.equal(seen, expected, given=f"{given}, and current_session of {project.name}")
    recorded(trial, numbered(5), "newer", project=alpha, ago=5, headless=headless)
    current = trial.manager.current_session(alpha)
    trial.equal(current and current.session_id, numbered(5), given=f"{given}, and a newer one in alpha")


@check("HIS-07")
def current_looks_behind_the_newest(trial: Trial) -> None:
    """A project's newest conversation is found behind fifty newer ones of another, and below or above it is nothing."""
    here = trial.directory("alpha")
    recorded(trial, A, "long ago", project=here, ago=5000)
    for number in range(50):
        typed(trial, numbered(0x2000 + number), "elsewhere", project=f"{here}/below", ago=1000 - number * 10)
    typed(trial, B, "above", project=here.parent, ago=1)
    given = "fifty conversations in a directory below, one in the directory above, and an older one"
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, A, given=given)


@check("HIS-07")
def current_goes_by_what_was_last_said(trial: Trial) -> None:
    """Of two conversations of one project, the one that went on last is current, whichever began later."""
    here = trial.directory("alpha")
    first = recorded(trial, A, "began first", project=here, ago=60)
    recorded(trial, B, "began second", project=here, ago=50)
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, B, given="two conversations of one project")
    trial.config.add_turns(first, ["went on"], now=minutes_ago(10), history=True)
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, A, given="two conversations of one project; the first went on")


# ---------------------------------------------------------------------- HIS-08: short ids

LIKE_A = "4bb63347-fb0d-4478-85b2-c7d1a7f248fa"
LIKE_A_TOO = "4bb63347-fb0d-4479-85b2-c7d1a7f248fa"
UNLIKE = "dae96318-c8b1-4a2e-9f3d-1c2d3e4f5a6b"


def _three(trial: Trial) -> None:
    recorded(trial, LIKE_A, "one", project=trial.directory("alpha"), ago=30)
    recorded(trial, LIKE_A_TOO, "two", project=trial.directory("beta"), ago=20, headless=True)
    recorded(trial, UNLIKE, "three", project=trial.directory("alpha"), ago=10, headless=True)


def _refusal(trial: Trial, prefix: str) -> str | None:
    """The kind of the refusal that a short id meets, None when it resolves."""
    return trial.manager.refusal_of(lambda: trial.manager.resolve_session(prefix))


@check("HIS-08")
def short_id_resolves_when_unique(trial: Trial) -> None:
    """What begins one id alone is that id, as is an id in full."""
    _three(trial)
    for prefix, expected in (
        ("dae96318", UNLIKE),
        ("d", UNLIKE),
        (UNLIKE, UNLIKE),
        (LIKE_A[:18], LIKE_A),
        (LIKE_A_TOO[:18], LIKE_A_TOO),
        (LIKE_A, LIKE_A),
    ):
        seen = trial.manager.resolve_session(prefix)
        trial.equal(seen, expected, given=f"{LIKE_A}, {LIKE_A_TOO}, {UNLIKE}, and resolve_session({prefix!r})")


@check("HIS-08")
def ambiguous_id_is_refused(trial: Trial) -> None:
    """What begins two ids is refused as ambiguous, and nothing is done."""
    _three(trial)
    before = trial.tree()
    for prefix in ("4bb63347", "4", LIKE_A[:17]):
        kind = _refusal(trial, prefix)
        trial.equal(kind, "ambiguous", given=f"{LIKE_A} and {LIKE_A_TOO}, and resolve_session({prefix!r})")
    trial.unchanged(before, trial.tree(), given="short ids that are ambiguous")
    trial.equal(trial.manager.resolve_session(LIKE_A), LIKE_A, given="an id in full, beside one that begins alike")


STRANGE = ("", "*", "?", "[0-9a-f]", ".", "..", "../", "%", "-d", "--help", "dae96318*", "DAE.6318", " ", "\n", "$(id)")


@check("HIS-08")
def unknown_id_is_refused(trial: Trial) -> None:
    """What begins no id is refused as not found; so are the middle and the end of one, patterns and names of files."""
    _three(trial)
    trial.config.add_subagent(UNLIKE, trial.directory("alpha"), agent_id="feedbeef00000000")
    aside = trial.config.transcript_path(numbered(0xFACE), trial.directory("alpha"))
    aside.with_name(f"{aside.name}.bak").write_text("garbage\n")
    before = trial.tree()
    for prefix in ("ffffffff", UNLIKE[-8:], UNLIKE[4:], f"{UNLIKE}0", f"{UNLIKE}.jsonl", aside.stem[:8], "agent-fee"):
        kind = _refusal(trial, prefix)
        trial.judge(
            kind in ("not_found", "invalid_session_id"),
            given=f"resolve_session({prefix!r}), which begins no id",
            expected="the refusal not_found",
            seen=f"{kind or 'an answer'}",
        )
    for prefix in STRANGE:
        kind = _refusal(trial, prefix)
        trial.judge(
            kind is not None, given=f"resolve_session({prefix!r})", expected="a refusal", seen="it was resolved"
        )
    trial.equal(
        _refusal(trial, "ffffffff"),
        "not_found",
        given="resolve_session('ffffffff'), which begins no id",
    )
    trial.unchanged(before, trial.tree(), given="short ids that are unknown")
    trial.equal(len(trial.starts), 0, given="starts of Claude while ids were resolved")
    trial.equal(trial.manager.resolve_session("dae96318"), UNLIKE, given="resolve_session of a known one afterwards")


@check("HIS-08")
def old_conversation_resolves(trial: Trial) -> None:
    """A short id resolves and is resumed though thirty newer conversations are listed before it."""
    recorded(trial, UNLIKE, "long ago", project=trial.directory("alpha"), ago=5000)
    for number in range(30):
        typed(trial, numbered(0x3000 + number), "newer", project=BETA, ago=500 - number * 10)
    trial.judge(
        UNLIKE not in ids(trial.manager.list_sessions()),
        given="thirty newer conversations",
        expected="20 entries without the oldest",
        seen=f"{UNLIKE} is among them",
    )
    resolved = trial.manager.resolve_session("dae96318")
    trial.equal(resolved, UNLIKE, given="thirty newer conversations, and the short id of an older one")
    result = trial.manager.resume_session(resolved, "and now")
    trial.succeeded(result, given="resume_session of what was resolved")
    trial.equal(trial.starts[-1].requested_resume, UNLIKE, given="what Claude was asked to resume")


@check("HIS-08")
def unknown_id_is_not_begun(trial: Trial) -> None:
    """resume_session of an id that nobody knows begins no conversation; of a known one it carries on."""
    recorded(trial, A, "before", project=trial.environment.workdir, ago=20)
    unknown = numbered(0xFFFFFFFF)
    _not_begun(trial, unknown, given=f"resume_session({unknown!r}), unknown")
    trial.succeeded(trial.manager.resume_session(A, "after"), given="resume_session of a known id")
    trial.equal(trial.prompts(trial.starts[-1].session_id), ["before", "after"], given="its prompts on the disk")
