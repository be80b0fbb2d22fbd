from __future__ import annotations

import math
import threading

import pytest

from pytest_claude_sessions.api import AnswerGate, GateNotReached, InvalidInput


def held(gate: AnswerGate, results: list[bool]) -> threading.Thread:
    thread = threading.Thread(target=lambda: results.append(gate.hold()))
    thread.start()
    return thread


def test_it_holds_until_it_is_opened() -> None:
    gate, results = AnswerGate(), list[bool]()
    thread = held(gate, results)
    gate.wait_reached()
    assert (results, gate.is_open, gate.reached) == ([], False, 1)
    gate.open()
    thread.join(20)
    assert (results, gate.is_open) == ([True], True)
    assert gate.hold(), "an open gate lets later answers through"


def test_an_abandoned_gate_lets_nothing_through() -> None:
    gate, results = AnswerGate(), list[bool]()
    thread = held(gate, results)
    gate.wait_reached()
    gate.abandon()
    thread.join(20)
    gate.open()
    assert (results, gate.hold(), gate.is_open) == ([False], False, False)


def test_it_opens_by_itself_after_its_seconds() -> None:
    assert AnswerGate(opens_after_s=0.0).hold()
    assert AnswerGate(opens_after_s=0.001).hold()


def test_a_client_that_waits_less_gives_up_first() -> None:
    assert not AnswerGate(opens_after_s=60.0).hold(at_most_s=0.0)
    assert not AnswerGate().hold(at_most_s=0.0)


def test_nobody_came() -> None:
    with pytest.raises(GateNotReached, match="0 of 2 requests reached the gate within 0 s"):
        AnswerGate().wait_reached(timeout_s=0, count=2)


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf])
def test_seconds_that_are_none_are_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="0 or more finite seconds"):
        AnswerGate(opens_after_s=seconds)
