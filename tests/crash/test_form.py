"""Both forms interrupt the reference at the same changes, and tell what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.form import Forked, Form, Traced, form_for
from pytest_claude_sessions.crash.point import Point, Watched, real_and_named
from pytest_claude_sessions.crash.ptrace import NoTracing
from pytest_claude_sessions.door.inprocess import InProcessDoor
from pytest_claude_sessions.environment import Environment, make_environment
from pytest_claude_sessions.reference import reference
from pytest_claude_sessions.suite.subject import make_door

ID, OTHER = "5e55104e-0000-4000-8000-000000000001", "5e55104e-0000-4000-8000-000000000002"
SET = ("set_session", {"key": "alpha", "session_id": ID})
GET = ("get_session", {"key": "alpha"})


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path, Path("claude"), {})


@pytest.fixture(params=[Forked, Traced])
def form(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Form]:
    made: Form = request.param(make_door("reference", tmp_path), 20.0)
    if isinstance(made, Traced):
        try:
            form_for(InProcessDoor(reference), 20.0)
        except NoTracing as reason:
            pytest.skip(str(reason))
    yield made
    made.close()


def watched(environment: Environment, point: Point | None = None) -> Watched:
    return Watched(real_and_named([environment.state_dir]), "", point)


def names(changes: tuple) -> list[str]:
    """The calls, a random part of a name left out, each under one name in both forms."""
    same = {"openat": "open", "pwrite64": "write", "replace": "rename"}
    return [f"{same.get(c.name, c.name)} {re.sub(r'[0-9]+[.][0-9a-f]{8}$', '', Path(c.path).name)}" for c in changes]


def test_changes_of_a_write(form: Form, environment: Environment) -> None:
    run = form.run(environment, [SET, GET], watched(environment))
    assert [reply.value for reply in run.replies] == [None, None, ID]
    [_, _, lock, *rest] = [name.replace(store_of(environment), "store") for name in ("", "", *names(run.changes))]
    assert [lock, *rest][-6:] == [
        "open store.lock",
        "open .store.",
        "write .store.",
        "fsync .store.",
        "rename store",
        "fsync state",
    ]


def store_of(environment: Environment) -> str:
    return str(reference(environment).options["store_json"])


def test_killed_manager_answers_nothing_more(form: Form, environment: Environment) -> None:
    changes = form.run(environment, [SET], watched(environment)).changes
    rename = next(number for number, name in enumerate(names(changes), 1) if name.startswith("rename"))
    reference(environment).set_session("alpha", OTHER)
    again = form.run(environment, [SET], watched(environment)).changes
    rename = max(number for number, name in enumerate(names(again), 1) if name.startswith("rename"))
    reference(environment).set_session("alpha", OTHER)
    for kind, left in (("before", OTHER), ("after", ID)):
        run = form.run(environment, [SET], watched(environment, Point(kind, rename)))
        assert run.reached(Point(kind, rename))
        assert [reply for reply in run.replies[1:] if reply.misconduct is None] == []
        assert reference(environment).get_session("alpha") == left


def test_error_is_told_and_the_manager_goes_on(form: Form, environment: Environment) -> None:
    reference(environment).set_session("alpha", OTHER)
    number = len(form.run(environment, [SET], watched(environment)).changes)
    reference(environment).set_session("alpha", OTHER)
    run = form.run(environment, [SET, GET, SET, GET], watched(environment, Point("ENOSPC", number - 3)))
    assert [reply.refusal for reply in run.replies] == [None, "unwritable", None, None, None]
    assert [reply.value for reply in run.replies] == [None, None, OTHER, None, ID]


def test_start_that_is_refused(form: Form, environment: Environment) -> None:
    (environment.state_dir).rmdir()
    (environment.state_dir).write_text("not a directory")
    run = form.run(environment, [SET], watched(environment))
    assert [reply.refusal for reply in run.replies] == ["unwritable"]


def test_point_that_is_never_reached(form: Form, environment: Environment) -> None:
    point = Point("before", 99)
    run = form.run(environment, [SET], watched(environment, point))
    assert not run.reached(point)
    assert [reply.refusal for reply in run.replies] == [None, None]


def test_factory_of_a_module_is_forked_and_others_are_traced(tmp_path: Path) -> None:
    assert isinstance(form_for(make_door("reference", tmp_path), 1.0), Forked)
    try:
        assert isinstance(form_for(make_door("cmd:node driver.js", tmp_path), 1.0), Traced)
    except NoTracing as reason:
        pytest.skip(str(reason))


def test_machine_that_does_not_trace_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(NoTracing, match="riscv64"):
        form_for(make_door("cmd:node driver.js", tmp_path), 1.0)


def test_refused_ptrace_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pytest_claude_sessions.crash.ptrace.seize", refused)
    with pytest.raises(NoTracing, match=r"ptrace is refused here: Operation not permitted|on x86-64 alone"):
        form_for(make_door("cmd:node driver.js", tmp_path), 1.0)
