from __future__ import annotations

import datetime as dt
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.claude.forms import is_uuid
from pytest_claude_sessions.config_dir import ConfigDir, Transcript


def shape(value: Any) -> Any:
    """What two conversations have in common: everything but ids and times."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    if isinstance(value, str) and (is_uuid(value) or "prompt 1" in value or "prompt 2" in value):
        return "an id or a prompt"
    return value


def without_random(record: dict[str, Any]) -> Any:
    record = shape({key: value for key, value in record.items() if key not in ("timestamp", "startTime")})
    if isinstance(record.get("message"), dict):
        record["message"].pop("id", None)
    return record


@pytest.mark.parametrize("turns", [1, 2])
def test_each_is_what_add_conversation_writes(tmp_path: Path, any_release: str, turns: int, noon: dt.datetime) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    filled = config_dir.fill(3, turns, now=noon)
    model = ConfigDir(tmp_path / "model", any_release, cwd=config_dir.cwd).create()
    for number, session_id in enumerate(filled.ids):
        made = config_dir.read(session_id)
        ended = noon - dt.timedelta(seconds=2 - number)
        by_hand = model.add_conversation(turns=turns, session_id=session_id, now=ended)
        assert [without_random(r) for r in made.records] == [without_random(r) for r in by_hand.records]
        assert made.timestamps == by_hand.timestamps
        starts = [r["startTime"] for r in made.records if "startTime" in r]
        assert starts == [r["startTime"] for r in by_hand.records if "startTime" in r]
        assert made.ids == (session_id,)
        assert made.path == filled.path(session_id)
        assert (made.path.stat().st_mode, made.path.stat().st_mtime_ns) == (
            by_hand.path.stat().st_mode,
            by_hand.path.stat().st_mtime_ns,
        )
        assert config_dir.resumable(made)


def test_no_two_share_an_id_or_a_prompt(config_dir: ConfigDir) -> None:
    filled = [config_dir.fill(300), config_dir.fill(300)]
    transcripts = config_dir.transcripts()
    assert len(transcripts) == 600
    assert {each.session_id for each in transcripts} == {one for each in filled for one in each.ids}
    assert all(map(is_uuid, filled[0].ids))
    uuids = Counter(uuid for each in transcripts for uuid in each.uuids)
    assert max(uuids.values()) == 1
    assert len({each.prompts for each in transcripts}) == 600
    assert sum(each.size for each in transcripts) == filled[0].size + filled[1].size


def test_time_goes_on_from_one_to_the_next(config_dir: ConfigDir, noon: dt.datetime) -> None:
    filled = config_dir.fill(100, now=noon)
    ended = [Transcript.read(filled.path(one)).ended_at for one in filled.ids]
    assert ended == [noon - dt.timedelta(seconds=99 - n) for n in range(100)]
    assert filled.ended_at == noon


@pytest.mark.parametrize("year", [1971, 2001, 2286, 2500])
def test_times_of_another_width(config_dir: ConfigDir, year: int) -> None:
    """Epoch milliseconds have between eleven and fourteen digits in these years."""
    now = dt.datetime(year, 9, 9, 1, 46, 45, tzinfo=dt.UTC)
    filled = config_dir.fill(10, 2, now=now)
    for number, session_id in enumerate(filled.ids):
        made = config_dir.read(session_id)
        assert made.skipped == ()
        assert made.ended_at == now - dt.timedelta(seconds=9 - number)


def test_an_id_in_the_working_directory_stays(config_dir: ConfigDir) -> None:
    cwd = "/srv/11111111-1111-4111-8111-111111111111"
    filled = config_dir.fill(2, cwd=cwd)
    assert {config_dir.read(one, cwd).cwd for one in filled.ids} == {cwd}


def test_prompts_can_be_typed(config_dir: ConfigDir, noon: dt.datetime) -> None:
    filled = config_dir.fill(5, 2, now=noon, history=True)
    entries = config_dir.history().entries
    assert [entry.session_id for entry in entries] == [one for one in filled.ids for _ in range(2)]
    by_id = {one: Transcript.read(filled.path(one)) for one in filled.ids}
    told = [(turn.prompt, turn.timestamp) for one in filled.ids for turn in by_id[one].turns]
    assert [(entry.display, entry.timestamp) for entry in entries] == told
    assert {entry.project for entry in entries} == {os.path.realpath(config_dir.cwd)}


def test_each_file_costs_one_open_and_no_directory(config_dir: ConfigDir, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    for name in ("open", "mkdir", "chmod", "stat", "listdir", "scandir"):
        real = getattr(os, name)

        def counted(*args: Any, name: str = name, real: Any = real, **options: Any) -> Any:
            calls[name] += 1
            return real(*args, **options)

        monkeypatch.setattr(os, name, counted)
    config_dir.fill(200)
    assert calls["open"] == 200
    assert sum(calls.values()) < 220


def test_the_umask_does_not_decide_the_mode(config_dir: ConfigDir) -> None:
    config_dir = ConfigDir(config_dir.path, "1.0.0")
    before = os.umask(0o077)
    try:
        filled = config_dir.fill(3)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(filled.path(one).stat().st_mode) for one in filled.ids} == {0o644}


def test_none_are_none(config_dir: ConfigDir) -> None:
    filled = config_dir.fill(0)
    assert (filled.ids, filled.size) == ((), 0)
    assert config_dir.transcripts() == []
