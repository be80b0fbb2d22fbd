"""The recorder around a program that stands for the real one: a small script, so that no network is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_claude_sessions.cli import ClaudeCli, NeedsFake

UUID = "7708c591-5e83-52a5-aa90-d9dd59e528d7"


def program(tmp_path: Path, body: str) -> ClaudeCli:
    """A recorder of a program with this body."""
    real = tmp_path / "real"
    real.write_text(f"#!{sys.executable} -IS\nimport sys, os, json, time\n{body}\n")
    real.chmod(0o755)
    return ClaudeCli.make(tmp_path / "cli", release="2.1.112", real=real)


def run(cli: ClaudeCli, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {"PATH": os.environ["PATH"], **cli.env}
    return subprocess.run([cli.path, *words], env=env, input=stdin, capture_output=True, timeout=50, check=False)


def test_everything_passes_through_unchanged(tmp_path: Path) -> None:
    cli = program(
        tmp_path,
        "sys.stdout.buffer.write(sys.stdin.buffer.read() + json.dumps(sys.argv[1:]).encode() + bytes(range(256)))\n"
        "sys.stderr.write('told')\nsys.exit(7)",
    )
    ran = run(cli, "-p", "--resume", UUID, "--", "é", stdin=b"\xff raw")
    assert ran.stdout == b"\xff raw" + json.dumps(["-p", "--resume", UUID, "--", "é"]).encode() + bytes(range(256))
    assert (ran.stderr, ran.returncode) == (b"told", 7)


def test_the_program_sees_nothing_of_the_recorder(tmp_path: Path) -> None:
    cli = program(tmp_path, "print(sorted(name for name in os.environ if 'FAKE' in name))")
    assert run(cli, "-p", "x").stdout == b"[]\n"


def test_frames_tell_the_journal_what_happened(tmp_path: Path) -> None:
    cli = program(
        tmp_path,
        f"frame = {{'type': 'result', 'subtype': 'success', 'is_error': False, 'session_id': '{UUID}',\n"
        "         'result': 'reply to 4 messages'}\n"
        "print(json.dumps({'type': 'system', 'subtype': 'init', 'session_id': 'other'}))\nprint(json.dumps(frame))",
    )
    run(cli, "-p", "--output-format", "stream-json", "--verbose", "--resume=" + UUID, stdin=b"the prompt")
    [start] = cli.starts
    assert (start.outcome, start.exit, start.session_id, start.messages) == ("answered", 0, UUID, 4)
    assert (start.prompt, start.requested_resume, start.release) == ("the prompt", UUID, "2.1.112")
    assert start.argv[-1] == "--resume=" + UUID


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (f"sys.exit('No conversation found with session ID: {UUID}')", "not_found"),
        (f"sys.exit('Error: Session ID {UUID} is already in use.')", "in_use"),
        ("sys.exit('Error: Invalid session ID. Must be a valid UUID.')", "invalid_id"),
        ("sys.exit(\"error: unknown option '--x'\")", "usage"),
        ("sys.exit('Session x is currently running as a background agent (bg).')", "held"),
        ('print("You\'ve hit your limit · resets 6am (UTC)"); sys.exit(1)', "limited"),
        (
            "print(json.dumps({'type': 'result', 'subtype': 'error_during_execution', 'is_error': True,\n"
            f"    'errors': ['No conversation found with session ID: {UUID}']}})); sys.exit(1)",
            "not_found",
        ),
        (
            "print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': True, 'result': 'x',\n"
            "    'api_error_status': 429})); sys.exit(1)",
            "limited",
        ),
        (
            "print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': True, 'result': 'x'})); sys.exit(1)",
            "api_error",
        ),
        ("sys.exit(3)", "crashed"),
        ("os.kill(os.getpid(), 11)", "crashed"),
        ("print('No conversation found with session ID: x'); sys.exit(0)", "answered"),
    ],
)
def test_outcomes(tmp_path: Path, body: str, outcome: str) -> None:
    cli = program(tmp_path, body)
    run(cli, "-p", "x")
    assert cli.starts[0].outcome == outcome


def test_the_version_is_asked_of_the_program(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text(f"#!{sys.executable} -IS\nprint('2.1.113 (Claude Code)')\n")
    real.chmod(0o755)
    assert ClaudeCli.make(tmp_path / "a", real=real).release.version == "2.1.113"
    assert ClaudeCli.make(tmp_path / "b", real=real, release="2.1.50").release.version == "2.1.50"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_signals_are_forwarded(tmp_path: Path, number: int, status: int) -> None:
    cli = program(
        tmp_path,
        "import signal\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit({status}))\n"
        f"open({str(tmp_path / 'ready')!r}, 'w').close()\ntime.sleep(60)",
    )
    env = {"PATH": os.environ["PATH"], **cli.env}
    process = subprocess.Popen([cli.path, "-p", "x"], env=env, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 50
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(number)
    assert process.wait(timeout=50) == status
    assert cli.starts[0].exit == status


def test_it_dies_of_the_same_signal(tmp_path: Path) -> None:
    cli = program(tmp_path, "os.kill(os.getpid(), 15)")
    assert run(cli, "-p", "x").returncode == -15
    assert (cli.starts[0].outcome, cli.starts[0].exit) == ("interrupted", 143)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child with its parent")
def test_a_killed_recorder_takes_the_program_along(tmp_path: Path) -> None:
    cli = program(tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()) + '.')\ntime.sleep(60)")
    env = {"PATH": os.environ["PATH"], **cli.env}
    process = subprocess.Popen([cli.path, "-p", "x"], env=env, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 50
    pid = ""
    while not pid.endswith("."):
        assert time.monotonic() < deadline
        pid = (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else ""
        time.sleep(0.002)
    assert cli.starts[0].running
    process.kill()
    process.wait()
    while Path(f"/proc/{pid[:-1]}").exists():
        state = Path(f"/proc/{pid[:-1]}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            break
        assert time.monotonic() < deadline, "the program outlived its recorder"
        time.sleep(0.002)
    assert not cli.starts[0].running


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    cli = ClaudeCli.make(tmp_path / "cli", release="2.1.112", real=tmp_path / "none")
    ran = run(cli, "-p", "x")
    assert ran.returncode == 127
    assert b"No such file" in ran.stderr


def test_the_script_needs_the_fake(tmp_path: Path) -> None:
    cli = program(tmp_path, "")
    with pytest.raises(NeedsFake, match="'crash'"):
        cli.crash()
    with pytest.raises(NeedsFake, match="'hold'"):
        cli.hold()
