from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import OBSERVED
from pytest_claude_sessions.config_dir import ConfigDir, ConversationExists, NaiveTime, NoTranscript

SESSION = "11111111-1111-4111-8111-111111111111"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_creating_it_twice_changes_nothing(tmp_path: Path) -> None:
    config_dir = ConfigDir(tmp_path / "deep" / "claude").create()
    made = config_dir.add_conversation()
    assert config_dir.create() is config_dir
    assert made.path.exists()
    assert mode_of(config_dir.path) == mode_of(config_dir.home) == 0o700
    assert config_dir.projects.is_dir()
    assert config_dir.cwd.is_dir()
    assert transcript_ids(config_dir) == [made.session_id]


def transcript_ids(config_dir: ConfigDir) -> list[str]:
    return [transcript.session_id for transcript in config_dir.transcripts()]


def test_a_conversation_is_in_its_releases_form(tmp_path: Path, any_release: str) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    made = config_dir.add_conversation(cwd="/some/where", turns=[("hello", "hi"), ("bye", None)], session_id=SESSION)
    assert made.path == config_dir.path / "projects" / "-some-where" / f"{SESSION}.jsonl"
    assert [(turn.prompt, turn.reply) for turn in made.turns] == [("hello", "hi"), ("bye", None)]
    assert made.ids == (SESSION,)
    assert made.cwds == ("/some/where",)
    assert made.releases == (any_release,)
    assert made.skipped == ()
    assert mode_of(made.path) == config_dir.release.behaviour["file_mode"]
    assert made.path.read_bytes().endswith(b"}\n")
    assert config_dir.resumable(made)


def test_records_are_linked_one_to_the_next(tmp_path: Path, any_release: str) -> None:
    made = ConfigDir(tmp_path / "claude", any_release).create().add_conversation(turns=3)
    parent = None
    for record in made.records:
        if "parentUuid" in record:
            assert record["parentUuid"] == parent
            parent = record["uuid"]
    assert len(set(made.uuids)) == len([record for record in made.records if "uuid" in record])


def test_the_umask_does_not_decide_the_mode(config_dir: ConfigDir) -> None:
    before = os.umask(0o777)
    try:
        path = config_dir.transcript_path(SESSION, config_dir.cwd)
        os.umask(0o077)
        made = config_dir.add_conversation(session_id=SESSION, release="1.0.0")
    finally:
        os.umask(before)
    assert made.path == path
    assert mode_of(made.path) == 0o644


def test_times_are_those_asked_for(tmp_path: Path, any_release: str, noon: dt.datetime) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    there = noon.astimezone(dt.timezone(dt.timedelta(hours=9)))
    made = config_dir.add_conversation(turns=3, now=there)
    minute, second = dt.timedelta(minutes=1), dt.timedelta(seconds=1)
    assert made.ended_at == noon
    assert [turn.timestamp for turn in made.turns] == [
        noon - 2 * minute - second,
        noon - minute - second,
        noon - second,
    ]
    assert made.path.stat().st_mtime_ns == int(noon.timestamp() * 1000) * 1_000_000
    assert list(made.timestamps) == sorted(made.timestamps)
    assert config_dir.add_conversation(turns=["no answer"], now=there).ended_at == noon
    assert config_dir.add_conversation(turns=[("no answer", None)], now=there).turns[0].timestamp == noon


def test_a_naive_time_is_refused(config_dir: ConfigDir) -> None:
    with pytest.raises(NaiveTime):
        config_dir.add_conversation(now=dt.datetime(2026, 1, 1))
    assert config_dir.transcripts() == []


def test_a_frozen_clock_is_the_time(config_dir: ConfigDir, noon: dt.datetime) -> None:
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time(noon):
        made = config_dir.add_conversation()
    assert made.ended_at == noon
    assert made.path.stat().st_mtime == pytest.approx(noon.timestamp(), abs=1e-3)


def test_turns_can_be_counted_or_written(config_dir: ConfigDir) -> None:
    assert config_dir.add_conversation(turns=2).prompts == ("prompt 1", "prompt 2")
    assert config_dir.add_conversation(turns=2).replies == ("reply 1", "reply 2")
    assert config_dir.add_conversation(turns=["a", ("b", "c")]).replies == ("reply 1", "c")
    assert config_dir.add_conversation(turns=iter(["a"])).prompts == ("a",)
    assert config_dir.add_conversation(turns=0).turns == ()
    with pytest.raises(ValueError, match="turns=-1"):
        config_dir.add_conversation(turns=-1)


