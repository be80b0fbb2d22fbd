"""Checks of the capability `quarantine`: what Claude would refuse is set aside, everything else is left alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_claude_sessions.claude.release import NEWEST, OBSERVED
from pytest_claude_sessions.config_dir import DAMAGES, ODD_FILES
from pytest_claude_sessions.config_dir.odd_files import outside_of
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .identity import OTHER, WORKSPACE, carried_on, needs_chosen_ids

SESSION = "5e55104e-0000-4000-8000-00000000000a"
"""An id that stands for any conversation, for calls of quarantine_invalid."""

WAYS = {"call": "call", "dispatch": "dispatch"}
"""Both ways into the quarantine: the method itself, and a dispatch that finds the damage."""


def written(trial: Trial, session_id: str = SESSION, *, kind: str | None = None) -> Path:
    """A conversation of two turns on the disk, damaged where a kind is given; its transcript."""
    path = trial.config.add_conversation(cwd=trial.environment.workdir, turns=2, session_id=session_id).path
    if kind is not None:
        trial.config.damage(path, kind)
    return path


def begun(trial: Trial, workspace: str = WORKSPACE, prompt: str = "first prompt") -> Path:
    """A conversation that a dispatch of a workspace began, proven on the disk; its transcript."""
    result = trial.manager.dispatch(prompt, workspace_id=workspace)
    carried_on(trial, result, prompt, given="the first dispatch of a workspace")
    transcript = trial.transcript(result.session_id)
    assert transcript is not None
    return transcript.path


def harmed(trial: Trial, path: Path, kind: str = "garbage") -> bytes:
    """Damage a transcript; its bytes since."""
    trial.config.damage(path, kind)
    return path.read_bytes()


def quarantined(trial: Trial, way: str, kind: str = "garbage") -> tuple[Path, bytes]:
    """A damaged transcript that went through the quarantine, one way or the other; its old name and its bytes."""
    if way == "call":
        path = written(trial)
        data = harmed(trial, path, kind)
        trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    else:
        path = begun(trial)
        data = harmed(trial, path, kind)
        trial.succeeded(dispatch_again(trial), given=f"a dispatch of a workspace whose transcript is {told(kind)}")
    return path, data


def dispatch_again(trial: Trial, prompt: str = "second prompt") -> DispatchResult:
    """A dispatch of the workspace that :func:`begun` began; Claude may be started twice in it."""
    seen = len(trial.starts)
    result = trial.manager.dispatch(prompt, workspace_id=WORKSPACE, timeout=30)
    number = len(trial.starts) - seen
    trial.judge(
        1 <= number <= 2,
        given="a dispatch of a workspace whose transcript was tampered with",
        expected="one or two starts of Claude",
        seen=f"{number} starts, {result}",
    )
    return result


def told(kind: str) -> str:
    """A damage in words."""
    return f"{kind.replace('_', ' ')} ({DAMAGES[kind].description})"


def backups(path: Path) -> list[Path]:
    """What was set aside of a transcript: `<id>.jsonl.bak`, or that with a suffix."""
    return sorted(entry for entry in path.parent.iterdir() if entry.name.startswith(f"{path.name}.bak"))


def kept_aside(trial: Trial, path: Path, *contents: bytes, given: str) -> list[Path]:
    """Judge that each of these contents is in a `.bak` of its own beside the transcript, and give these files."""
    found = {_sha(backup.read_bytes()): backup for backup in backups(path) if backup.is_file()}
    trial.judge(
        all(_sha(content) in found for content in contents),
        given=given,
        expected=f"{path.name}.bak, or that with a suffix, for each of sha256 {[_sha(c)[:12] for c in contents]}",
        seen=f"{ {file.name: sha[:12] for sha, file in found.items()} } among {_names(path.parent)}",
    )
    return [found[_sha(content)] for content in contents]


def left_alone(trial: Trial, path: Path, data: bytes, *, given: str) -> None:
    """Judge that the transcript has its name and begins with its bytes (a resume appends), and nothing was copied."""
    seen = path.read_bytes() if path.is_file() else None
    trial.judge(
        seen is not None and seen.startswith(data) and not backups(path),
        given=given,
        expected=f"{path.name} is where it was with its bytes, and no .bak",
        seen=f"{'other bytes' if seen is not None else 'it is gone'}, {_names(path.parent)}",
    )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


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
        not os.path.lexists(path), given="the name it had", expected=f"no {path.name}", seen=f"{_names(path.parent)}"
    )
    trial.equal(trial.manager.quarantine_invalid(SESSION, workdir), None, given="what the call gave when it was gone")


# ---------------------------------------------------------------- QUA-02


@check("QUA-02", cases={"garbage": "garbage", "empty": "empty", "bookkeeping": "bookkeeping_only"})
def derived_id_starts_anew(trial: Trial, kind: str) -> None:
    """The dispatch that finds the damage starts a new conversation under the derived id, and the next resumes it."""
    needs_chosen_ids(trial)
    derived = trial.manager.derive_session_id(WORKSPACE)
    path = begun(trial)
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
    trial.equal(result.session_id, trial.manager.derive_session_id(WORKSPACE), given="the id of the new conversation")


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


# ---------------------------------------------------------------- QUA-04

TORN = ("torn_last_line", "torn_next_turn")
# Claude takes these, but what a conversation is has gone: the prompts, or the main conversation. Either is right.
UNDECIDED = ("replies_only", "sidechain_only")
HARMLESS = {
    name: name for name, damage in DAMAGES.items() if damage.harmless_in(NEWEST) and name not in (*TORN, *UNDECIDED)
}


def needs_harmless(trial: Trial, kind: str) -> None:
    """Leave the check out where the release itself does not resume such a transcript."""
    if not DAMAGES[kind].harmless_in(trial.claude.release):
        trial.not_applicable(f"claude {trial.claude.release.version} does not resume a transcript with {told(kind)}")


@check("QUA-04", cases=HARMLESS)
def call_leaves_a_valid_one_alone(trial: Trial, kind: str) -> None:
    """quarantine_invalid does not touch what Claude resumes, and moves it once it is garbage."""
    needs_harmless(trial, kind)
    path = written(trial, kind=kind)
    before = trial.tree()
    moved = trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    given = f"quarantine_invalid on a transcript with {told(kind)}"
    trial.equal(moved, None, given=f"what it gave: {given}")
    trial.unchanged(before, trial.tree(), given=given)
    garbage = harmed(trial, path)
    trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, garbage, given="the same transcript, garbage now")


@check("QUA-04", cases=HARMLESS)
def dispatch_resumes_a_valid_one(trial: Trial, kind: str) -> None:
    """A dispatch resumes what Claude resumes, and leaves the file its name and its bytes."""
    needs_harmless(trial, kind)
    path = begun(trial)
    trial.config.add_turns(path)
    data = harmed(trial, path, kind)
    result = dispatch_again(trial)
    given = f"a dispatch of a workspace whose transcript has {told(kind)}"
    trial.succeeded(result, given=given)
    trial.equal(trial.starts[-1].requested_resume, path.stem, given=f"what Claude was asked to resume, {given}")
    trial.equal(trial.starts[-1].prompt, "second prompt", given=f"the prompt that reached Claude, {given}")
    left_alone(trial, path, data, given=given)


@check("QUA-04", cases={version: version for version in OBSERVED})
def form_of_a_release_is_left_alone(trial: Trial, version: str) -> None:
    """What another release wrote is valid as far as the release at hand resumes it."""
    derived = trial.manager.derive_session_id(WORKSPACE)
    workdir = trial.environment.workdir
    path = trial.config.add_conversation(cwd=workdir, turns=2, session_id=derived, release=version).path
    if not trial.config.resumable(path):
        trial.not_applicable(f"claude {trial.claude.release.version} does not resume a transcript of {version}")
    data = path.read_bytes()
    given = f"a transcript as claude {version} writes it"
    trial.equal(trial.manager.quarantine_invalid(derived, workdir), None, given=f"quarantine_invalid on {given}")
    left_alone(trial, path, data, given=f"quarantine_invalid on {given}")
    if trial.chooses_ids:
        result = dispatch_again(trial)
        trial.succeeded(result, given=f"a dispatch of a workspace with {given}")
        trial.equal(trial.starts[-1].requested_resume, derived, given=f"what Claude was asked to resume: {given}")
        left_alone(trial, path, data, given=f"a dispatch of a workspace with {given}")
    path.write_bytes(b"garbage\n")
    trial.manager.quarantine_invalid(derived, workdir)
    kept_aside(trial, path, b"garbage\n", given=f"{given}, garbage now")


# ---------------------------------------------------------------- QUA-05

REFUSED = {
    kind: kind
    for kind in (
        "empty",
        "white_space",
        "garbage",
        "binary",
        "nul_only",
        "summary_only",
        "bookkeeping_only",
        "no_user_turn",
        "sidechain_only",
        "all_torn",
        "one_line",
    )
}


def needs_fatal(trial: Trial, kind: str) -> None:
    """Leave the check out where the release itself resumes such a transcript."""
    if not DAMAGES[kind].fatal_in(trial.claude.release):
        trial.not_applicable(f"claude {trial.claude.release.version} resumes a transcript that is {told(kind)}")


@check("QUA-05", cases=REFUSED)
def call_finds_an_invalid_one(trial: Trial, kind: str) -> None:
    """quarantine_invalid leaves the healthy transcript alone and moves the damaged one."""
    needs_fatal(trial, kind)
    path = written(trial)
    healthy = path.read_bytes()
    moved = trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    trial.equal(moved, None, given="quarantine_invalid on a healthy transcript")
    left_alone(trial, path, healthy, given="quarantine_invalid on a healthy transcript")
    data = harmed(trial, path, kind)
    moved = trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    given = f"quarantine_invalid on a transcript that is {told(kind)}"
    trial.judge(moved is not None, given=given, expected="the new path", seen="None")
    kept_aside(trial, path, data, given=given)


@check("QUA-05", cases=REFUSED)
def dispatch_finds_an_invalid_one(trial: Trial, kind: str) -> None:
    """A dispatch ends in a conversation that works, with the damaged file aside."""
    needs_fatal(trial, kind)
    path = begun(trial)
    data = harmed(trial, path, kind)
    given = f"a dispatch of a workspace whose transcript is {told(kind)}"
    carried_on(trial, dispatch_again(trial), "second prompt", given=given)
    kept_aside(trial, path, data, given=given)


# ---------------------------------------------------------------- QUA-06


def nothing_lost(trial: Trial, path: Path, data: bytes, *, given: str) -> None:
    """Judge that the bytes are where they were or, after a repair, in a copy beside the transcript."""
    beside = [entry for entry in path.parent.iterdir() if entry.is_file() and entry.name.startswith(path.stem)]
    trial.judge(
        any(entry.read_bytes().startswith(data) for entry in beside),
        given=given,
        expected=f"the {len(data)} bytes in {path.name}, or in a copy beside it",
        seen=f"{ {entry.name: entry.stat().st_size for entry in beside} }",
    )


@check("QUA-06", cases={kind: kind for kind in TORN})
def call_does_not_condemn_a_torn_line(trial: Trial, kind: str) -> None:
    """quarantine_invalid leaves a conversation that can be resumed, loses no byte of it, and moves garbage."""
    needs_harmless(trial, kind)
    path = written(trial, kind=kind)
    data, prompts = path.read_bytes(), trial.prompts(SESSION)
    trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    given = f"quarantine_invalid on a transcript with {told(kind)}"
    trial.judge(
        path.is_file() and trial.config.resumable(path) and trial.prompts(SESSION) == prompts,
        given=given,
        expected=f"{path.name} is there with the prompts {prompts}",
        seen=f"{_names(path.parent)} with the prompts {trial.prompts(SESSION)}",
    )
    nothing_lost(trial, path, data, given=given)
    garbage = harmed(trial, path)
    trial.manager.quarantine_invalid(SESSION, trial.environment.workdir)
    kept_aside(trial, path, garbage, given="the same transcript, garbage now")


@check("QUA-06", cases={kind: kind for kind in TORN})
def dispatch_carries_on_after_a_torn_line(trial: Trial, kind: str) -> None:
    """A dispatch carries on with the conversation; where Claude joins its own line to the torn one is its affair."""
    needs_harmless(trial, kind)
    path = begun(trial)
    data = harmed(trial, path, kind)
    given = f"a dispatch of a workspace whose transcript has {told(kind)}"
    trial.succeeded(dispatch_again(trial), given=given)
    start = trial.starts[-1]
    trial.equal(
        (start.requested_resume, start.prompt), (path.stem, "second prompt"), given=f"--resume and prompt, {given}"
    )
    trial.equal(trial.prompts(start.session_id)[:1], ["first prompt"], given=f"the first prompt on the disk, {given}")
    nothing_lost(trial, path, data, given=given)


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


# ---------------------------------------------------------------- QUA-08


def not_moved(trial: Trial, path: Path, inode: int, data: bytes, *, given: str) -> None:
    """Judge that a file has the name, the inode and the bytes it had."""
    there = path.is_file() and path.stat().st_ino == inode and path.read_bytes() == data
    trial.judge(
        there and not backups(path),
        given=given,
        expected=f"{path.name} untouched",
        seen=f"{_names(path.parent)}{'' if there else ', and another file or none by its name'}",
    )


@check("QUA-08")
def own_claude_at_work(trial: Trial) -> None:
    """While a dispatch of this manager runs, its transcript stays; afterwards a damaged one is moved."""
    path = begun(trial)
    manager, workdir = trial.manager, trial.environment.workdir
    given = "quarantine_invalid while this manager's own Claude is at work on it"
    gate = trial.claude.hold(at="init")
    dispatch = trial.background(lambda: manager.dispatch("second prompt", workspace_id=WORKSPACE))
    gate.wait_reached()
    try:
        data, inode = harmed(trial, path), path.stat().st_ino
        call = trial.background(lambda: manager.refusal_of(lambda: manager.quarantine_invalid(path.stem, workdir)))
        # A manager that answers when Claude has ended is right too: then it is the end that this waits for.
        if call.done_within(5):
            not_moved(trial, path, inode, data, given=given)
    finally:
        gate.open()
    dispatch.result()
    trial.judge(
        call.result() in (None, "busy"),
        given=given,
        expected="nothing to do, or a refusal as busy",
        seen=f"a refusal: {call.result()}",
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
        deadline = time.monotonic() + 20
        while not _says_that_it_rests(trial.environment.config_dir, session_id):
            assert time.monotonic() < deadline, "Claude does not say in sessions/<pid>.json what it is at work on"
            time.sleep(0.01)
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _says_that_it_rests(config_dir: Path, session_id: str) -> bool:
    """Whether a Claude waits for its next prompt: newer releases write the file anew when a turn ends."""
    for file in (config_dir / "sessions").glob("*.json"):
        with contextlib.suppress(ValueError, OSError):
            said = json.loads(file.read_bytes())
            if said.get("sessionId") == session_id:
                return said.get("status", "idle") == "idle"
    return False


@check("QUA-08")
def claude_of_another_at_work(trial: Trial) -> None:
    """A Claude that someone else started, and that says so in sessions/<pid>.json, keeps its transcript."""
    if trial.behaviour["running_file"] is None:
        trial.not_applicable(f"claude {trial.claude.release.version} does not say what it is at work on")
    path = written(trial)
    workdir = trial.environment.workdir
    with claude_at_work(trial, SESSION):
        data, inode = harmed(trial, path), path.stat().st_ino
        trial.manager.refusal_of(lambda: trial.manager.quarantine_invalid(SESSION, workdir))
        given = "quarantine_invalid while a Claude of someone else's is at work on it"
        not_moved(trial, path, inode, data, given=given)
    path.write_bytes(b"garbage\n")
    trial.manager.quarantine_invalid(SESSION, workdir)
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
    third = trial.manager.dispatch("third prompt", workspace_id=WORKSPACE, timeout=30)
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
    if start.outcome == "answered":  # older releases do not start at all where they cannot write
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
