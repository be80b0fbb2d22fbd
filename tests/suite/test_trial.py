"""Several things at once in a trial: results in order, and no end that is taken for a result."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.door.inprocess import InProcessDoor
from pytest_claude_sessions.reference import reference
from pytest_claude_sessions.suite import background
from pytest_claude_sessions.suite.judgement import Breach
from pytest_claude_sessions.suite.trial import Arrangement, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    made = Trial(Arrangement(InProcessDoor(reference, (), "not in these tests"), call_timeout_s=0.1), tmp_path)
    yield made
    made.close()


def test_results_come_in_order(trial: Trial) -> None:
    second_done = threading.Event()

    def first() -> str:
        assert second_done.wait(60)
        return "first"

    def second() -> str:
        second_done.set()
        return "second"

    assert trial.together(first, second) == ["first", "second"]


def test_what_one_of_them_raises_is_raised(trial: Trial) -> None:
    with pytest.raises(ZeroDivisionError):
        trial.together(lambda: 1, lambda: 1 / 0)


def test_one_that_does_not_end_is_a_breach(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE_S", 0.2)
    go_on = threading.Event()
    try:
        with pytest.raises(Breach, match="no end after"):
            trial.together(lambda: 1, go_on.wait)
    finally:
        go_on.set()
