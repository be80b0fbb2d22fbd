"""Checks of `quarantine` at every change of a file that setting one aside makes (QUA-01, with `--claude-crash`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_claude_sessions.crash.form import Reply, Request
from pytest_claude_sessions.manager import DispatchRequest
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .crash_points import CRASH, NEW, OLD, After, each_kind, interrupted
from .damaged import SESSION, backups, begun, dispatch_again, harmed, names_in, written
from .workspaces import WORKSPACE

OTHER = "5e55104e-0000-4000-8000-00000000000b"
EARLIER = b"set aside before\n"


@dataclass(frozen=True, slots=True)
class Work:
    """A damaged transcript, and what sets it aside.

    :param again: does so in an orderly way, after the restart
    :param alone: whether that is all that it does: a dispatch may have another fault to tell, and another id since
    """

    request: Request
    path: Path
    data: bytes
    again: Callable[[Trial], object]
    refused: Callable[[Reply], bool]
    alone: bool


def _by_call(trial: Trial) -> Work:
    """A call of quarantine_invalid."""
    path = written(trial)
    request = {"session_id": SESSION, "cwd": trial.environment.workdir}
    return Work(
        ("quarantine_invalid", request),
        path,
        harmed(trial, path),
        lambda trial: trial.manager.quarantine_invalid(SESSION, trial.environment.workdir),
        lambda reply: reply.refusal is not None,
        True,
    )


def _by_dispatch(trial: Trial) -> Work:
    """A dispatch of the workspace that the transcript belongs to."""
    path = begun(trial)
    request = DispatchRequest(None, "second prompt", trial.environment.workdir, WORKSPACE, 45)
    return Work(
        ("dispatch", {"request": request}),
        path,
        harmed(trial, path),
        _answered_again,
        lambda reply: reply.refusal is not None or not reply.value.ok or bool(reply.value.warnings),
        False,
    )


def _answered_again(trial: Trial) -> None:
    trial.succeeded(dispatch_again(trial, "third prompt"), given="a dispatch after the restart")


WORKS = {"a-call": _by_call, "a-dispatch": _by_dispatch}


@check("QUA-01", cases=each_kind(WORKS), only_with=CRASH)
def each_change_interrupted(trial: Trial, case: tuple[str, Callable[[Trial], Work], str]) -> None:
    """A quarantine is stopped before or after each change, or that change fails: no byte is lost, and the next does."""
    name, arrange, kind = case
    work = arrange(trial)
    work.path.with_name(f"{work.path.name}.bak").write_bytes(EARLIER)
    other = written(trial, OTHER)
    untouched = other.read_bytes()
    for after in interrupted(trial, name, kind, work.request, refused=work.refused):
        _judge(trial, work, after)
        trial.restart()
        _judge(trial, work, after)
        work.again(trial)
        sure = frozenset({NEW} if work.alone else {OLD, NEW})
        _judge(trial, work, After(f"{after.given}; once more after a restart", sure))
        trial.equal(other.read_bytes(), untouched, given=f"{after.given}; another conversation's transcript")


def _judge(trial: Trial, work: Work, after: After) -> None:
    """The bytes are where they were, or set aside; an earlier file is what it was."""
    held = [path.read_bytes() for path in backups(work.path) if path.is_file()]
    in_place = work.path.is_file() and work.path.read_bytes() == work.data
    where = {*(["in place"] if in_place else []), *(["set aside"] if work.data in held else [])}
    allowed = {"in place"} if OLD in after.may_be else set()
    if NEW in after.may_be or not work.alone:
        allowed.add("set aside")
    trial.judge(
        bool(where & allowed) and not (after.may_be == {NEW} and in_place),
        given=f"{after.given}; the damaged transcript's bytes",
        expected=" or ".join(sorted(allowed)),
        seen=f"{' and '.join(sorted(where)) or 'lost'}, among {names_in(work.path.parent)}",
    )
    trial.judge(
        EARLIER in held,
        given=f"{after.given}; what was set aside before",
        expected="its bytes in a .bak",
        seen=f"none of {names_in(work.path.parent)} has them",
    )
