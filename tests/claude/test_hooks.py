from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.hooks import HookRun, run


def start(command: str, tmp_path: Path, timeout_s: float = 30, payload: dict[str, object] | None = None) -> HookRun:
    return run(command, payload or {}, cwd=str(tmp_path), environment=dict(os.environ), timeout_s=timeout_s)


def test_a_hook_reads_its_payload_and_is_heard(tmp_path: Path) -> None:
    ran = start("cat; pwd >&2; exit 7", tmp_path, payload={"a": "é 🎉 \ud800"})
    assert json.loads(ran.stdout) == {"a": "é 🎉 ?"}
    assert ran.stderr.strip() == os.path.realpath(tmp_path)
    assert ran.status == 7


def test_a_hook_that_reads_nothing_and_prints_a_lot_ends(tmp_path: Path) -> None:
    ran = start("head -c 1000000 /dev/zero | tr '\\0' x", tmp_path, payload={"a": "y" * 1_000_000})
    assert ran.status == 0
    assert len(ran.stdout) == 1_000_000


def test_a_slow_hook_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = start("exec sleep 30", tmp_path, timeout_s=0.05)
    assert ran.status is None
    assert time.monotonic() - began < 25


def test_the_shell_gets_the_command_as_it_is(tmp_path: Path) -> None:
    ran = start("printf '%s' \"$HOME\" 'it'\\''s'; exit 0", tmp_path)
    assert ran.stdout == os.environ["HOME"] + "it's"


def test_a_missing_command_is_status_127(tmp_path: Path) -> None:
    assert start("/no/such/program", tmp_path).status == 127


def test_a_signal_is_told_as_shells_do(tmp_path: Path) -> None:
    assert start("kill -9 $$", tmp_path).status == 137


def test_a_hook_runs_though_its_directory_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert start("echo ran", gone).stdout == "ran\n"


@pytest.mark.parametrize(
    ("ran", "reason"),
    [
        (HookRun(0, "", ""), None),
        (HookRun(1, "", "bad"), None),
        (HookRun(None, "", ""), None),
        (HookRun(2, "", "go on\n"), "go on"),
        (HookRun(0, '{"decision": "block", "reason": "more"}', ""), "more"),
        (HookRun(0, '{"decision": "approve"}', ""), None),
        (HookRun(0, "{no json", ""), None),
        (HookRun(0, "plain", ""), None),
    ],
)
def test_what_blocks_the_end_of_a_turn(ran: HookRun, reason: str | None) -> None:
    assert ran.blocks() == reason
