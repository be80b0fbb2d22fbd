"""What the checks of `--claude-crash` share: a call, interrupted at each change of the manager's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude_sessions.crash.form import Interrupted, Reply, Request
from pytest_claude_sessions.crash.point import FLUSHES, KILLS, KINDS
from pytest_claude_sessions.crash.series import Attempt, Series
from pytest_claude_sessions.options import CRASH
from pytest_claude_sessions.suite.judgement import CouldNotRun
from pytest_claude_sessions.suite.trial import Trial

__all__ = ["CRASH", "NEW", "OLD", "After", "each_kind", "interrupted"]

OLD, NEW = "old", "new"


@dataclass(frozen=True, slots=True)
class After:
    """What may be on the disk after one interruption.

    :param given: the interruption in words
    :param may_be: which of :data:`OLD` and :data:`NEW`
    :param replies: what the same manager answered afterwards; none where it was killed
    """

    given: str
    may_be: frozenset[str]
    replies: Sequence[Reply] = ()


def each_kind(works: Mapping[str, Any]) -> dict[str, tuple[str, Any, str]]:
    """The cases of a check: every work with every kind of interruption."""
    return {f"{name}-{kind}": (name, work, kind) for name, work in works.items() for kind in KINDS}


def interrupted(
    trial: Trial,
    name: str,
    kind: str,
    request: Request,
    *,
    refused: Callable[[Reply], bool] = lambda reply: reply.refusal is not None,
    then: Sequence[Request] = (),
    more: Sequence[Path] = (),
) -> Iterator[After]:
    """Interrupt a call at each change, and have what is left judged; last comes the call that nothing interrupts.

    :param name: of the work, for the counts
    :param kind: of the interruption
    :param request: the call
    :param refused: whether an answer tells that nothing was changed
    :param then: what a manager that met an error is asked after it
    :param more: directories that count besides those of every manager
    """
    trial.stop()
    trial.orphans_expected = True
    world = trial.environment
    directories = [world.state_dir, world.config_dir, world.managed_settings_dir, world.home, *more]
    place = trial.root / "tmp" / "as it was"
    place.mkdir()
    form = trial.interruption
    requests = [request] if kind in KILLS else [request, *then]
    series = Series(form, world, requests, directories, place)
    count: dict[str, Any] = {"form": form.name, "kind": kind, "work": name, "tried": 0, "survived": 0}
    trial.crash_points = count
    plain = series.undisturbed()
    given = f"{request[0]}, {name.replace('-', ' ')}"
    faults = [reply for reply in plain.replies if reply.misconduct or reply.refusal]
    trial.judge(
        not faults and len(plain.replies) == len(requests) + 1,
        given=f"{given}, watched and not interrupted",
        expected="answers",
        seen=f"{plain.replies}",
    )
    if not plain.changes:
        raise CouldNotRun(
            f"{given}: no change of a file was seen ({form.name}); a Python manager that writes by other means than "
            "Python's own can be traced: --claude-manager 'cmd:python -m pytest_claude_sessions.door.host ...'"
        )
    after = After(f"{given}, not interrupted", frozenset({NEW}), plain.replies[2:])
    trial.situation = after.given
    yield after
    for attempt in series.attempts(kind, len(plain.changes)):
        _nothing_left_running(trial)
        count["tried"] += 1
        trial.situation = ""
        after = _after(trial, attempt, given, refused)
        trial.situation = after.given
        yield after
        trial.stop()
        count["survived"] += 1


def _after(trial: Trial, attempt: Attempt, given: str, refused: Callable[[Reply], bool]) -> After:
    given = f"{given}, {attempt}"
    answered = _answer(attempt.run)
    if attempt.point.kind in KILLS:
        return After(given, frozenset({NEW} if answered else {OLD, NEW}))
    wrong = [reply.misconduct for reply in attempt.run.replies if reply.misconduct]
    trial.judge(
        not wrong, given=given, expected="an answer, or a refusal of the closed list", seen="; ".join(map(str, wrong))
    )
    if answered is not None and not refused(answered):
        return After(given, frozenset({NEW}), attempt.run.replies[2:])
    # Whether a flush that failed has kept the change is known to nobody.
    unknown = attempt.change.name in FLUSHES
    return After(f"{given}, and told", frozenset({OLD, NEW} if unknown else {OLD}), attempt.run.replies[2:])


def _answer(run: Interrupted) -> Reply | None:
    """What was answered to the call itself, None when the manager did not come to it."""
    answers = [reply for reply in run.replies[1:2] if reply.misconduct is None]
    return answers[0] if answers else None


def _nothing_left_running(trial: Trial) -> None:
    """A Claude whose manager was killed goes on for a while: it must not write into the next attempt."""
    trial.claude_processes()
