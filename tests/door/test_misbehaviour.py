"""Drivers that misbehave: charged with what was seen, to the call at hand, and never in the way of the next."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.door import Misconduct, Session
from pytest_claude_sessions.door.stdio import StdioDoor
from pytest_claude_sessions.environment import Environment, make_environment

DRIVER = Path(__file__).with_name("misbehaving.py")
PROMPT_S = 60.0
"""Seconds for an answer that comes."""

CHARGED = {
    "junk": r"set_session: stdout held what is no JSON message: b'Loading your sessions",
    "unknown id": r"set_session: an answer to request 1002, which was never made",
    "text id": r"""set_session: stdout held what is no answer to a request: b'{"jsonrpc": "2.0", "id": "2\"""",
    "half a line and the end": r"""(?s)the driver ended.*half a line on stdout, without its end: b'{"jsonrpc": "2""",
    "long line": r"set_session: stdout held a line of more than 64 MiB: b'xxxxx",
    "no utf8": r"set_session: stdout held what is no UTF-8: .*xc3",
    "deep": r"set_session: stdout held what is no JSON message: b'\[\[\[",
    "not a number": r"set_session: stdout held what is no JSON message: .*NaN",
    "wrong result": r"""(?s)set_session: answer.result must be null.*the driver answered: .*{"stored": true}""",
    "result and error": r"set_session: answer must NOT match",
    "unknown kind": r"set_session: answer.error.data.kind must be one of \['not_found'",
    "own code": r"set_session answered the error -32603: out of order",
    "not served": r"set_session answered the error -32601: method not found",
    "crash": r"(?s)set_session: the driver ended.*exit status: -6.*stderr:\npanicked at line 7",
    "exit in the middle": r"(?s)set_session: the driver ended.*exit status: 3",
}
OPEN_ENDED = {
    "hang": r"set_session hung: no answer after 0\.3 s$",
    "half a line": r"(?s)set_session hung.*half a line on stdout, without its end",
}
ALLOWED = ("well", "stderr noise")


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path, Path("claude"), {})


@pytest.fixture
def start(environment: Environment) -> Iterator[Callable[..., Session]]:
    """Starts drivers with a fault."""
    doors: list[StdioDoor] = []

    def opened(*words: str) -> Session:
        doors.append(StdioDoor((sys.executable, str(DRIVER), *words)))
        return doors[-1].open(environment)

    yield opened
    for door in doors:
        door.close()


def store(session: Session, timeout_s: float = PROMPT_S) -> None:
    session.call("set_session", {"key": "key", "session_id": "id"}, timeout_s)


@pytest.mark.parametrize("fault", CHARGED)
def test_fault_is_charged_to_the_call_with_what_was_seen(fault: str, start: Callable[..., Session]) -> None:
    session = start(fault)
    with pytest.raises(Misconduct, match=CHARGED[fault]):
        store(session)
    session.close()  # charged already: once is enough


@pytest.mark.parametrize("fault", OPEN_ENDED)
def test_driver_that_does_not_answer_is_given_up(fault: str, start: Callable[..., Session]) -> None:
    session = start(fault)
    with pytest.raises(Misconduct, match=OPEN_ENDED[fault]):
        store(session, 0.3)
    session.close()


@pytest.mark.parametrize("fault", ALLOWED)
def test_what_is_allowed_is_not_charged(fault: str, start: Callable[..., Session]) -> None:
    session = start(fault)
    store(session)
    assert session.call("get_session", {"key": "key"}, PROMPT_S) == "id"
    session.close()


def test_late_answer_is_charged_once(start: Callable[..., Session]) -> None:
    session = start("late")
    with pytest.raises(Misconduct, match="set_session hung"):
        store(session, 0.2)
    assert session.call("get_session", {"key": "key"}, PROMPT_S) == "id"
    session.close()


def test_second_answer_is_charged_at_the_latest_at_the_end(start: Callable[..., Session]) -> None:
    session = start("twice")
    store(session)
    with pytest.raises(Misconduct, match="a second answer to request 2"):
        session.close()


def test_driver_that_reads_no_more_holds_nobody_up(start: Callable[..., Session]) -> None:
    """A message longer than the pipe is not taken off our hands."""
    session = start("reads no more")
    with pytest.raises(Misconduct, match="get_session hung"):
        session.call("get_session", {"key": "key"}, 0.2)
    with pytest.raises(Misconduct, match="the driver does not read its stdin"):
        session.call("set_session", {"key": "k" * 2**20, "session_id": "id"}, 0.2)
    session.close()


def test_wrong_protocol_version_is_told(start: Callable[..., Session]) -> None:
    with pytest.raises(Misconduct, match=r"initialize: answer\.result\.protocol must be same as const definition: 1"):
        start("wrong protocol")


def test_command_that_is_none_is_told(environment: Environment) -> None:
    with pytest.raises(Misconduct, match=r"the driver could not be started: \./no-such-driver"):
        StdioDoor(("./no-such-driver",)).open(environment)


# ---------------------------------------------------------------------- in a run
def run(pytester: pytest.Pytester, fault: str, *more: str) -> tuple[pytest.RunResult, dict[str, dict]]:
    report = pytester.path / "report.json"
    pytester.path.joinpath("claude-conformance.toml").write_text(
        f'call-timeout-s = {1 if fault == "hang" else PROMPT_S}\n[profiles]\nsmall = ["store"]\n', "utf-8"
    )
    options = ["--claude-conformance", "--claude-profile", "small", "--claude-report", str(report)]
    options += ["--claude-requirement", "STO-01", "--claude-requirement", "STO-04", "-p", "no:cacheprovider", *more]
    manager = f"cmd:{sys.executable} {DRIVER} '{fault}'"
    result = pytester.runpytest_subprocess(*options, "--claude-manager", manager)
    entries = json.loads(report.read_text())["requirements"] if report.exists() else []
    return result, {entry["id"]: entry for entry in entries}


@pytest.mark.parametrize(
    ("fault", "charge"),
    [
        ("junk", "stdout held what is no JSON message"),
        ("crash", "panicked at line 7"),
        ("hang", "hung: no answer after 1 s"),
        ("twice", "a second answer to request"),
        ("child left behind", "still running"),
        ("not served", "method not found"),
    ],
)
def test_run_goes_on_and_charges_each_requirement(pytester: pytest.Pytester, fault: str, charge: str) -> None:
    result, entries = run(pytester, fault)
    assert result.ret == 1
    assert {entries[name]["verdict"] for name in ("STO-01", "STO-04")} == {"failed"}
    assert charge in entries["STO-01"]["message"] + entries["STO-04"]["message"]


def test_method_that_is_served_and_not_declared_is_nobodys_business(pytester: pytest.Pytester) -> None:
    """The driver answers `metrics` as any other method; MET-01 is not claimed, and it is never asked."""
    _, entries = run(pytester, "well")
    assert entries["MET-01"]["verdict"] == "not-claimed"


def test_smoke_step_stops_the_run_before_any_requirement(pytester: pytest.Pytester) -> None:
    result, entries = run(pytester, "wrong protocol")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert entries == {}
    told = result.stderr.str()
    assert "failed the smoke step; no requirement was tried" in told
    for label in ("request:  initialize", "expected: {protocol: 1", "seen:     initialize: answer.result.protocol"):
        assert label in told
    assert "repeat:   python -m pytest_claude_sessions.driver check" in told
    assert "Traceback" not in told
