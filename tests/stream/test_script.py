"""Turns: what opens and closes them, and which a prompt gets."""

from __future__ import annotations

from pytest_claude_sessions.stream.script import Answer, Exit, Hang, Line, Script

RESULT = {"type": "result", "is_error": True}


def test_a_result_an_exit_and_a_hang_close_a_turn() -> None:
    script = Script()
    for last in (RESULT, Exit(1), Hang()):
        script.add({"type": "assistant"})
        script.add(Line("noise"))
        script.add(last)
    assert [len(turn.steps) for turn in script.turns] == [3, 3, 3]
    assert script.current() == []


def test_turns_are_taken_in_order_and_left_by_a_look() -> None:
    script = Script()
    script.add(RESULT)
    script.add_at_start(Exit(2))
    assert script.next() is script.next() is script.take()
    last = script.take()
    assert last is not None
    assert (last.at_start, last.steps) == (True, [Exit(2)])
    assert (script.next(), script.take(), script.used) == (None, None, 2)


def test_what_follows_a_taken_turn_is_a_new_one() -> None:
    script = Script()
    script.add({"type": "assistant"})
    script.take()
    script.add({"type": "assistant"})
    assert len(script.turns) == 2


def test_a_turn_knows_its_id_and_whether_it_failed() -> None:
    script = Script()
    script.add({"type": "system", "session_id": "first"})
    script.add({**RESULT, "session_id": "last"})
    script.trail({"type": "system"})
    (turn,) = script.turns
    assert (turn.session_id, turn.failed) == ("last", True)
    script.add({"type": "result", "is_error": False})
    assert (script.turns[1].session_id, script.turns[1].failed) == (None, False)


def test_both_forms_of_a_permission_are_read() -> None:
    request = {"subtype": "can_use_tool"}
    assert Answer(request, {"behavior": "allow"}).allowed
    assert Answer(request, {"allow": True}).allowed
    assert not Answer(request, {"behavior": "deny"}).allowed
    assert not Answer(request, {"allow": False, "reason": "no"}).allowed
    assert not Answer(request, error="broke").allowed
