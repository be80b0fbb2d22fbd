"""Checks of `quarantine`: how a transcript is set aside, and what comes after it."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .damaged import SESSION, WAYS, begun, dispatch_again, harmed, kept_aside, names_in, quarantined, told, written
from .workspaces import OTHER, WORKSPACE, carried_on, needs_chosen_ids

# ---------------------------------------------------------------- QUA-01


@check("QUA-01", cases={f"{way}-{kind}": (way, kind) for way in WAYS for kind in ("garbage", "binary", "empty")})
def invalid_transcript_is_renamed(trial: Trial, case: tuple[str, str]) -> None:
    """An invalid transcript is found again as .bak, byte for byte."""
    way, kind = case
    path, data = quarantined(trial, way, kind)
    kept_aside(trial, path, data, given=f"a transcript that is {told(kind)}")


@check("QUA-01")
def call_gives_the_new_path(trial: Trial) -> None:
    """quarantine_invalid gives the path that the file has now, and None when there is nothing to do."""
    workdir = trial.environment.workdir
    path = written(trial, kind="garbage")
    data = path.read_bytes()
    moved = trial.manager.quarantine_invalid(SESSION, workdir)
    [backup] = kept_aside(trial, path, data, given="a damaged transcript and a call of quarantine_invalid")
    trial.equal(moved and moved.resolve(), backup.resolve(), given="what the call gave")
    trial.judge(
        not os.path.lexists(path), given="the name it had", expected=f"no {path.name}", seen=f"{names_in(path.parent)}"
    )
    trial.equal(trial.manager.quarantine_invalid(SESSION, workdir), None, given="what the call gave when it was gone")


# ---------------------------------------------------------------- QUA-02


@check("QUA-02", cases={"garbage": "garbage", "empty": "empty", "bookkeeping": "bookkeeping_only"})
def derived_id_starts_anew(trial: Trial, kind: str) -> None:
    """The dispatch that finds the damage starts a new conversation under the derived id, and the next resumes it."""
    needs_chosen_ids(trial)
    path = begun(trial)
    derived = path.stem
    harmed(trial, path, kind)
    given = f"a dispatch of a workspace whose transcript is {told(kind)}"
    result = dispatch_again(trial)
    carried_on(trial, result, "second prompt", given=given)
    trial.equal(result.session_id, derived, given=f"the id of the new conversation, {given}")
    trial.judge(not result.resumed, given=given, expected="resumed = False", seen="resumed = True")
    third = trial.restart().dispatch("third prompt", workspace_id=WORKSPACE)
    carried_on(trial, third, "second prompt", "third prompt", given="the next dispatch, after a restart")
    trial.equal(trial.starts[-1].requested_resume, derived, given="what that dispatch asked Claude to resume")


@check("QUA-02")
def derived_id_starts_anew_after_a_call(trial: Trial) -> None:
    """After quarantine_invalid the derived id is free again."""
    needs_chosen_ids(trial)
    path = begun(trial)
    harmed(trial, path)
    trial.manager.quarantine_invalid(path.stem, trial.environment.workdir)
    result = dispatch_again(trial)
    carried_on(trial, result, "second prompt", given="a dispatch after quarantine_invalid set its transcript aside")
    trial.equal(result.session_id, path.stem, given="the id of the new conversation")


# ---------------------------------------------------------------- QUA-03


@check("QUA-03")
def rounds_do_not_overwrite(trial: Trial) -> None:
    """Four rounds of one id, one right after the other, leave four files."""
    contents = [f"round {number} is not a transcript\n".encode() * number for number in range(1, 5)]
    path = written(trial)
    for content in contents:
        path.write_bytes(content)
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, *contents, given="four damaged transcripts of one id, set aside one after the other")


@check("QUA-03")
def dispatches_do_not_overwrite(trial: Trial) -> None:
    """Damage, dispatch, damage, dispatch: both damaged files are there."""
    path = begun(trial)
    first = harmed(trial, path)
    second_path = path.parent / f"{dispatch_again(trial).session_id}.jsonl"
    second = harmed(trial, second_path, "all_torn")
    trial.succeeded(dispatch_again(trial, "third prompt"), given="a dispatch after the second damage")
    kept_aside(trial, path, first, given="two damaged transcripts of a workspace, two dispatches: the first")
    kept_aside(trial, second_path, second, given="two damaged transcripts of a workspace, two dispatches: the second")


@check("QUA-03", cases=WAYS)
def file_of_another_is_not_overwritten(trial: Trial, way: str) -> None:
    """A .bak that someone else left is still there, in each of the likely names."""
    path = begun(trial) if way == "dispatch" else written(trial)
    names = (".bak", ".bak-1", ".bak.1", ".bak1", ".bak-0", ".bak.0", ".bak2", ".bak.2", ".bak-2")
    earlier = [f"kept by {name}\n".encode() for name in names]
    for name, content in zip(names, earlier, strict=True):
        path.with_name(path.name + name).write_bytes(content)
    data = harmed(trial, path)
    if way == "dispatch":
        dispatch_again(trial)
    else:
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, data, *earlier, given=f"files {names} beside a damaged transcript")


# ---------------------------------------------------------------- QUA-07


@check("QUA-07", cases=WAYS)
def sibling_directory_is_kept(trial: Trial, way: str) -> None:
    """Subagents' transcripts and tool results are still there, under the conversation's name."""
    path = begun(trial) if way == "dispatch" else written(trial)
    sibling = path.with_suffix("")
    files = {
        "tool-results/b0a1b2c3d.txt": b"1\n2\n3\n",
        "subagents/agent-a0123456789abcdef.jsonl": path.read_bytes(),
        "notes/deep/er.bin": bytes(range(256)),
    }
    for name, content in files.items():
        (sibling / name).parent.mkdir(parents=True, exist_ok=True)
        (sibling / name).write_bytes(content)
    data = harmed(trial, path)
    if way == "dispatch":
        dispatch_again(trial)
    else:
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, data, given="a damaged transcript with a directory of the same name")
    directories = [entry for entry in path.parent.iterdir() if entry.name.startswith(path.stem) and entry.is_dir()]
    trial.judge(
        any(all(_holds(directory / name, content) for name, content in files.items()) for directory in directories),
        given="the directory beside a damaged transcript, after the quarantine",
        expected=f"a directory {path.stem}* that holds {sorted(files)} unchanged",
        seen=f"{sorted(str(f.relative_to(path.parent)) for d in directories for f in d.rglob('*') if f.is_file())}",
    )


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


# ---------------------------------------------------------------- QUA-11


@check("QUA-11", cases={"other-is-newer": True, "other-is-older": False})
def other_conversation_does_not_take_its_place(trial: Trial, newer: bool) -> None:
    """With two conversations in a directory, the quarantined one's workspace begins anew and the other goes on."""
    if newer:
        path = begun(trial)
        theirs = begun(trial, OTHER, "their first")
    else:
        theirs = begun(trial, OTHER, "their first")
        path = begun(trial)
    before, seen = theirs.read_bytes(), len(trial.starts)
    data = harmed(trial, path)
    given = "a damaged transcript beside a healthy one of another workspace"
    carried_on(trial, dispatch_again(trial), "second prompt", given=given)
    kept_aside(trial, path, data, given=given)
    taken = [s.argv for s in trial.starts[seen:] if s.raw["requested"]["continue"] or s.requested_resume == theirs.stem]
    trial.equal(taken, [], given=f"starts with --continue or the other conversation's id, {given}")
    trial.equal(theirs.read_bytes(), before, given=f"the other workspace's transcript, {given}")
    result = trial.manager.dispatch("their second", workspace_id=OTHER)
    carried_on(trial, result, "their first", "their second", given="the other workspace's next dispatch")


# ---------------------------------------------------------------- QUA-12


@check("QUA-12", cases=WAYS)
def times_and_mode_survive(trial: Trial, way: str) -> None:
    """The moved file has the time stamp, to the nanosecond, and the mode that it had."""
    path = begun(trial) if way == "dispatch" else written(trial)
    data = harmed(trial, path)
    path.chmod(0o640)
    os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_001_987_654_321))
    before = path.stat()
    if way == "dispatch":
        dispatch_again(trial)
    else:
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    [backup] = kept_aside(trial, path, data, given="a damaged transcript of mode 0640 from 2023")
    after = backup.stat()
    trial.equal(
        (after.st_mtime_ns, oct(after.st_mode)),
        (before.st_mtime_ns, oct(before.st_mode)),
        given=f"mtime in ns and mode of {backup.name}",
    )
