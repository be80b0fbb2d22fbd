"""A driver that asks for libfaketime sees the suite's frozen clock, in whatever language it is."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_claude_sessions.clock import Clock
from pytest_claude_sessions.door import faketime
from pytest_claude_sessions.door.stdio import StdioDoor
from pytest_claude_sessions.environment import make_environment

THEN = datetime(2031, 2, 3, 4, 5, 6, 500, tzinfo=UTC)

PYTHON = """
import json, sys, time
for line in sys.stdin:
    message = json.loads(line)
    result = None
    if message["method"] == "initialize":
        options = {"clock": "faketime"}
        result = {"protocol": 1, "name": "clockwork", "capabilities": ["store", "ttl"], "options": options}
    elif message["method"] == "get_session":
        result = str(round(time.time() * 1e6))
    elif message["method"] == "sweep_stale_sessions":
        result = time.monotonic_ns()
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""
NODE = """
require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  const {id, method} = JSON.parse(line);
  const identity = {protocol: 1, name: "clockwork", capabilities: ["store"], options: {clock: "faketime"}};
  const result = method === "initialize" ? identity : method === "get_session" ? String(Date.now() * 1000) : null;
  console.log(JSON.stringify({jsonrpc: "2.0", id, result}));
  if (method === "shutdown") process.exit();
});
"""
needs_faketime = pytest.mark.skipif(faketime.find_library() is None, reason="libfaketime is not installed")


@needs_faketime
@pytest.mark.parametrize(("argv", "exact_us"), [((sys.executable, "-c", PYTHON), 1), (("node", "-e", NODE), 1000)])
def test_driver_sees_the_frozen_clock(argv: tuple[str, ...], exact_us: int, tmp_path: Path) -> None:
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    door = StdioDoor(argv).with_clock("faketime")
    assert door.why_the_clock_stands == ""
    session = door.open(make_environment(tmp_path, Path("claude"), {}))

    def shown() -> datetime:
        micros = int(session.call("get_session", {"key": "time"}, 60))
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)

    assert shown() < THEN
    with Clock() as clock:
        clock.freeze(THEN)
        assert THEN - shown() <= timedelta(microseconds=exact_us)
        assert shown() == shown()
        clock.advance(hours=25)
        assert abs(THEN + timedelta(hours=25) - shown()) <= timedelta(microseconds=exact_us)
        clock.advance(days=-40)
        assert abs(THEN + timedelta(hours=25, days=-40) - shown()) <= timedelta(microseconds=exact_us)
        if exact_us == 1:
            first, second = (session.call("sweep_stale_sessions", {}, 60) for _ in range(2))
            assert first < second, "monotonic time runs on"
    assert shown() < THEN
    session.close()
    door.close()


@pytest.mark.parametrize(
    ("clock", "library", "reason"),
    [
        ("none", None, "it declares neither options.clock = 'injected' nor 'faketime'"),
        ("faketime", None, "libfaketime is not here: install the package faketime"),
        ("injected", None, ""),
    ],
)
def test_why_a_clock_stands(clock: str, library: None, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faketime, "find_library", lambda: library)
    told = StdioDoor(("driver",)).with_clock(clock).why_the_clock_stands
    assert reason in told
    assert bool(told) == bool(reason)


def test_outcome_says_so_when_the_clock_cannot_be_moved(pytester: pytest.Pytester) -> None:
    """A driver that says nothing of its clock: what moves the time could not run, and that is not green."""
    driver = pytester.makepyfile(driver=PYTHON.replace("faketime", "none"))
    pytester.path.joinpath("claude-conformance.toml").write_text('[profiles]\nsmall = ["ttl"]\n')
    report = pytester.path / "report.json"
    result = pytester.runpytest_subprocess(
        "--claude-conformance",
        "--claude-profile",
        "small",
        "--claude-requirement",
        "TTL-04",
        "--claude-report",
        str(report),
        "--claude-manager",
        f"cmd:{shlex.join([sys.executable, str(driver)])}",
        "-p",
        "no:cacheprovider",
    )
    assert result.ret == 1
    told = json.loads(report.read_text())
    assert told["outcome"] == "incomplete"
    assert "the subject's clock cannot be moved: it declares neither" in " ".join(told["reasons"])
