"""ClaudeCli as a test holds it; what its steps do is tested with the fake in tests/claude."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import NEWEST, UnknownRelease
from pytest_claude_sessions.claude.script import NAMES, BadScript
from pytest_claude_sessions.cli import ClaudeCli, GateNotReached


@pytest.fixture
def cli(tmp_path: Path) -> ClaudeCli:
    return ClaudeCli.make(tmp_path / "cli")


def run(cli: ClaudeCli, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    home = cli.directory.parent / "home"
    home.mkdir(exist_ok=True)
    full = {"PATH": os.environ["PATH"], "HOME": str(home), **env}
    return subprocess.run(
        [cli.path, *words],
        cwd=home,
        env=full,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_executable_knows_whose_it_is(cli: ClaudeCli) -> None:
    ran = run(cli, "-p", "hello")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "reply to 2 messages\n", "")
    assert [start.prompt for start in cli.starts] == ["hello"]


def test_its_variables_win_over_what_it_knows(cli: ClaudeCli, tmp_path: Path) -> None:
    other = ClaudeCli.make(tmp_path / "other", release="2.1.50")
    assert run(cli, "--version", **other.env).stdout == "2.1.50 (Claude Code)\n"
    assert (len(cli.starts), len(other.starts)) == (0, 1)


def test_the_release_is_the_one_asked_for(tmp_path: Path) -> None:
    assert ClaudeCli.make(tmp_path / "a").release.version == NEWEST
    made = ClaudeCli.make(tmp_path / "b", release="2.0.77")
    assert run(made, "--version").stdout == "2.0.77 (Claude Code)\n"
    with pytest.raises(UnknownRelease):
        ClaudeCli.make(tmp_path / "c", release="new")


@pytest.mark.parametrize("name", ["plain", "with space", "quote'd", "ü", "x" * 130])
def test_the_executable_works_from_any_directory(name: str, tmp_path: Path) -> None:
    cli = ClaudeCli.make(tmp_path / name)
    assert run(cli, "-p", "hello").stdout == "reply to 2 messages\n"
    assert len(cli.starts) == 1


@pytest.mark.parametrize("where", ["in a space", "x" * 140])
def test_an_interpreter_that_no_first_line_can_name(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / where
    home.mkdir()
    interpreter = home / "python"
    interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    cli = ClaudeCli.make(tmp_path / "cli")
    assert cli.path.read_text().startswith("#!/bin/sh\n")
    assert run(cli, "-p", "it's $HOME").stdout == "reply to 2 messages\n"
    assert cli.starts[0].argv == ("-p", "it's $HOME")


def test_a_relative_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli = ClaudeCli.make(Path("rel"))
    assert cli.path.is_absolute()
    assert cli.directory.is_absolute()


def test_starts_leave_out_a_line_that_is_still_being_written(cli: ClaudeCli) -> None:
    assert cli.starts == []
    run(cli, "-p", "one")
    journal = cli.directory / "journal.jsonl"
    journal.write_text(journal.read_text() + '\n\n{"argv": ["-p"')
    assert [start.prompt for start in cli.starts] == ["one"]
    cli.clear_journal()
    assert cli.starts == []


def test_a_clock_needs_a_zone(cli: ClaudeCli) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        cli.set_now(datetime(2026, 1, 1))
    cli.set_now(datetime(2026, 1, 1, tzinfo=UTC))
    run(cli, "-p", "x")
    assert cli.starts[0].now == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


# How each named method is called with what it needs.
RECORDING = Path(__file__).parent / "stream" / "recordings" / "not_found.jsonl"
CALLS = {"slow_start": (0.0,), "reply": ("x",), "play": (RECORDING,)}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_step_has_a_method_of_its_name(name: str, cli: ClaudeCli) -> None:
    getattr(cli, name)(*CALLS.get(name, ()), times=None, when="resume")
    [step] = cli.steps
    assert (step["do"], step["times"], step["when"], step["used"]) == (name, None, "resume", 0)
    cli.clear_script()
    assert cli.steps == []


def test_a_mistake_in_a_step_is_said(cli: ClaudeCli) -> None:
    with pytest.raises(BadScript, match="'explode'"):
        cli.script({"do": "explode"})
    with pytest.raises(BadScript, match="'someday'"):
        cli.crash(when="someday")


def test_a_reset_time_may_be_an_instant(cli: ClaudeCli) -> None:
    cli.usage_limit(resets_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert cli.steps[0]["resets_at"] == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_a_gate_that_is_not_reached_tells_what_ran(cli: ClaudeCli) -> None:
    gate = cli.hold(when="resume")
    run(cli, "-p", "x")
    with pytest.raises(GateNotReached, match=r"(?s)gate1.*answered"):
        gate.wait_reached(timeout_s=0.01)


def test_gates_are_told_apart(cli: ClaudeCli) -> None:
    first, second = cli.hold(at="start", also=True), cli.hold()
    first.open()
    assert first.name != second.name
    assert not (cli.directory / "gates" / f"{second.name}.open").exists()


def test_a_turn_imports_little(unmeasured: None, cli: ClaudeCli) -> None:
    """The fake's start costs little because it imports little: the budget is a list, not a time."""
    names = "import sys; sys.argv[1:] = ['-p', 'x']; sys.stdout = None\n"
    body = cli.path.read_text().split("\n", 1)[1].replace("main()\n", "")
    probe = f"{names}{body}\nimport os\nos._exit = lambda status: None\nmain()\n"
    probe += "import json\nos.write(2, json.dumps(sorted(sys.modules)).encode())\n"
    home = cli.directory.parent / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=50,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    heavy = {"typing", "dataclasses", "inspect", "subprocess", "argparse", "uuid", "datetime", "pathlib", "tempfile"}
    heavy |= {"asyncio", "threading", "logging", "socket", "ctypes", "hashlib", "random", "shutil", "contextlib"}
    assert not loaded & heavy
