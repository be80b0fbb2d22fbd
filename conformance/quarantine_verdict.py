"""Checks of `quarantine`: which transcripts are set aside, and which are left alone."""

from __future__ import annotations

from pathlib import Path

from pytest_claude_sessions.claude.release import NEWEST, OBSERVED
from pytest_claude_sessions.config_dir import DAMAGES
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .damaged import SESSION, begun, dispatch_again, harmed, kept_aside, left_alone, names_in, told, written
from .workspaces import WORKSPACE, carried_on

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
    has_workspaces = "identity" in trial.capabilities
    derived = trial.manager.derive_session_id(WORKSPACE) if has_workspaces else SESSION
    workdir = trial.environment.workdir
    path = trial.config.add_conversation(cwd=workdir, turns=2, session_id=derived, release=version).path
    if not trial.config.resumable(path):
        trial.not_applicable(f"claude {trial.claude.release.version} does not resume a transcript of {version}")
    data = path.read_bytes()
    given = f"a transcript as claude {version} writes it"
    trial.equal(trial.manager.quarantine_invalid(derived, workdir), None, given=f"quarantine_invalid on {given}")
    left_alone(trial, path, data, given=f"quarantine_invalid on {given}")
    if has_workspaces and trial.chooses_ids:
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
        seen=f"{names_in(path.parent)} with the prompts {trial.prompts(SESSION)}",
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