def test_an_id_is_given_out_once(config_dir: ConfigDir) -> None:
    assert config_dir.add_conversation().session_id != config_dir.add_conversation().session_id
    config_dir.add_conversation(session_id=SESSION)
    with pytest.raises(ConversationExists, match="add_turns") as caught:
        config_dir.add_conversation(session_id=SESSION)
    assert caught.value.path == config_dir.transcript_path(SESSION)
    assert config_dir.add_conversation(session_id=SESSION, cwd="/elsewhere").session_id == SESSION


@pytest.mark.parametrize("later", [OBSERVED[0], OBSERVED[-1]])
def test_a_conversation_goes_on(tmp_path: Path, any_release: str, later: str, noon: dt.datetime) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    made = config_dir.add_conversation(cwd="/a", turns=["one"], now=noon)
    before = made.path.read_bytes()
    more = config_dir.add_turns(made, ["two"], release=later, now=noon + dt.timedelta(hours=1))
    assert more.path.read_bytes().startswith(before)
    assert more.prompts == ("one", "two")
    assert more.cwds == ("/a",)
    assert more.ended_at == noon + dt.timedelta(hours=1)
    assert set(more.releases) == {any_release, later}
    parents = {record["parentUuid"] for record in more.records if "parentUuid" in record}
    assert len(parents) == len([record for record in more.records if "parentUuid" in record])
    assert config_dir.resumable(more, later)


def test_going_on_needs_a_transcript(config_dir: ConfigDir) -> None:
    with pytest.raises(NoTranscript):
        config_dir.add_turns(config_dir.transcript_path(SESSION))


@pytest.mark.parametrize(("release", "kind"), [("1.0.0", "summary"), ("2.0.77", "custom-title")])
def test_a_title_is_in_the_releases_form(config_dir: ConfigDir, release: str, kind: str) -> None:
    made = config_dir.add_conversation(turns=["x"], title="A talk", release=release)
    [titled] = [record for record in made.records if record["type"] == kind]
    assert "A talk" in titled.values()
    assert made.prompts == ("x",)
    if kind == "summary":
        assert titled["leafUuid"] == made.uuids[-1]


def test_typed_prompts_stand_in_the_history_as_well(config_dir: ConfigDir, noon: dt.datetime) -> None:
    made = config_dir.add_conversation(turns=["one", "two"], now=noon, history=True)
    config_dir.add_turns(made, ["three"], history=True)
    config_dir.add_conversation(turns=["headless"])
    entries = config_dir.history().entries
    assert [entry.display for entry in entries] == ["one", "two", "three"]
    assert {entry.session_id for entry in entries} == {made.session_id}
    assert {entry.project for entry in entries} == {made.cwd}
    assert entries[1].timestamp == made.turns[1].timestamp


def test_conversations_are_listed_and_nothing_else(config_dir: ConfigDir) -> None:
    one = config_dir.add_conversation(cwd="/a")
    two = config_dir.add_conversation(cwd="/b")
    config_dir.add_subagent(one.session_id, "/a")
    config_dir.add_side_files(one.session_id, "/a")
    one.path.with_suffix(".jsonl.bak").write_bytes(one.path.read_bytes())
    one.path.with_name("agent-a1b2c3d.jsonl").write_bytes(one.path.read_bytes())
    one.path.with_name("notes.jsonl").write_bytes(one.path.read_bytes())
    (config_dir.projects / f"{SESSION}.jsonl").write_bytes(one.path.read_bytes())
    for kind in ("directory", "fifo", "link_outside", "dangling_link"):
        config_dir.damage(config_dir.add_conversation(), kind)
    assert sorted(transcript_ids(config_dir)) == sorted([one.session_id, two.session_id])


def test_an_empty_config_dir_has_no_conversations(tmp_path: Path) -> None:
    assert ConfigDir(tmp_path / "nothing").transcripts() == []


def test_a_conversation_is_found_with_and_without_its_cwd(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation(cwd="/a", session_id=SESSION)
    assert config_dir.read(SESSION).path == config_dir.read(SESSION, "/a").path == made.path
    with pytest.raises(NoTranscript):
        config_dir.read(SESSION, "/b")
    config_dir.add_conversation(cwd="/b", session_id=SESSION)
    with pytest.raises(NoTranscript, match="2 projects"):
        config_dir.read(SESSION)


def test_a_missing_conversation_is_told_with_those_there_are(config_dir: ConfigDir) -> None:
    with pytest.raises(NoTranscript, match="no conversation at all"):
        config_dir.read(SESSION)
    made = config_dir.add_conversation()
    with pytest.raises(NoTranscript, match=made.session_id):
        config_dir.read(SESSION)


def test_what_is_no_file_is_not_resumable(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation()
    assert config_dir.resumable(made)
    assert not config_dir.resumable(config_dir.transcript_path(SESSION))
    config_dir.damage(made, "fifo")
    assert not config_dir.resumable(made)
