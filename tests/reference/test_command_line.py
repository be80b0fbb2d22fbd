"""The command line: each command in a process of its own, as a shell runs it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_claude_sessions.conformance.limited import PROMPT, cut_off
from pytest_claude_sessions.conformance.tmux_trial import tmux_server

from pytest_claude_sessions.manager import KINDS
from pytest_claude_sessions.reference.command_line import STATUS
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

from .test_recovery import made_trial

COMMAND = [sys.executable, "-m", "pytest_claude_sessions.reference"]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = made_trial(tmp_path)
    yield trial
    trial.close()


class Shell:
    """Runs commands in the trial's world; `claude` is found on PATH, and every directory by its variable."""

    def __init__(self, trial: Trial) -> None:
        world = trial.environment
        path = f"{world.claude.parent}{os.pathsep}{world.env['PATH']}"
        self.env = {**world.env, "PATH": path, "XDG_STATE_HOME": str(world.state_dir)}
        self.env["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self.cwd = world.workdir

    def __call__(self, *words: str, stdin: str = "", status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *words], cwd=self.cwd, env=self.env, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done
        return done

    def json(self, *words: str, status: int = 0) -> Any:
        return json.loads(self(*words, "--json", status=status).stdout)


@pytest.fixture
def shell(trial: Trial) -> Shell:
    return Shell(trial)


def test_list_find_and_current(trial: Trial, shell: Shell) -> None:
    now = datetime.now(UTC)
    old = trial.config.add_conversation(turns=["the old one"], now=now - timedelta(hours=2))
    new = trial.config.add_conversation(cwd=trial.directory("elsewhere"), turns=["the new \x1b[31mone"], now=now)
    assert [entry["session_id"] for entry in shell.json("list")] == [new.session_id, old.session_id]
    assert [entry["session_id"] for entry in shell.json("list", "--limit", "1")] == [new.session_id]
    assert [entry["session_id"] for entry in shell.json("find", "OLD ONE")] == [old.session_id]
    assert shell.json("find", "no such text") == []
    current = shell.json("current")
    assert (current["session_id"], current["project"], current["resumable"]) == (old.session_id, old.cwd, True)
    assert datetime.fromisoformat(current["timestamp"]).tzinfo is not None
    rows = shell("list").stdout.splitlines()
    assert [new.session_id[:8] in rows[0], old.session_id[:8] in rows[1]] == [True, True]
    assert "\x1b" not in rows[0]
    assert "the old one" in rows[1]
    assert shell("find", "no such text").stdout == "no conversations\n"


def test_resume_by_the_beginning_of_an_id(trial: Trial, shell: Shell) -> None:
    made = trial.config.add_conversation()
    assert shell("resume", made.session_id[:8], "go on").stdout.startswith("reply to ")
    assert trial.starts[-1].prompt == "go on"
    assert shell.json("resume", made.session_id)["resumed"] is True
    assert trial.starts[-1].prompt == "continue"
    shell("resume", made.session_id, "-", stdin="two\nlines")
    assert trial.starts[-1].prompt == "two\nlines"
    assert {start.requested_resume for start in trial.starts} == {made.session_id}


def test_recover(trial: Trial, shell: Shell) -> None:
    assert shell("recover").stdout == "nothing to resume\n"
    now = datetime.now(UTC)
    waiting = cut_off(trial, limited_at=now, resets_at=now + timedelta(hours=3))
    due = cut_off(trial)
    assert {entry["session_id"] for entry in shell.json("recover", "--dry-run")} == {waiting.session_id, due.session_id}
    assert "until nobody knows when" in shell("recover", "--dry-run").stdout
    assert trial.starts == []
    assert [result["session_id"] for result in shell.json("recover")] == [due.session_id]
    assert [start.prompt for start in trial.starts] == [PROMPT]
    assert shell.json("recover") == []


def test_recover_tells_a_failure_by_its_status(trial: Trial, shell: Shell) -> None:
    cut = cut_off(trial, cwd=trial.directory("gone"))
    trial.directory("gone").rmdir()
    done = shell("recover", status=STATUS["cwd_missing"])
    assert done.stdout == f"{cut.session_id}  cwd_missing\n"


def test_export(trial: Trial, shell: Shell) -> None:
    made = trial.config.add_conversation(turns=3)
    assert shell("export", made.session_id[:8]).stdout == f"{shell.cwd}/{made.session_id}.tar.gz\n"
    with tarfile.open(shell.cwd / f"{made.session_id}.tar.gz") as archive:
        assert any(name.endswith(".jsonl") for name in archive.getnames())
    again = shell("export", made.session_id, status=STATUS["unwritable"])
    assert again.stderr.count("\n") == 1
    assert shell.json("export", made.session_id, "out.jsonl") == {"path": str(shell.cwd / "out.jsonl")}


def test_check(trial: Trial, shell: Shell) -> None:
    trial.config.create()
    assert shell("check").stdout == "conversations last\n"
    assert shell.json("check") == []
    shutil.rmtree(trial.config.projects, ignore_errors=True)
    trial.config.projects.write_text("a file in its place")
    assert "projects" in shell("check", status=1).stdout
    assert len(shell.json("check", status=1)) >= 1


def test_tmux(trial: Trial) -> None:
    made = trial.config.add_conversation()
    try:
        with tmux_server(trial) as server:
            shell = Shell(trial)
            assert shell("tmux", "list").stdout == "no tmux sessions\n"
            session = shell.json("tmux", "start", "--session", made.session_id[:8])
            assert session["windows"] == 3
            assert server.started(1, "tmux start")[0].requested_resume == made.session_id
            assert shell("tmux", "list").stdout == f"{session['name']}: 3 windows\n"
            assert shell.json("ids", "--tmux") == [session["name"]]
            with server.ending(session["name"]):
                shell("tmux", "kill", session["name"])
            shell("tmux", "kill", session["name"], status=STATUS["not_found"])
    except CouldNotRun as reason:
        pytest.skip(str(reason))


# ---------------------------------------------------------------------- what goes wrong
def test_every_kind_of_refusal_has_a_status_of_its_own() -> None:
    assert set(STATUS) == set(KINDS)
    assert len(set(STATUS.values()) | {0, 1, 2}) == len(KINDS) + 3


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("resume", "0badc0de"), "not_found"),
        (("export", "0badc0de"), "not_found"),
        (("current", "/nowhere"), "not_found"),
        (("tmux", "start", "/nowhere\x1b[31m\nand more"), "cwd_missing"),
    ],
)
def test_refusal_is_one_line(shell: Shell, words: tuple[str, ...], kind: str) -> None:
    done = shell(*words, status=STATUS[kind])
    assert done.stdout == ""
    assert done.stderr.startswith(f"claude-sessions: {kind}: ")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    told = json.loads(shell(*words, "--json", status=STATUS[kind]).stderr)
    assert told["error"] == kind


