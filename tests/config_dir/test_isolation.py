from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import ConfigDir, Guard, RealConfigDirTouched, own_config_dir
from pytest_claude_sessions.config_dir.isolation import environment_of


def test_home_and_config_dir_are_the_tests_own_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/before")
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    with own_config_dir(tmp_path, "2.0.0") as config_dir:
        assert config_dir.release.version == "2.0.0"
        assert Path.home() == config_dir.home
        assert tmp_path in config_dir.home.parents
        assert os.environ["CLAUDE_CONFIG_DIR"] == str(config_dir.path)
        assert config_dir.path.is_dir()
        assert config_dir.path != config_dir.home / ".claude"
        told = subprocess.run(
            [
                sys.executable,
                "-c",
                "import os; print(os.path.expanduser('~'), os.environ['CLAUDE_CONFIG_DIR'])",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert told == [str(config_dir.home), str(config_dir.path)]
    assert os.environ["HOME"] == "/before"
    assert "CLAUDE_CONFIG_DIR" not in os.environ


def test_the_real_one_is_guarded_and_a_swallowed_touch_told_at_the_end(tmp_path: Path) -> None:
    person = tmp_path / "person"
    (person / ".claude").mkdir(parents=True)
    own = tmp_path / "own"
    guard = Guard(own, homes=[person], config_dirs=[])

    def careless() -> None:
        with own_config_dir(own, guard=guard) as config_dir:
            config_dir.add_conversation()
            with contextlib.suppress(OSError):
                (person / ".claude" / "settings.json").write_text("{}")

    with pytest.raises(RealConfigDirTouched, match=r"person/\.claude/settings\.json"):
        careless()
    assert list((person / ".claude").iterdir()) == []


def test_the_persons_own_home_is_guarded(tmp_path: Path) -> None:
    pwd = pytest.importorskip("pwd")
    real = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".claude"
    guard = Guard(tmp_path)
    with own_config_dir(tmp_path, guard=guard):
        with pytest.raises(RealConfigDirTouched):
            os.listdir(real)  # refused before it is known whether there is one
        guard.touches.clear()


def test_a_test_that_means_the_real_one_can_say_so(tmp_path: Path) -> None:
    person = tmp_path / "person"
    (person / ".claude").mkdir(parents=True)
    own = tmp_path / "own"
    with own_config_dir(own, guard=Guard(own, homes=[person], config_dirs=[])) as config_dir:
        with config_dir.real_allowed():
            assert os.listdir(person / ".claude") == []
        assert config_dir.guard is not None
        assert config_dir.guard.touches == []
    with ConfigDir(own / "claude-config").real_allowed():
        assert os.listdir(person / ".claude") == []


def test_an_error_of_the_test_comes_through(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), own_config_dir(tmp_path):
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_variables_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERPROFILE", "C:\\Users\\person")
    before = dict(os.environ)
    with environment_of({"HOME": "/own", "A_NEW_ONE": "x"}):
        assert os.environ["USERPROFILE"] == "/own"
        assert os.environ["A_NEW_ONE"] == "x"
    assert dict(os.environ) == before
