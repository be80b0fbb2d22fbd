"""Checks of `store` under faults of the disk: a directory in a file's place, a remount in mid-turn (STO-08, STO-10)."""

from __future__ import annotations

from pathlib import Path

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial


@check("STO-08")
def a_file_replaced_by_a_directory_is_got_over(trial: Trial) -> None:
    """A directory stands where each file with something in it was; the manager goes on, and loses nothing of it."""
    trial.manager.set_session("alpha", trial.new_id())
    state_dir = trial.environment.state_dir
    files = [path for path in sorted(state_dir.rglob("*")) if path.is_file() and path.stat().st_size]
    trial.judge(bool(files), given="an id stored", expected="at least one file with something in it", seen="none")
    for path in files:
        trial.stop()
        aside = path.rename(trial.environment.home / trial.new_id())
        path.mkdir()
        mark = trial.new_id()
        (path / "inside").write_text(mark)
        given = f"{path.relative_to(state_dir)} of the state directory replaced by a directory between two starts"
        manager, session_id = trial.restart(), trial.new_id()
        manager.get_session("alpha")
        manager.set_session("beta", session_id)
        trial.equal(manager.get_session("beta"), session_id, given=f"{given}; an id stored afterwards")
        trial.equal(trial.restart().get_session("beta"), session_id, given=f"{given}; that id after a restart")
        trial.equal(_holds(state_dir, mark), True, given=f"{given}; whether what was in it is still there")
        aside.unlink()


def _holds(directory: Path, text: str) -> bool:
    return any(path.read_bytes() == text.encode() for path in directory.rglob("*") if path.is_file())


@check("STO-10")
def a_remount_in_mid_turn_is_told(trial: Trial) -> None:
    """The state directory turns read-only while Claude answers: told as unwritable, and the earlier ids are intact."""
    if "resume" not in trial.capabilities:
        trial.not_applicable("the manager does not declare resume, and so has no turns")
    state_dir, earlier = trial.environment.state_dir, trial.new_id()
    with trial.read_only_for_now(trial.environment.home):
        pass  # so that the mounts are this process's own, before others run
    manager = trial.manager
    manager.set_session("earlier", earlier)
    gate = trial.claude.hold(at="turn")
    dispatch = trial.background(lambda: manager.dispatch("first prompt", key="chat"))
    trial.reached(gate)
    with trial.read_only_for_now(state_dir):
        gate.open()
        result = dispatch.result()
    told = result.error == "unwritable" or any("unwritable" in str(warning) for warning in result.warnings)
    claimed = trial.restart().get_session("chat")
    given = "a first dispatch during which the state directory was remounted read-only"
    trial.judge(
        told or (claimed is not None and claimed == result.session_id),
        given=given,
        expected="the error unwritable, or a warning of it",
        seen=f"{result}, and the id that is read after a restart is {claimed}",
    )
    trial.equal(trial.manager.get_session("earlier"), earlier, given=f"{given}; an earlier id, after it")
    again = trial.manager.dispatch("second prompt", key="chat")
    trial.succeeded(again, given=f"{given}; the next one, with the directory writable")
    trial.equal(trial.manager.get_session("chat"), again.session_id, given=f"{given}; the id stored by the next one")
