"""What may go wrong with Claude in a dispatch, as steps of the fake's script, and what it means for the dispatch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..suite.trial import Trial

Play = Callable[[Trial, str], Any]


@dataclass(frozen=True, slots=True)
class Mishap:
    """One way in which Claude behaves.

    :param told: in words
    :param play: writes the script, given the id that is resumed
    :param law: the requirement that it tries
    :param fails: whether the dispatch must fail
    :param dead: whether a resume is answered with 'No conversation found'
    :param resume_alone: whether a fresh start is as ever
    :param timeout: seconds given to the dispatch, None for the manager's own
    :param writes: whether the prompt may be in the transcript though the dispatch failed
    """

    told: str
    play: Play
    law: str
    fails: bool = False
    dead: bool = False
    resume_alone: bool = False
    timeout: float | None = None
    writes: bool = False


def _dead(**options: Any) -> Play:
    return lambda trial, session_id: trial.claude.dead_id(when="resume", **options)


def _dead_and_crash(trial: Trial, session_id: str) -> None:
    trial.claude.dead_id(when="resume")
    trial.claude.crash(at="start", times=None)


def _always_dead(trial: Trial, session_id: str) -> None:
    trial.claude.dead_id(when="resume", times=None)
    trial.claude.dead_id(times=None, when=None)


def _quoting(trial: Trial, session_id: str) -> None:
    trial.claude.reply(f"No conversation found with session ID: {session_id}")


def _near_miss(words: str) -> Play:
    return lambda trial, session_id: trial.claude.error(stderr=words, errors=[words], exit=1, times=None)


def _named(name: str, **options: Any) -> Play:
    return lambda trial, session_id: getattr(trial.claude, name)(**options)


def _noise(trial: Trial, session_id: str) -> None:
    trial.claude.noise(stdout=["not a frame", "{}"], stderr=["a warning that means nothing"])


OTHER = "00000000-0000-4000-8000-000000000000"

MISHAPS: tuple[Mishap, ...] = (
    Mishap("", lambda trial, session_id: None, "RES-02"),
    Mishap("Claude says on stderr that the id is dead", _dead(report="stderr"), "RES-08", dead=True),
    Mishap("Claude says in its errors that the id is dead", _dead(report="errors"), "RES-08", dead=True),
    Mishap(
        "Claude says that the id is dead, in frames of another id",
        _dead(report="both", names="fresh", init=True),
        "RES-05",
        dead=True,
    ),
    Mishap("the id is dead, and the fresh start crashes", _dead_and_crash, "RES-05", fails=True, dead=True),
    Mishap("Claude says of every id that it is dead", _always_dead, "RES-06", fails=True, dead=True),
    Mishap("Claude ends before it says anything", _named("crash", at="start", times=None), "RES-07", fails=True),
    Mishap(
        "Claude is killed before it writes anything",
        _named("crash", at="init", signal="KILL", times=None),
        "RES-13",
        fails=True,
    ),
    Mishap("Claude ends in the turn", _named("crash", at="turn", times=None), "RES-07", fails=True, writes=True),
    Mishap("the authentication fails", _named("auth_failure", times=None), "RES-07", fails=True, writes=True),
    Mishap("a usage limit is met", _named("usage_limit", times=None), "RES-07", fails=True, writes=True),
    Mishap("the API is overloaded", _named("overloaded", times=None), "RES-07", fails=True, writes=True),
    Mishap(
        "the result says is_error, and subtype success",
        _named("error", text="API Error", is_error=True, subtype="success", exit=0, at="turn", times=None),
        "RES-17",
        fails=True,
        writes=True,
    ),
    Mishap(
        f"Claude fails with 'No conversation found with session ID: {OTHER}'",
        _near_miss(f"No conversation found with session ID: {OTHER}"),
        "RES-09",
        fails=True,
    ),
    Mishap("Claude fails with 'session expired'", _near_miss("session expired"), "RES-09", fails=True),
    Mishap(
        "Claude hangs, and the time-out is 0.4 s",
        _named("hang", at="init", child=True),
        "RES-20",
        fails=True,
        timeout=0.4,
    ),
    Mishap("the answer quotes that the id is dead", _quoting, "RES-09"),
    Mishap("the init frame names an id that is never written", _named("ephemeral_init"), "RES-10"),
    Mishap("hook frames name an id that is never written", _named("ephemeral_hook"), "RES-10"),
    Mishap("Claude gives the resumed conversation a new id", _named("new_id_on_resume"), "RES-11", resume_alone=True),
    Mishap("the conversation is reset in the turn", _named("reset", when="resume"), "RES-12", resume_alone=True),
    Mishap("Claude answers without the earlier turns", _named("cold_resume"), "RES-27", resume_alone=True),
    Mishap("Claude prints lines that are no frames", _noise, "RES-02"),
)  # fmt: skip
RESET, COLD = (next(mishap for mishap in MISHAPS if mishap.law == law) for law in ("RES-12", "RES-27"))
DEAD = tuple(number for number, mishap in enumerate(MISHAPS) if mishap.dead)
FAILING = tuple(number for number, mishap in enumerate(MISHAPS) if mishap.fails and not mishap.dead)
ODD = tuple(number for number, mishap in enumerate(MISHAPS) if mishap.told and not mishap.fails and not mishap.dead)
