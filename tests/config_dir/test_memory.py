from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import ConfigDir, PyfakefsMissing, in_memory, snapshot


def test_without_pyfakefs_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyfakefs", None)
    monkeypatch.setitem(sys.modules, "pyfakefs.fake_filesystem_unittest", None)
    with pytest.raises(PyfakefsMissing, match=r"pip install pytest-claude-sessions\[fakefs\]"), in_memory():
        pytest.fail("there was a file system in memory")


def test_it_is_the_same_directory_in_memory(tmp_path: Path) -> None:
    pytest.importorskip("pyfakefs")
    before = os.environ.get("HOME")
    disk = ConfigDir(tmp_path / "claude", "2.1.50", cwd="/home/user/work").create()
    with in_memory("2.1.50") as config_dir:
        assert not os.path.exists(tmp_path)
        assert os.environ["CLAUDE_CONFIG_DIR"] == str(config_dir.path)
        assert Path.home() == config_dir.home
        made = config_dir.add_conversation(turns=[("hello", "hi"), ("bye", "bye")], title="A talk", history=True)
        config_dir.add_turns(made, 1, release="1.0.0")
        config_dir.add_subagent(made.session_id)
        config_dir.add_side_files(made.session_id)
        config_dir.write_settings({})
        config_dir.write_credentials()
        config_dir.add_running(7, made.session_id)
        filled = config_dir.fill(20)
        for kind in ("torn_last_line", "empty"):
            config_dir.damage(filled.path(filled.ids[0]), kind)
        assert config_dir.read(made.session_id).prompts == ("hello", "bye", "prompt 1")
        assert len(config_dir.transcripts()) == 21
        assert len(config_dir.history().entries) == 2
        assert config_dir.resumable(made)
        assert not config_dir.resumable(filled.path(filled.ids[0]))
        assert config_dir.credentials_path.stat().st_mode & 0o777 == 0o600
        tree = snapshot(config_dir.path)
        assert tree.entries[".credentials.json"].mode == 0o600
        assert len(tree.diff(snapshot("/nowhere"), limit=100)) > 5
    assert os.path.exists(tmp_path)
    assert os.environ.get("HOME") == before
    assert not os.path.exists(config_dir.path)
    assert disk.transcripts() == []


def test_it_needs_no_plugin_of_pyfakefs(tmp_path: Path) -> None:
    pytest.importorskip("pyfakefs")
    (tmp_path / "test_it.py").write_text(
        "import os, pathlib\n"
        "from pytest_claude_sessions.config_dir import in_memory\n"
        "def test_it(request):\n"
        "    assert not request.config.pluginmanager.has_plugin('pytest_fakefs')\n"
        "    with in_memory() as config_dir:\n"
        "        made = config_dir.add_conversation()\n"
        "        assert [p.stem for p in pathlib.Path(config_dir.path).glob('projects/*/*')] == [made.session_id]\n"
        "    assert not os.path.exists(made.path)\n"
    )
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:pytest_fakefs",
            "-p",
            "no:cacheprovider",
            "test_it.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
