"""A start under way."""

from __future__ import annotations

import subprocess
import sys

from pytest_claude_sessions.fidelity.run import Running

FRAME = '{"type": "system", "subtype": "init"}'


def running(code: str) -> Running:
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", code]
    return Running(subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True))


def test_a_frame_that_comes_is_waited_for() -> None:
    one = running(f"print('{FRAME}', flush=True); input()")
    try:
        assert one.wait_for("system/init")
        assert one.alive
        one.send("")
        assert one.wait().status == 0
    finally:
        one.end()


def test_the_end_of_the_output_ends_the_waiting() -> None:
    one = running(f"print('{FRAME}')")
    try:
        assert not one.wait_for("result")
        assert one.wait_for("system")
        assert one.wait().kinds == ["system/init"]
    finally:
        one.end()
