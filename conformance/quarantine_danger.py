"""Checks of `quarantine`: where moving a file does harm, or cannot be done."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_claude_sessions.config_dir import ODD_FILES
from pytest_claude_sessions.config_dir.odd_files import outside_of
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .damaged import SESSION, WAYS, backups, begun, dispatch_again, harmed, kept_aside, left_alone, names_in, written
from .workspaces import WORKSPACE, carried_on

ENDING_S = 60.0
"""How long a Claude may take to rest, and to end, in seconds."""

# ---------------------------------------------------------------- QUA-08


def not_moved(trial: Trial, path: Path, inode: int, data: bytes, *, given: str) -> None:
    """Judge that a file has the name, the inode and the bytes it had; the Claude at work may have gone on in it."""
    there = path.is_file() and path.stat().st_ino == inode and path.read_bytes().startswith(data)
    trial.judge(
        there and not backups(path),
        given=given,
        expected=f"{path.name} untouched",
        seen=f"{names_in(path.parent)}{'' if there else ', and another file or none by its name'}",
    )


@contextlib.contextmanager
def next_claude_held(trial: Trial) -> Iterator[Callable[[], bool]]:
    """Hold the next Claude inside its turn as long as the context lasts; gives what tells whether it is held.

    The fake is held by its script, the real program by a Stop hook.
    """
    if not trial.real:
        gate = trial.claude.hold(at="init")
        try:
            yield lambda: bool(gate.reached)
        finally:
            gate.open()
        return
    if "Stop" not in trial.behaviour["hooks"]:
        trial.not_applicable(f"claude {trial.claude.release.version} cannot be held: it has no Stop hook")
    held, go_on = trial.environment.home / "held", trial.environment.home / "go-on"
    words = f"touch {shlex.quote(str(held))}; until [ -e {shlex.quote(str(go_on))} ]; do sleep 0.02; done"
    trial.config.write_settings(
        {"hooks": {"Stop": [{"matcher": "", "hooks": [{"type": "command", "command": words}]}]}}
    )
    try:
        yield held.exists
    finally:
        go_on.touch()


@check("QUA-08")
def own_claude_at_work(trial: Trial) -> None:
    """While a dispatch of this manager runs, its transcript stays; afterwards a damaged one is moved."""
    path = begun(trial)
    manager, workdir = trial.manager, trial.environment.workdir
    given = "quarantine_invalid while this manager's own Claude is at work on it"
    with next_claude_held(trial) as held:
        dispatch = trial.background(lambda: manager.dispatch("second prompt", workspace_id=WORKSPACE))
        while not held():
            trial.judge(not dispatch.done_within(0.01), given="a dispatch", expected="Claude at work", seen="its end")
        data, inode = harmed(trial, path), path.stat().st_ino
        call = trial.background(lambda: manager.refusal_of(lambda: manager.quarantine_invalid(path.stem, workdir)))
        # A manager that answers when Claude has ended is right too: then it is the end that this waits for.
        if call.done_within(5):
            not_moved(trial, path, inode, data, given=given)
    dispatch.result()
    refusal = call.result()
    trial.judge(
        refusal in (None, "busy"),
        given=given,
        expected="nothing to do, or a refusal as busy",
        seen=f"a refusal: {refusal}",
    )
    path.write_bytes(b"garbage\n")
    manager.quarantine_invalid(path.stem, workdir)
    kept_aside(trial, path, b"garbage\n", given="the same file, damaged, when that Claude had ended")


@contextlib.contextmanager
def claude_at_work(trial: Trial, session_id: str) -> Iterator[None]:
    """Claude itself, started by someone else on a conversation, which it says in sessions/<pid>.json."""
    both_ways = ("--input-format", "stream-json", "--output-format", "stream-json")
    process = subprocess.Popen(
        [str(trial.environment.claude), "-p", *both_ways, "--verbose", "--resume", session_id],
        cwd=trial.environment.workdir,
        env=dict(trial.environment.env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        message = {"type": "user", "message": {"role": "user", "content": "typed prompt"}}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            if json.loads(line).get("type") == "result":
                break
        deadline = time.monotonic() + ENDING_S
        while not _says_that_it_rests(trial.environment.config_dir, session_id):
            assert time.monotonic() < deadline, "Claude does not say in sessions/<pid>.json what it is at work on"
            time.sleep(0.01)
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _says_that_it_rests(config_dir: Path, session_id: str) -> bool:
    """Whether a Claude waits for its next prompt: newer releases write the file anew when a turn ends."""
    for file in (config_dir / "sessions").glob("*.json"):
        with contextlib.suppress(ValueError, OSError):
            said = json.loads(file.read_bytes())
            if said.get("sessionId") == session_id:
                return bool(said.get("status", "idle") == "idle")
    return False


@check("QUA-08", cases=WAYS)
def claude_of_another_at_work(trial: Trial, way: str) -> None:
    """A Claude that someone else started, and that says so in sessions/<pid>.json, keeps its transcript."""
    if trial.behaviour["running_file"] is None:
        trial.not_applicable(f"claude {trial.claude.release.version} does not say what it is at work on")
    path = begun(trial) if way == "dispatch" else written(trial)
    manager, workdir = trial.manager, trial.environment.workdir
    with claude_at_work(trial, path.stem):
        data, inode = harmed(trial, path), path.stat().st_ino
        if way == "dispatch":
            manager.dispatch("second prompt", workspace_id=WORKSPACE, timeout=45)
        else:
            manager.refusal_of(lambda: manager.quarantine_invalid(path.stem, workdir))
        given = f"a {way} while a Claude of someone else's is at work on the damaged transcript"
        not_moved(trial, path, inode, data, given=given)
    path.write_bytes(b"garbage\n")
    manager.quarantine_invalid(path.stem, workdir)
    kept_aside(trial, path, b"garbage\n", given="the same file, damaged, when that Claude had ended")


# ---------------------------------------------------------------- QUA-09


ODD = {
    **{name: (name, None) for name in ODD_FILES},
    "link_outside_to_garbage": ("link_outside", "garbage"),
}


@check("QUA-09", cases=ODD)
def odd_file_is_no_transcript(trial: Trial, case: tuple[str, str | None]) -> None:
    """Whatever stands in the transcript's place, calls are answered and nothing behind it changes."""
    kind, damage = case
    path = begun(trial)
    if damage is not None:
        trial.config.damage(path, damage)
    kept = trial.config.damage(path, kind)
    before = trial.tree(kept)
    given = f"in the transcript's place: {ODD_FILES[kind].description}"
    refusal = trial.manager.refusal_of(lambda: trial.manager.quarantine_invalid(path.stem, trial.environment.workdir))
    trial.judge(refusal is None, given=given, expected="quarantine_invalid answers", seen=f"a refusal: {refusal}")
    trial.succeeded(dispatch_again(trial), given=f"a dispatch, {given}")
    third = trial.manager.dispatch("third prompt", workspace_id=WORKSPACE, timeout=45)
    carried_on(trial, third, "second prompt", "third prompt", given=f"the dispatch after that, {given}")
    if kind == "link_outside":
        trial.unchanged(before, trial.tree(kept), given=f"the link's target, {given}")
    elif kind == "directory":
        inside = [file.read_text() for file in path.parent.glob(f"{path.name}*/kept.txt")]
        trial.equal(inside, ["not a transcript\n"], given="the file in directories by that name, or that with a suffix")
    shutil.rmtree(outside_of(path).parent, ignore_errors=True)


