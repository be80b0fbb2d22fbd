"""Checks of `store` with files that were damaged, and on a disk that takes nothing (STO-08, STO-10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pytest_claude_sessions.bind import BindUnavailable, fill
from pytest_claude_sessions.door import Refusal
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

# ---------------------------------------------------------------------- damage
Damage = Callable[[bytes, bytes], bytes]

# What becomes of a file's bytes; the mark tells this damage from every other.
DAMAGES: dict[str, Damage] = {
    "truncated": lambda content, mark: content[: len(content) // 2],
    "empty": lambda content, mark: b"",
    "garbage": lambda content, mark: b"\xff\xfe\x00garbage " + mark + b"\x80\x81\n",
    "zero-bytes": lambda content, mark: b"\x00" * max(len(content), 64),
    "text-behind": lambda content, mark: content + b"}<<<<<<< " + mark,
    "another-form": lambda content, mark: b'["' + mark + b'", 1]',
}


@check("STO-08", cases=DAMAGES)
def a_corrupt_store_is_set_aside(trial: Trial, damage: Damage) -> None:
    """Each file in turn is damaged; the manager starts, stores and reads, and the damaged bytes are still there."""
    trial.manager.set_session("alpha", trial.new_id())
    state_dir = trial.environment.state_dir
    names = _made(state_dir)
    trial.judge(bool(names), given="an id stored", expected="at least one file in the state directory", seen="none")
    for number, name in enumerate(names):
        earlier = trial.new_id()
        trial.manager.set_session("alpha", earlier)
        trial.stop()
        path = state_dir / name
        if not path.is_file():
            continue
        content = path.read_bytes()
        damaged = damage(content, f"damage {number} {trial.new_id()}".encode())
        path.write_bytes(damaged)
        given = f"{name} of the state directory, {len(content)} bytes, made {_shown(damaged)} between two starts"
        harmless = content in damaged and trial.manager.get_session("alpha") == earlier
        _goes_on(trial, given=given)
        # Nothing has to be kept of an empty file (a lock), nor of text that the form lets stand behind its end.
        if content and not harmless:
            _judge_kept(trial, damaged, given=given)


@check("STO-08")
def a_second_damage_does_not_replace_the_first(trial: Trial) -> None:
    """A store that is damaged twice leaves both, each under a name of its own."""
    state_dir = trial.environment.state_dir
    trial.manager.set_session("alpha", trial.new_id())
    names = [name for name in _made(state_dir) if (state_dir / name).stat().st_size]
    trial.judge(bool(names), given="an id stored", expected="at least one file with something in it", seen="none")
    marks = [f"damage {number} {trial.new_id()}".encode() for number in range(3)]
    for mark in marks:
        trial.manager.set_session("alpha", trial.new_id())
        trial.stop()
        for name in names:
            (state_dir / name).write_bytes(DAMAGES["garbage"](b"", mark))
        _goes_on(trial, given=f"a store damaged {len(marks)} times, each time between two starts")
    for mark in marks:
        _judge_kept(trial, mark, given=f"a store damaged {len(marks)} times, each time between two starts")


FIRST_CALLS: dict[str, Callable[[ManagerHandle, str], object]] = {
    "read": lambda manager, session_id: manager.get_session("alpha"),
    "write": lambda manager, session_id: manager.set_session("beta", session_id),
}


@check("STO-08", cases=FIRST_CALLS)
def damage_at_run_time_is_borne(trial: Trial, first: Callable[[ManagerHandle, str], object]) -> None:
    """Damaged while the manager runs, the store holds up no call, whether a read or a write finds it first."""
    manager, earlier = trial.manager, trial.new_id()
    manager.set_session("alpha", earlier)
    state_dir = trial.environment.state_dir
    mark = f"damage {trial.new_id()}".encode()
    for name in _made(state_dir):
        if (state_dir / name).stat().st_size:
            (state_dir / name).write_bytes(DAMAGES["garbage"](b"", mark))
    given = "a store that is made garbage while the manager runs"
    # What is open may well be refused until the next start; a crash or a hang is charged by the call itself.
    manager.refusal_of(lambda: first(manager, trial.new_id()))
    _goes_on(trial, given=given)
    # Who had it in memory may write it anew: nothing is lost then.
    if trial.manager.get_session("alpha") != earlier:
        _judge_kept(trial, mark, given=given)


def _made(state_dir: Path) -> list[str]:
    files = (path for path in state_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(str(path.relative_to(state_dir)) for path in files)


def _goes_on(trial: Trial, *, given: str) -> None:
    """Judge that the manager starts, reads, writes, and finds what it wrote after a restart."""
    manager = trial.restart()
    manager.get_session("alpha")
    session_id = trial.new_id()
    manager.set_session("beta", session_id)
    trial.equal(manager.get_session("beta"), session_id, given=f"{given}; an id stored afterwards")
    trial.equal(trial.restart().get_session("beta"), session_id, given=f"{given}; that id after a restart")


def _judge_kept(trial: Trial, damaged: bytes, *, given: str) -> None:
    files = {path: path.read_bytes() for path in trial.environment.state_dir.rglob("*") if path.is_file()}
    trial.judge(
        any(damaged in content for content in files.values()),
        given=given,
        expected="these bytes still in a file of the state directory",
        seen=", ".join(sorted(f"{path.name} ({len(content)} bytes)" for path, content in files.items())),
    )


def _shown(content: bytes) -> str:
    return f"{len(content)} bytes: {content[:24]!r}"


# ---------------------------------------------------------------------- a disk that takes nothing
@check("STO-10")
def a_read_only_store_is_told(trial: Trial) -> None:
    """A write to a store on a read-only disk is refused; the earlier id stays, and later writes work."""
    manager = trial.manager
    old, new = trial.new_id(), trial.new_id()
    manager.set_session("alpha", old)
    with trial.read_only_for_now(trial.environment.state_dir):
        told = _told_unwritable(trial, manager, "alpha", new, given="a write while the state directory is read-only")
        if told:
            _judge_intact(trial, manager, "alpha", old, given="a write that was refused, the state directory read-only")
    if not told:
        trial.equal(trial.restart().get_session("alpha"), new, given="a write answered as done on a read-only disk")
        return
    trial.equal(manager.get_session("alpha"), old, given="a write that was refused, the disk writable again")
    trial.equal(trial.restart().get_session("alpha"), old, given="a write that was refused, after a restart")
    trial.manager.set_session("alpha", new)
    trial.equal(trial.restart().get_session("alpha"), new, given="a write when the disk is writable again")


@check("STO-10")
def a_start_on_a_read_only_store_is_told(trial: Trial) -> None:
    """Started on a read-only disk, the manager refuses to start or to write, and never says that it saved."""
    old, new = trial.new_id(), trial.new_id()
    trial.manager.set_session("alpha", old)
    trial.stop()
    with trial.read_only_for_now(trial.environment.state_dir):
        try:
            manager = trial.restart()
        except Refusal as refusal:
            trial.equal(refusal.kind, "unwritable", given="a start while the state directory is read-only")
        else:
            given = "a write of a manager that was started on a read-only state directory"
            for key in ("alpha", "beta"):
                kind = manager.refusal_of(partial(manager.set_session, key, new))
                trial.equal(kind, "unwritable", given=given)
            _judge_intact(trial, manager, "alpha", old, given=given)
            _judge_intact(trial, manager, "beta", None, given=given)
    trial.equal(trial.restart().get_session("alpha"), old, given="an id stored before the disk was read-only, after it")
    trial.equal(trial.manager.get_session("beta"), None, given="a key whose only write was on the read-only disk")
    trial.manager.set_session("beta", new)
    trial.equal(trial.manager.get_session("beta"), new, given="a write when the disk is writable again")


@check("STO-10")
def a_full_disk_is_told(trial: Trial) -> None:
    """A write for which the disk has no room is refused, and every earlier id stays."""
    ids = {f"key-{number}": trial.new_id() for number in range(5)}
    for key, session_id in ids.items():
        trial.manager.set_session(key, session_id)
    trial.stop()
    try:
        disk = fill(trial.environment.state_dir)
    except BindUnavailable as reason:
        trial.not_applicable(f"a read-only disk has to stand for a full one: {reason}")
    large, session_id = "k" * 20_000, trial.new_id()
    with disk:
        disk.free(1 << 18)
        manager = trial.restart()
        disk.refill()
        given = "a write of a key of 20000 characters to a full disk"
        if _told_unwritable(trial, manager, large, session_id, given=given):
            _judge_intact(trial, manager, large, None, given=given)
        disk.free(1 << 20)
        for key, earlier in ids.items():
            trial.equal(trial.restart().get_session(key), earlier, given=f"{given}; an earlier id")
        trial.manager.set_session(large, session_id)
        trial.equal(trial.restart().get_session(large), session_id, given="that write when there is room again")
        trial.stop()


def _told_unwritable(trial: Trial, manager: ManagerHandle, key: str, session_id: str, *, given: str) -> bool:
    """Judge that a write is refused as unwritable, or was really done (files that were open already)."""
    kind = manager.refusal_of(lambda: manager.set_session(key, session_id))
    if kind is None:
        claimed = trial.another().get_session(key)
        trial.judge(
            claimed == session_id, given=given, expected="the refusal unwritable", seen="no refusal, and nothing saved"
        )
        return False
    trial.equal(kind, "unwritable", given=given)
    return True


def _judge_intact(trial: Trial, manager: ManagerHandle, key: str, earlier: str | None, *, given: str) -> None:
    """Judge that a key reads as before, or that reading is refused too."""
    try:
        seen = manager.get_session(key)
    except Refusal:
        return
    trial.equal(seen, earlier, given=f"{given}; the key read afterwards")
