"""The managed settings: their bytes, their refusals, and hooks that do no harm."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.age import DAY_MS, AgeLimit
from pytest_claude_sessions.reference.lifecycle import FILE, install, settings

DAY = AgeLimit(DAY_MS)


def run(event: str, home: Path | str | None, payload: str = "{}", **variables: str) -> subprocess.CompletedProcess[str]:
    [matcher] = settings(None)["hooks"][event]
    [hook] = matcher["hooks"]
    env = {"PATH": os.environ["PATH"], **({} if home is None else {"HOME": str(home)}), **variables}
    return subprocess.run(
        ["sh", "-c", hook["command"]], input=payload, env=env, capture_output=True, text=True, check=False
    )


def test_days_are_an_integer_and_absent_without_a_retention(tmp_path: Path) -> None:
    done = install(tmp_path, 30, DAY)
    assert done.path == tmp_path / FILE
    assert json.loads((tmp_path / FILE).read_bytes())["cleanupPeriodDays"] == 30
    install(tmp_path, None, DAY)
    assert "cleanupPeriodDays" not in json.loads((tmp_path / FILE).read_bytes())
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_the_same_request_leaves_the_file_alone(tmp_path: Path) -> None:
    install(tmp_path, 30, DAY)
    before = (tmp_path / FILE).stat()
    install(tmp_path, 30, DAY)
    after = (tmp_path / FILE).stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)
    assert os.listdir(tmp_path) == [FILE]


@given(
    st.one_of(
        st.integers(max_value=0), st.floats(), st.text(), st.booleans(), st.lists(st.integers()), st.just(math.nan)
    )
)
def test_what_is_no_number_of_days_is_refused(tmp_path_factory: pytest.TempPathFactory, days: Any) -> None:
    directory = tmp_path_factory.mktemp("managed")
    with pytest.raises(ManagerError) as refused:
        install(directory, days, DAY)
    assert refused.value.kind == "invalid_setting"
    assert list(directory.iterdir()) == []


def test_a_longer_age_limit_is_warned_about(tmp_path: Path) -> None:
    assert install(tmp_path, 30, AgeLimit(30 * DAY_MS)).warnings == ()
    [warning] = install(tmp_path, 30, AgeLimit(60 * DAY_MS)).warnings
    assert "60 days" in warning
    assert "after 30" in warning


def test_what_cannot_be_written_is_skipped_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    done = install(tmp_path, 30, DAY)
    assert done.path is None
    assert done.warnings[0].startswith("unwritable: ")
    assert os.listdir(tmp_path) == [FILE]
    (tmp_path / "file").touch()
    assert install(tmp_path / "file" / "managed", 30, DAY).path is None


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    done = install(tmp_path / "claude-code" / "managed-settings.d", 30, DAY)
    assert done.path is not None
    assert done.path.is_file()


@pytest.mark.parametrize("event", sorted(settings(None)["hooks"]))
def test_hooks_say_nothing_and_end_well(tmp_path: Path, event: str) -> None:
    """With a home, with one that is gone, and with none: then there is no place to write to."""
    for home in (tmp_path, tmp_path / "gone" / "for good", None, ""):
        done = run(event, home)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not Path("/.claude-module").exists()


def test_a_prompt_notes_the_process_and_a_stop_takes_the_note_away(tmp_path: Path) -> None:
    note = tmp_path / ".claude-module" / "running" / str(os.getpid())
    run("UserPromptSubmit", tmp_path)
    assert note.exists()
    run("Stop", tmp_path, '{"background_tasks": [ {"id": "b1"} ]}')
    assert note.exists()
    run("Stop", tmp_path, '{"last_assistant_message":"\\"background_tasks\\":[1]","background_tasks":[]}')
    assert not note.exists()
    assert (tmp_path / ".claude-module" / "last-stop").exists()


def test_the_process_is_the_one_that_claude_names(tmp_path: Path) -> None:
    run("UserPromptSubmit", tmp_path, CLAUDE_PID="1")
    assert os.listdir(tmp_path / ".claude-module" / "running") == ["1"]
    run("SessionEnd", tmp_path, CLAUDE_PID="1")
    assert os.listdir(tmp_path / ".claude-module" / "running") == []
