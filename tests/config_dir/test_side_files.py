from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.config_dir import ConfigDir, Transcript, snapshot
from pytest_claude_sessions.config_dir.side_files import subagent_place


@pytest.mark.parametrize(
    ("release", "place"),
    [
        ("0.2.0", "inline"),
        ("2.0.0", "inline"),
        ("2.0.77", "beside"),
        ("2.1.0", "beside"),
        ("2.1.50", "below"),
    ],
)
def test_where_a_release_keeps_subagents(release: str, place: str) -> None:
    assert subagent_place(Release.of(release)) == place


def test_a_subagents_records_bear_the_parents_id(tmp_path: Path, any_release: str) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    made = config_dir.add_conversation(turns=["hello"])
    path = config_dir.add_subagent(made.session_id, prompt="look", reply="seen", agent_id="a1b2c3d")
    expected = {
        "inline": made.path,
        "beside": made.path.with_name("agent-a1b2c3d.jsonl"),
        "below": made.path.with_suffix("") / "subagents" / "agent-a1b2c3d.jsonl",
    }
    place = subagent_place(config_dir.release)
    assert path == expected[place]
    records = [record for record in Transcript.read(path).records if record.get("isSidechain")]
    assert [record["type"] for record in records] == ["user", "assistant"]
    assert records[1]["parentUuid"] == records[0]["uuid"]
    assert {record["sessionId"] for record in records} == {made.session_id}
    assert {record.get("agentId") for record in records} == {None if place == "inline" else "a1b2c3d"}
    assert stat.S_IMODE(path.stat().st_mode) == config_dir.release.behaviour["file_mode"]
    assert config_dir.read(made.session_id).prompts == ("hello",)
    assert [each.session_id for each in config_dir.transcripts()] == [made.session_id]
    assert config_dir.resumable(made)


def test_what_is_known_about_a_subagent_stands_beside_it(config_dir: ConfigDir) -> None:
    path = config_dir.add_subagent("11111111-1111-4111-8111-111111111111")
    about = path.with_name(path.stem + ".meta.json")
    assert json.loads(about.read_text())["agentType"] == "general-purpose"
    assert path.stem != config_dir.add_subagent("11111111-1111-4111-8111-111111111111").stem


def test_side_files_are_those_of_the_release(tmp_path: Path, any_release: str) -> None:
    config_dir = ConfigDir(tmp_path / "claude", any_release).create()
    made = config_dir.add_conversation()
    before = snapshot(config_dir.path)
    paths = config_dir.add_side_files(made.session_id)
    names = {str(path.relative_to(config_dir.path)).replace(made.session_id, "ID") for path in paths}
    assert all(path.exists() for path in paths)
    assert all(line.startswith("added ") for line in before.diff(snapshot(config_dir.path)))
    assert ("todos/ID.json" in names) == (any_release == "1.0.0")
    assert ("debug/ID.txt" in names) == ("debug/latest" in names) == (any_release in ("2.0.77", "2.1.0", "2.1.50"))
    assert any("tool-results" in name for name in names) == (any_release.startswith("2.1") and any_release != "2.1.0")
    assert ("session-env/ID" in names) == (any_release in ("2.1.160", "2.1.329", "2.1.330"))


def test_side_files_that_are_there_stay(tmp_path: Path) -> None:
    config_dir = ConfigDir(tmp_path / "claude", "2.1.50").create()
    made = config_dir.add_conversation()
    paths = config_dir.add_side_files(made.session_id)
    todo = next(path for path in paths if path.parent.name == "todos")
    todo.write_text('["kept"]')
    assert config_dir.add_side_files(made.session_id) == paths
    assert todo.read_text() == '["kept"]'
    assert (config_dir.path / "debug" / "latest").resolve().stem == made.session_id
