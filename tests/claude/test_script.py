from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_claude_sessions.claude import script
from pytest_claude_sessions.claude.script import BadScript, Situation


def situation(
    resume: str | None = None,
    session_id: str | None = None,
    goes_on: bool = False,
    cwd: str = "/repo",
    prompt: str | None = "hello world",
) -> Situation:
    return Situation(resume=resume, session_id=session_id, goes_on=goes_on, cwd=cwd, prompt=lambda: prompt)


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path)


def test_the_first_step_that_fits_is_taken_and_used_up(directory: str) -> None:
    script.add(directory, [{"do": "crash", "when": "resume"}, {"do": "reply", "text": "x"}, {"do": "overloaded"}])
    assert list(script.take(directory, situation())) == ["reply"]
    assert list(script.take(directory, situation(resume="X"))) == ["crash"]
    assert list(script.take(directory, situation(resume="X"))) == ["overloaded"]
    assert script.take(directory, situation()) == {}
    assert [step["used"] for step in script.steps(directory)] == [1, 1, 1]


def test_also_adds_a_step_to_the_one_after_it(directory: str) -> None:
    script.add(
        directory,
        [
            {"do": "noise", "also": True, "stdout": ["x"]},
            {"do": "hold", "also": True, "gate": "g"},
            {"do": "reply", "text": "one"},
            {"do": "crash"},
        ],
    )
    taken = script.take(directory, situation())
    assert list(taken) == ["noise", "hold", "reply"]
    assert taken["reply"]["text"] == "one"
    assert list(script.take(directory, situation())) == ["crash"]


def test_times_count_and_none_never_wears_out(directory: str) -> None:
    script.add(directory, [{"do": "overloaded", "times": 2}, {"do": "auth_failure", "times": None}])
    seen = [next(iter(script.take(directory, situation()))) for _ in range(5)]
    assert seen == ["overloaded", "overloaded", "auth_failure", "auth_failure", "auth_failure"]


@pytest.mark.parametrize(
    ("when", "fits", "not_fits"),
    [
        ("fresh", situation(session_id="S"), situation(resume="X")),
        ("fresh", situation(), situation(goes_on=True)),
        ("resume", situation(resume="X"), situation()),
        ("continue", situation(goes_on=True), situation(resume="X")),
        ("session_id", situation(session_id="S"), situation(resume="S")),
        ("id:X", situation(resume="X"), situation(resume="Y")),
        ("id:S", situation(session_id="S"), situation()),
        ("cwd:/repo", situation(), situation(cwd="/other")),
        ("prompt:world", situation(), situation(prompt="bye")),
        ("prompt:world", situation(), situation(prompt=None)),
    ],
)
def test_conditions(when: str, fits: Situation, not_fits: Situation) -> None:
    assert fits.fits(when)
    assert not not_fits.fits(when)


def test_no_script_is_no_step(directory: str) -> None:
    assert script.take(directory, situation()) == {}
    assert script.take(None, situation()) == {}


def test_clear_forgets(directory: str) -> None:
    script.add(directory, [{"do": "crash"}])
    script.clear(directory)
    assert script.steps(directory) == []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"do": "explode"}, "'explode'.*crash"),
        ({}, "None"),
        ({"do": "crash", "when": "tuesday"}, "'tuesday'.*fresh"),
        ({"do": "crash", "times": 0}, "0 times"),
        ({"do": "hang", "at": "lunch"}, "'lunch'.*turn"),
    ],
)
def test_a_mistake_is_said_at_once_and_nothing_is_added(directory: str, step: dict[str, object], words: str) -> None:
    with pytest.raises(BadScript, match=words):
        script.add(directory, [{"do": "crash"}, step])
    assert script.steps(directory) == []


def test_two_starts_never_take_the_same_step(directory: str) -> None:
    script.add(directory, [{"do": "reply", "text": str(n)} for n in range(40)])
    taken: list[str] = []

    def take() -> None:
        for _ in range(10):
            taken.append(script.take(directory, situation())["reply"]["text"])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, taken)) == list(range(40))
