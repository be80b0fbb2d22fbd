"""Checks of `recovery` about when a limit ends (REC-03)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

from .limited import UNSAID, cut_off, limited, resumed_ids


@dataclass(frozen=True)
class Reset:
    """A limit's end as Claude tells it.

    :param release: whose form the record has
    :param written: when it was written, in UTC
    :param ends: when the limit ends, in UTC
    :param text: what Claude says, where it is not what that release writes for that end
    :param zone: the time zone that Claude runs in
    """

    release: str
    written: str
    ends: str
    text: str = UNSAID
    zone: str = "UTC"


HIT = "You've hit your limit · resets "
RESETS = {
    "field-in-seconds": Reset("2.1.329", "2026-11-20T03:00:20", "2026-11-20T06:16:40"),
    "field-and-another-zone": Reset(
        "2.1.329", "2026-11-20T03:00:20", "2026-11-20T06:16:40", HIT + "2:16pm (Asia/Tokyo)"
    ),
    "text-of-1.0.31": Reset(
        "1.0.31", "2026-11-20T03:00:20", "2026-11-20T06:16:40", "Claude AI usage limit reached|1795155400"
    ),
    "text-without-a-zone": Reset(
        "1.0.128", "2026-11-20T03:00:20", "2026-11-20T06:16:00", "Spending cap reached resets 3:16pm", "Asia/Tokyo"
    ),
    "text-with-its-zone": Reset(
        "2.0.77", "2026-11-20T03:00:20", "2026-11-20T08:50:00", HIT + "4:50pm (Asia/Shanghai)", "America/New_York"
    ),
    "the-whole-hour": Reset("2.0.77", "2026-11-20T03:00:20", "2026-11-20T06:00:00", HIT + "6am (UTC)"),
    "noon": Reset("2.0.77", "2026-11-20T09:00:20", "2026-11-20T12:00:00", HIT + "12pm (UTC)"),
    "after-midnight": Reset("2.0.77", "2026-11-20T22:10:20", "2026-11-21T00:30:00", HIT + "12:30am (UTC)"),
    "days-ahead": Reset("2.0.77", "2026-11-20T03:00:20", "2026-11-24T06:00:00", HIT + "Nov 24, 6am (UTC)"),
    "next-year": Reset("2.0.77", "2026-12-29T03:00:20", "2027-01-02T06:00:00", HIT + "Jan 2, 6am (UTC)"),
    "across-summer-time": Reset("2.0.77", "2026-03-28T23:00:20", "2026-03-29T02:30:00", HIT + "3:30am (Europe/Dublin)"),
}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@check("REC-03", cases=RESETS)
def the_reset_time_is_read_right(trial: Trial, reset: Reset) -> None:
    """Whether a field or the text tells it, in whichever zone, the end of the limit is the right instant."""
    try:
        ZoneInfo(reset.zone)
    except ZoneInfoNotFoundError as error:
        raise CouldNotRun(f"this machine has no table of time zones: {error}") from error
    trial.restart(trial.environment.with_env(TZ=reset.zone))
    cut = cut_off(
        trial, release=reset.release, text=reset.text, limited_at=_at(reset.written), resets_at=_at(reset.ends)
    )
    said = cut.replies[-1]
    seen = [found.resets_at for found in limited(trial)]
    given = f"a limit that {reset.release} met at {reset.written} UTC in the zone {reset.zone}, saying {said!r}"
    trial.equal(seen, [_at(reset.ends)], given=given)


@check("REC-03")
def a_missing_reset_time_is_not_invented(trial: Trial) -> None:
    """Of a limit without a reset time none is told, and it holds the conversation back no more."""
    cut = cut_off(trial, limited_at=datetime.now(UTC) - timedelta(seconds=30))
    given = "a limit of half a minute ago that does not say when it ends"
    trial.equal(
        [(found.session_id, found.resets_at) for found in limited(trial)], [(cut.session_id, None)], given=given
    )
    trial.manager.recover_rate_limited()
    trial.equal(resumed_ids(trial), [cut.session_id], given=f"{given}; what a recovery resumed")


NO_CLOCKS = {"hour-13": "13pm", "hour-0": "0am", "minute-60": "6:60pm"}


@check("REC-03", cases=NO_CLOCKS)
def a_time_that_no_clock_shows_is_not_taken_for_one(trial: Trial, clock: str) -> None:
    """A limit that names no time of any day is told as one without a reset time; one beside it is read."""
    written = _at("2026-11-20T03:00:20")
    odd = cut_off(trial, release="2.0.77", limited_at=written, text=f"{HIT}{clock} (UTC)")
    good = cut_off(trial, release="2.0.77", limited_at=written, text=f"{HIT}6:59pm (UTC)")
    seen = {found.session_id: found.resets_at for found in limited(trial)}
    given = f"two limits of {written.isoformat()} that say 'resets {clock} (UTC)' and 'resets 6:59pm (UTC)'"
    trial.equal(seen, {odd.session_id: None, good.session_id: _at("2026-11-20T18:59:00")}, given=given)


@check("REC-03")
def nothing_is_resumed_before_its_reset_time(trial: Trial) -> None:
    """Ten hours and then a minute before the end of the limit nothing happens, a minute after it the resume."""
    clock = trial.clock
    now = clock.now()
    resets_at = (now + timedelta(hours=10)).replace(second=0, microsecond=0)
    cut = cut_off(trial, limited_at=now, resets_at=resets_at)
    given = f"a limit that ends at {resets_at.isoformat()}"
    for before in (resets_at - now, timedelta(minutes=1)):
        clock.move_to(resets_at - before)
        tree = trial.tree()
        results = trial.manager.recover_rate_limited()
        when = f"{given}, and a recovery {before} before that"
        trial.equal(resumed_ids(trial), [], given=f"{when}; what it resumed ({results})")
        trial.unchanged(tree, trial.tree(), given=when)
    clock.move_to(resets_at + timedelta(minutes=1))
    trial.manager.recover_rate_limited()
    trial.equal(resumed_ids(trial), [cut.session_id], given=f"{given}, and a recovery a minute after that")


@check("REC-03")
def one_that_must_wait_holds_up_no_other(trial: Trial) -> None:
    """Of two limits one ends in three hours, one ended an hour ago: the second one's conversation is resumed alone."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    cwd = trial.directory("waiting")
    cut_off(trial, cwd=cwd, limited_at=now - timedelta(hours=4), resets_at=now + timedelta(hours=3))
    due = cut_off(trial, limited_at=now - timedelta(hours=2), resets_at=now - timedelta(hours=1))
    cut_off(trial, cwd=cwd, limited_at=now - timedelta(hours=1), resets_at=now + timedelta(hours=3))
    project = trial.config.project_dir(cwd)
    before = trial.tree(project)
    trial.manager.recover_rate_limited()
    given = "two limits that end in three hours, and one that ended an hour ago"
    trial.equal(resumed_ids(trial), [due.session_id], given=f"{given}; what a recovery resumed")
    trial.unchanged(before, trial.tree(project), given=given)