@pytest.mark.parametrize(
    "words", [(), ("lst",), ("find",), ("list", "--limit", "0"), ("list", "--nonsense"), ("tmux",)]
)
def test_wrong_usage_is_one_line(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell(*words, status=2)
    assert done.stderr.startswith("claude-sessions: usage: ")
    assert done.stderr.count("\n") == 1
    assert "--help" in done.stderr


def test_ambiguous_id(trial: Trial, shell: Shell) -> None:
    for end in ("01", "02"):
        trial.config.add_conversation(session_id=f"5e55104e-0000-4000-8000-0000000000{end}")
    assert "give more of it" in shell("resume", "5e55104e", status=STATUS["ambiguous"]).stderr
    rows = shell("list").stdout
    assert "5e55104e-0000-4000-8000-000000000001" in rows


def test_limit_that_a_resume_meets_is_its_status(trial: Trial, shell: Shell) -> None:
    made = trial.config.add_conversation()
    trial.claude.usage_limit()
    assert "was not carried on" in shell("resume", made.session_id, status=STATUS["rate_limited"]).stderr


def test_program_that_is_not_there(trial: Trial, shell: Shell) -> None:
    made = trial.config.add_conversation()
    done = shell("resume", made.session_id, "--claude", "/nowhere/claude", status=STATUS["claude_failed"])
    assert "/nowhere/claude" in done.stderr


def test_reader_that_has_enough_is_no_error(trial: Trial, shell: Shell) -> None:
    trial.config.fill(3000)
    with subprocess.Popen(
        [*COMMAND, "list", "--limit", "3000"],
        cwd=shell.cwd,
        env=shell.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


# ---------------------------------------------------------------------- help, completion, progress
@pytest.mark.parametrize(
    "words",
    [(), ("list",), ("find",), ("current",), ("resume",), ("tmux",), ("tmux", "start"), ("recover",), ("check",)],
)
def test_help(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell(*words, "--help").stdout.startswith("usage: claude-sessions")


def completed(shell: Shell, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = 'source <("$@") && COMP_WORDS=(claude-sessions $WORDS "$LAST") && COMP_CWORD=$((${#COMP_WORDS[@]} - 1))'
    script += ' && _claude_sessions && printf "%s\\n" "${COMPREPLY[@]}"'
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    done = subprocess.run(
        [bash, "-c", script, "bash", *COMMAND, "completion", "bash"],
        cwd=shell.cwd,
        env={**shell.env, "WORDS": " ".join(words[:-1]), "LAST": words[-1]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion(trial: Trial, shell: Shell) -> None:
    ids = [trial.config.add_conversation().session_id for _ in range(2)]
    assert completed(shell, "re") == ["resume", "recover"]
    assert sorted(completed(shell, "resume", "")) == sorted(ids)
    assert completed(shell, "resume", ids[0][:9]) == [ids[0]]
    assert completed(shell, "export", ids[1][:9]) == [ids[1]]
    assert completed(shell, "tmux", "st") == ["start"]
    assert sorted(completed(shell, "tmux", "start", "--session", "")) == sorted(ids)
    assert "--json" in completed(shell, "list", "--")


def test_progress_is_shown_on_a_terminal_alone(trial: Trial, shell: Shell) -> None:
    made = trial.config.add_conversation()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "resume", made.session_id], cwd=shell.cwd, env=shell.env, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = os.read(ours, 4096).decode()
        assert process.stdout is not None
        answer = process.stdout.read()
    os.close(ours)
    assert "Claude is at work" in shown
    assert answer.startswith(b"reply to ")
    assert shell("resume", made.session_id).stderr == ""