@check("QUA-09")
def link_in_the_path_is_not_followed(trial: Trial) -> None:
    """A project directory that is a link out of projects/ is left alone, an ordinary one is not."""
    path = written(trial, kind="garbage")
    project, elsewhere = path.parent, trial.environment.home / "elsewhere"
    project.rename(elsewhere)
    project.symlink_to(elsewhere)
    before = trial.tree(elsewhere)
    trial.manager.refusal_of(lambda: trial.manager.quarantine_invalid(SESSION, trial.environment.workdir))
    trial.unchanged(before, trial.tree(elsewhere), given="a damaged transcript behind a link out of projects/")
    project.unlink()
    elsewhere.rename(project)
    data = path.read_bytes()
    trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, data, given="the same transcript, the project directory no link any more")


# ---------------------------------------------------------------- QUA-10


@check("QUA-10")
def dispatch_where_nothing_can_be_moved(trial: Trial) -> None:
    """A damaged transcript on a read-only bind: a warning, at most two starts, and the file as it was."""
    path = begun(trial)
    data = harmed(trial, path)
    given = "a dispatch of a workspace whose damaged transcript is on a read-only bind"
    with trial.read_only_for_now(path.parent):
        result = dispatch_again(trial)
        left_alone(trial, path, data, given=given)
    start = trial.starts[-1]
    if trial.behaviour["unwritable"]["transcript"] == "silent":  # older releases end where they cannot write
        trial.equal((result.ok, start.prompt), (True, "second prompt"), given=f"success and the prompt's way, {given}")
    trial.judge(
        any(warning.startswith("quarantine_failed:") for warning in result.warnings) or result.error == "unwritable",
        given=given,
        expected="a warning 'quarantine_failed: ...', or a refusal as unwritable where Claude itself fails there",
        seen=f"{result}",
    )
    third = dispatch_again(trial, "third prompt")
    trial.succeeded(third, given="a dispatch when the directory can be written again")
    trial.judge(
        not any(warning.startswith("quarantine_failed:") for warning in third.warnings),
        given="a dispatch when the directory can be written again",
        expected="no such warning",
        seen=f"{third.warnings}",
    )


