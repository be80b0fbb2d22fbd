"""Recovery: which records are a limit, when it ends, which prompt was cut off, and what follows a resume."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_claude_sessions.conformance.limited import PROMPT, cut_off

from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.recovery_copy import went_on_in
from pytest_claude_sessions.reference.recovery_limit import is_usage_limit, reset_of, zone_of
from pytest_claude_sessions.suite.subject import make_door
from pytest_claude_sessions.suite.trial import Arrangement, Trial

AT = datetime(2026, 11, 20, 3, 0, 20, tzinfo=UTC)


def made_trial(root: Path, release: str | None = None) -> Trial:
    return Trial(Arrangement(door=make_door("reference", root), release=release), root)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = made_trial(tmp_path)
    yield trial
    trial.close()


def limit(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "assistant",
        "isApiErrorMessage": True,
        "message": {"content": [{"type": "text", "text": text}]},
    } | fields


def user(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": text}} | fields


def add(path: Path, *records: dict[str, Any] | str) -> None:
    with path.open("a", encoding="utf-8") as file:
        for record in records:
            file.write(record if isinstance(record, str) else json.dumps(record) + "\n")


def manager_of(trial: Trial) -> ReferenceManager:
    return ReferenceManager(trial.environment)


# ---------------------------------------------------------------------- records
@pytest.mark.parametrize(
    "record",
    [
        limit("You’ve hit your Opus weekly limit · resets 3pm (UTC)"),
        limit("Weekly limit reached ∙ resets Nov 24, 6am"),
        limit("anything", error="rate_limit"),
        limit("anything", apiErrorStatus=429),
        limit("5-hour limit reached ∙ resets 3pm", error="unknown"),
    ],
)
def test_limits(record: dict[str, Any]) -> None:
    assert is_usage_limit(record)


@pytest.mark.parametrize(
    "record",
    [
        limit("You've hit your limit", error="server_error"),
        limit("You've hit your limit", apiErrorStatus=529),
        limit("API Error: 529 Overloaded"),
        limit("I was told: You've hit your limit"),
        limit("You've hit your limit", isApiErrorMessage="true"),
        user("You've hit your limit", isApiErrorMessage=True),
    ],
)
def test_what_is_no_limit(record: dict[str, Any]) -> None:
    assert not is_usage_limit(record)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("error", "apiErrorStatus", "apiErrorParams", "quotaLimits", "message", "isApiErrorMessage", "type")


@given(record=st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), real=st.booleans())
def test_no_record_does_harm(record: dict[str, Any], real: bool) -> None:
    whole = limit("You've hit your limit · resets 3pm", **record) if real else record
    assert is_usage_limit(whole) in (True, False)
    ends = reset_of(whole, AT, UTC)
    assert ends is None or ends.tzinfo is UTC


# ---------------------------------------------------------------------- reset times
@settings(max_examples=200)
@given(
    hours=st.floats(0.02, 150),
    written=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe"]),
)
def test_every_text_is_read_as_it_was_meant(hours: float, written: datetime, zone: str) -> None:
    written = written.replace(tzinfo=UTC)
    ends = (written + timedelta(hours=hours)).replace(second=0, microsecond=0)
    local = ends.astimezone(ZoneInfo(zone))
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() or ends < written:
        return  # the text says the same of two instants
    clock = f"{local.hour % 12 or 12}:{local.minute:02d}{'am' if local.hour < 12 else 'pm'}"
    if ends - written > timedelta(hours=23):
        clock = f"{local:%b} {local.day}, {clock}"
    assert reset_of(limit(f"You've hit your limit · resets {clock} ({zone})"), written, UTC) == ends


@pytest.mark.parametrize(
    ("record", "ends"),
    [
        (limit("", quotaLimits={"resetsAt": 1795155400}), datetime.fromtimestamp(1795155400, UTC)),
        (limit("", quotaLimits={"resetsAt": 1795155400000}), datetime.fromtimestamp(1795155400, UTC)),
        (limit("resets 3pm (UTC)", quotaLimits={"resetsAt": True}), AT.replace(hour=15, minute=0, second=0)),
        (limit("resets 3pm (UTC)", quotaLimits={"resetsAt": float("nan")}), AT.replace(hour=15, minute=0, second=0)),
        (limit("resets 3:00am (UTC)"), AT.replace(second=0)),
        (limit("resets 3pm (No/Where)"), None),
        (limit("resets 13pm (UTC)"), None),
        (limit("resets Feb 31, 6am (UTC)"), None),
        (limit("resets soon"), None),
    ],
)
def test_reset_times(record: dict[str, Any], ends: datetime | None) -> None:
    assert reset_of(record, AT, UTC) == ends


def test_without_a_time_of_its_own_a_clock_says_nothing() -> None:
    assert reset_of(limit("resets 3pm (UTC)"), None, UTC) is None
    assert reset_of(limit("resets 3pm"), AT, None) is None
    assert reset_of(limit("resets 3pm (UTC)"), datetime.max.replace(tzinfo=UTC), UTC) is None


def test_zone_is_that_of_claudes_environment() -> None:
    assert zone_of({"TZ": ":UTC"}) is UTC
    assert str(zone_of({"TZ": "Asia/Tokyo"})) == "Asia/Tokyo"
    assert zone_of({"TZ": "../../etc/passwd"}) is None
    assert zone_of({}) is not None


# ---------------------------------------------------------------------- what was cut off
def test_what_the_terminal_answered_by_itself_is_no_event(trial: Trial) -> None:
    cut = cut_off(trial)
    add(
        cut.path,
        user("<command-name>/usage</command-name><command-args></command-args>"),
        user("<local-command-stdout>100 % used</local-command-stdout>"),
        user("a caveat", isMeta=True),
        '{"type":"user","mess',
    )
    found = manager_of(trial).recovery.scan.look_at(cut.path)
    assert found is not None
    assert found.prompt == PROMPT


@pytest.mark.parametrize(
    ("before", "prompt"),
    [
        ([user("<command-name>/review</command-name><command-args> 12 </command-args>")], "/review 12"),
        (
            [
                user("asked"),
                user("<command-name>/status</command-name>"),
                user("<local-command-stdout>fine</local-command-stdout>"),
            ],
            "asked",
        ),
        ([user("asked"), user("[Request interrupted by user]")], "asked"),
        ([user("asked"), user("summary", isCompactSummary=True), user("by a subagent", isSidechain=True)], "asked"),
        ([{"type": "user", "message": {"content": [{"type": "image"}, {"type": "text", "text": "see"}]}}], "see"),
    ],
)
def test_prompt_that_was_cut_off(trial: Trial, before: list[dict[str, Any]], prompt: str) -> None:
    path = trial.config.add_conversation(turns=1).path
    add(path, *before, limit("You've hit your limit", timestamp="2026-11-20T03:00:20.000Z"))
    found = manager_of(trial).recovery.scan.look_at(path)
    assert found is not None
    assert found.prompt == prompt


def test_text_without_a_time_stamp_counts_from_the_files_own(trial: Trial) -> None:
    path = trial.config.add_conversation(turns=1).path
    add(path, limit("You've hit your limit · resets 3pm (UTC)"))
    os.utime(path, (AT.timestamp(), AT.timestamp()))
    [found] = manager_of(trial).rate_limited_sessions()
    assert found.resets_at == datetime(2026, 11, 20, 15, tzinfo=UTC)


def test_strange_files_are_passed_by(trial: Trial) -> None:
    cut = cut_off(trial)
    os.mkfifo(cut.path.with_name(f"{trial.new_id()}.jsonl"))
    cut.path.with_name(f"{trial.new_id()}.jsonl").symlink_to("/dev/zero")
    cut.path.with_name(f"{trial.new_id()}.jsonl").mkdir()
    cut.path.with_name(f"{trial.new_id()}.jsonl").write_bytes(b"\xff\0{" * 100_000)
    add(cut.path.with_name(f"{trial.new_id()}.jsonl"), limit("You've hit your limit"))
    assert [found.session_id for found in manager_of(trial).rate_limited_sessions()] == [cut.session_id]


# ---------------------------------------------------------------------- copies
def answer(text: str, number: str, model: str = "a-model", **fields: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {"type": "assistant", "message": {"id": number, "model": model, "content": content}} | fields


REFUSED = limit("You've hit your limit")
WAITING = [user("one"), answer("first", "msg_1"), user("two"), REFUSED]
MADE_UP = answer("No response requested.", "an-id", "<synthetic>")


@pytest.mark.parametrize(
    ("limited", "other", "went_on"),
    [
        (WAITING, [*WAITING[:3], user("three"), answer("third", "msg_3")], True),  # 1.0.0
        (WAITING, [*WAITING[:3], MADE_UP, user("three")], True),  # 1.0.31
        (WAITING, [*WAITING, user("three")], True),
        (WAITING, WAITING, False),
        (WAITING, WAITING[:3], False),
        (WAITING, [*WAITING[:3], answer("second", "msg_2")], False),
        (WAITING, [user("one"), answer("first", "msg_9"), user("two"), user("three")], False),
        (WAITING, [user("another"), *WAITING, user("three")], False),
        (WAITING, [], False),
        ([user("hi"), REFUSED], [user("hi"), answer("hello", "msg_1"), user("bye")], False),
        ([user("hi"), REFUSED], [user("hi"), MADE_UP, user("hi")], True),
        (
            [user("hi"), REFUSED | {"uuid": "a", "message": {**REFUSED["message"], "id": "one"}}],
            [user("hi"), REFUSED | {"uuid": "b", "message": {**REFUSED["message"], "id": "two"}}, user("hi")],
            False,  # two conversations that were limited side by side
        ),
    ],
)
def test_conversation_that_went_on_in_a_copy(
    limited: list[dict[str, Any]], other: list[dict[str, Any]], went_on: bool
) -> None:
    assert went_on_in(limited, other) is went_on


# ---------------------------------------------------------------------- what follows
@pytest.mark.parametrize("release", ["1.0.31", "2.1.329"])
def test_key_follows_the_conversation_to_its_new_id(tmp_path: Path, release: str) -> None:
    trial = made_trial(tmp_path, release)
    cut = cut_off(trial)
    manager = manager_of(trial)
    manager.set_session("chat", cut.session_id)
    [result] = manager.recover_rate_limited()
    assert result.ok
    assert manager.get_session("chat") == result.session_id
    assert (result.session_id == cut.session_id) == (release == "2.1.329")


def test_conversation_that_is_open_elsewhere_is_left_alone(trial: Trial) -> None:
    cut = cut_off(trial)
    trial.config.add_running(os.getpid(), session_id=cut.session_id)
    [result] = manager_of(trial).recover_rate_limited()
    assert (result.ok, result.error) == (False, "busy")
    assert trial.starts == []


def test_log_that_cannot_be_written_stops_nothing(trial: Trial) -> None:
    cut = cut_off(trial)
    (trial.environment.config_dir / "resume-logs").write_text("a file in its place")
    [result] = manager_of(trial).recover_rate_limited()
    assert result.ok
    assert trial.starts[-1].requested_resume == cut.session_id


def test_log_tells_each_outcome_in_a_line(trial: Trial) -> None:
    cut = cut_off(trial)
    trial.claude.usage_limit()
    manager = manager_of(trial)
    manager.recover_rate_limited()
    manager.recover_rate_limited()
    log = trial.environment.config_dir / "resume-logs" / f"{cut.session_id}.log"
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["ok"], entry["error"], entry["prompt"]) for entry in told] == [
        (False, "rate_limited", PROMPT),
        (True, None, PROMPT),
    ]
    assert log.stat().st_mode & 0o777 == 0o600
