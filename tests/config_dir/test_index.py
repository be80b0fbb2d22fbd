from __future__ import annotations

import datetime as dt
import json

from pytest_claude_sessions.config_dir import ConfigDir

GHOST = "11111111-1111-4111-8111-111111111111"


def test_an_index_names_what_it_is_told_to(config_dir: ConfigDir, noon: dt.datetime) -> None:
    made = config_dir.add_conversation(cwd="/repo", turns=["caf\u00e9", "two"], now=noon)
    config_dir.add_conversation(cwd="/repo")
    path = config_dir.write_index(made, GHOST, cwd="/repo")
    assert path == config_dir.project_dir("/repo") / "sessions-index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    assert index["version"] == 1
    true, ghost = index["entries"]
    assert true == {
        "sessionId": made.session_id,
        "fullPath": str(made.path),
        "fileMtime": made.path.stat().st_mtime_ns // 1_000_000,
        "firstPrompt": "caf\u00e9",
        "messageCount": 4,
        "created": "2026-03-04T11:58:59.250Z",
        "modified": "2026-03-04T12:00:00.250Z",
        "gitBranch": "",
        "projectPath": "/repo",
        "isSidechain": False,
    }
    assert ghost["sessionId"] == GHOST
    assert ghost.keys() == true.keys()
    assert len(config_dir.transcripts()) == 2


def test_an_index_may_be_all_there_is(config_dir: ConfigDir) -> None:
    assert config_dir.write_index(GHOST).exists()
    assert config_dir.transcripts() == []


def test_a_damaged_conversation_can_be_named(config_dir: ConfigDir) -> None:
    made = config_dir.add_conversation()
    config_dir.damage(made, "empty")
    index = json.loads(config_dir.write_index(config_dir.read(made.session_id)).read_text())
    assert index["entries"][0]["messageCount"] == 0