@check("QUA-10")
def call_where_nothing_can_be_moved(trial: Trial) -> None:
    """quarantine_invalid says unwritable and moves nothing; when it can, it does."""
    path = written(trial, kind="garbage")
    data, workdir = path.read_bytes(), trial.environment.workdir
    with trial.read_only_for_now(path.parent):
        refusal = trial.manager.refusal_of(lambda: trial.manager.quarantine_invalid(SESSION, workdir))
        trial.equal(refusal, "unwritable", given="quarantine_invalid on a damaged transcript on a read-only bind")
        left_alone(trial, path, data, given="quarantine_invalid on a damaged transcript on a read-only bind")
    trial.manager.quarantine_invalid(SESSION, workdir)
    kept_aside(trial, path, data, given="the same, writable again")


# ---------------------------------------------------------------- QUA-13


NO_UUID = {
    "parent": "../../x",
    "deep": "../../../home/x",
    "sibling-project": f"../other-project/{SESSION}",
    "absolute": "{home}/x",
    "option": "--dangerously-skip-permissions",
    "empty": "",
    "dot": ".",
    "placeholder": "unknown",
    "newline": f"{SESSION}\n",
    "suffix": f"{SESSION}.jsonl",
    "longer": f"{SESSION}0",
    "in-a-path": f"x/{SESSION}",
    "pattern": "*",
    "short": SESSION[:8],
    "foreign-digits": SESSION.replace("0", "\u0660"),
}


@check("QUA-13", cases=NO_UUID)
def no_uuid_no_path(trial: Trial, pattern: str) -> None:
    """An id that is no UUID is refused and moves nothing, also where a file waits for it; a UUID moves its own."""
    environment = trial.environment
    session_id = pattern.format(home=environment.home)
    path = written(trial, kind="garbage")
    bait = Path(os.path.normpath(os.path.join(path.parent, f"{session_id}.jsonl")))
    bait.parent.mkdir(parents=True, exist_ok=True)
    bait.write_bytes(b"garbage outside\n")
    places = (environment.config_dir, environment.home, environment.workdir)
    before = [trial.tree(place) for place in places]
    refusal = trial.manager.refusal_of(lambda: trial.manager.quarantine_invalid(session_id, environment.workdir))
    trial.equal(refusal, "invalid_session_id", given=f"quarantine_invalid({session_id!r}): the kind of its refusal")
    for place, tree in zip(places, before, strict=True):
        trial.unchanged(tree, trial.tree(place), given=f"quarantine_invalid({session_id!r})")
    data = path.read_bytes()
    trial.manager.quarantine_invalid(SESSION, environment.workdir)
    kept_aside(trial, path, data, given=f"quarantine_invalid({SESSION!r}), a UUID")
