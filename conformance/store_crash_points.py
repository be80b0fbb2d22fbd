"""Checks of `store` at every change of a file that a write makes (STO-06, with `--claude-crash`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_claude_sessions.crash.form import Reply, Request
from pytest_claude_sessions.manager import DispatchRequest
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .crash_points import CRASH, NEW, OLD, After, each_kind, interrupted

Ids = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Work:
    """A call that writes the store.

    :param old: the ids by key before it
    :param new: those after it
    :param kept: bytes that some file of the state directory must hold afterwards
    """

    request: Request
    old: Ids
    new: Ids
    kept: bytes = b""


def _first(trial: Trial) -> Work:
    """The first id of a new store."""
    session_id = trial.new_id()
    return Work(("set_session", {"key": "alpha", "session_id": session_id}), {"alpha": None}, {"alpha": session_id})


def _again(trial: Trial) -> Work:
    """Another id in the place of one that is there, among others."""
    old = {name: trial.new_id() for name in ("alpha", "beta", "gamma")}
    for key, session_id in old.items():
        trial.manager.set_session(key, session_id)
    session_id = trial.new_id()
    return Work(("set_session", {"key": "beta", "session_id": session_id}), old, {**old, "beta": session_id})


def _swept(trial: Trial) -> Work:
    """A sweep that removes two of three."""
    if "ttl" not in trial.capabilities:
        trial.not_applicable("the manager does not declare ttl, and so has nothing to sweep")
    clock = trial.clock
    for key in ("alpha", "beta"):
        trial.manager.set_session(key, trial.new_id())
    clock.advance(hours=25)
    fresh = trial.new_id()
    trial.manager.set_session("fresh", fresh)
    ids = {"alpha": None, "beta": None, "fresh": fresh}
    return Work(("sweep_stale_sessions", {}), ids, ids)


def _mended(trial: Trial) -> Work:
    """A write to a store that was damaged: what was in it is set aside."""
    mark = trial.new_id()
    trial.manager.set_session("alpha", mark)
    trial.stop()
    torn = b'{"torn": "' + trial.new_id().encode()
    for path in trial.environment.state_dir.rglob("*"):
        if path.is_file() and mark.encode() in path.read_bytes():
            path.write_bytes(torn)
    session_id = trial.new_id()
    return Work(("set_session", {"key": "beta", "session_id": session_id}), {"beta": None}, {"beta": session_id}, torn)


WORKS: dict[str, Callable[[Trial], Work]] = {
    "the-first-id": _first,
    "an-id-anew": _again,
    "a-sweep": _swept,
    "a-damaged-store": _mended,
}


@check("STO-06", cases=each_kind(WORKS), only_with=CRASH)
def each_change_interrupted(trial: Trial, case: tuple[str, Callable[[Trial], Work], str]) -> None:
    """A write is stopped before or after each change of a file, or that change fails: old or new, and it goes on."""
    name, arrange, kind = case
    work = arrange(trial)
    then: list[Request] = [("get_session", {"key": key}) for key in work.new]
    for after in interrupted(trial, name, kind, work.request, then=then):
        _judge_ids(trial, work, after, dict(zip(work.new, (reply.value for reply in after.replies), strict=False)))
        manager = trial.restart()
        seen = {key: manager.get_session(key) for key in work.new}
        _judge_ids(trial, work, after, seen)
        _judge_kept(trial, work, after)
        later = trial.new_id()
        manager.set_session("later", later)
        manager = trial.restart()
        seen = {key: manager.get_session(key) for key in [*work.new, "later"]}
        trial.equal(seen.pop("later"), later, given=f"{after.given}; an id stored after the restart, and another one")
        _judge_ids(trial, work, after, seen)
        _judge_kept(trial, work, after)


def _judge_ids(trial: Trial, work: Work, after: After, seen: Ids) -> None:
    allowed = [{OLD: work.old, NEW: work.new}[name] for name in sorted(after.may_be)]
    trial.judge(
        not seen or any(all(seen[key] == ids.get(key) for key in seen) for ids in allowed),
        given=after.given,
        expected=f"the ids {' or '.join(map(str, allowed))}",
        seen=f"{dict(seen)}",
    )


def _judge_kept(trial: Trial, work: Work, after: After) -> None:
    files = [path for path in trial.environment.state_dir.rglob("*") if path.is_file()]
    trial.judge(
        any(work.kept in path.read_bytes() for path in files) or not work.kept,
        given=f"{after.given}, of a store that had been damaged",
        expected="what was in it in some file",
        seen=f"it is in none of {sorted(path.name for path in files)}",
    )


@check("STO-06", cases=each_kind({"a-first-turn": 0, "a-second-turn": 1}), only_with=CRASH)
def each_change_of_a_dispatch_interrupted(trial: Trial, case: tuple[str, int, str]) -> None:
    """A dispatch is stopped before or after each change, or that change fails: other ids stay, the next one is well."""
    name, turns, kind = case
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume, and so has no turns")
    other = trial.new_id()
    trial.manager.set_session("other", other)
    old = trial.manager.dispatch("first prompt", key="chat").session_id if turns else None
    request = DispatchRequest("chat", "the prompt", trial.environment.workdir)
    for after in interrupted(trial, name, kind, ("dispatch", {"request": request}), refused=_told):
        manager = trial.restart()
        seen = manager.get_session("chat")
        trial.judge(
            (seen == old and OLD in after.may_be) or "the prompt" in trial.prompts(seen),
            given=f"{after.given}; the id of its key",
            expected=f"{old}, or one whose transcript has the prompt",
            seen=f"{seen}, whose transcript has {trial.prompts(seen)}",
        )
        again = manager.dispatch("another prompt", key="chat")
        trial.succeeded(again, given=f"{after.given}; the next dispatch after a restart")
        manager = trial.restart()
        ids = [manager.get_session("chat"), manager.get_session("other")]
        trial.equal(ids, [again.session_id, other], given=f"{after.given}; the ids after the next dispatch")


def _told(reply: Reply) -> bool:
    return reply.refusal is not None or not reply.value.ok or bool(reply.value.warnings)
