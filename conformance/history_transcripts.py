"""Checks of `history` that are about transcripts: which are conversations, and of which project (HIS-04, HIS-09)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.config_dir.side_files import add_subagent
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial
from pytest_claude_sessions.suite.turn import take_turn

from .recorded import entry_of, ids, listed, minutes_ago, numbered, recorded

A, B, GHOST = numbered(0xA11CE), numbered(0xB0B), numbered(0x6057)

# ---------------------------------------------------------------------- HIS-04: what is a conversation


@check("HIS-04", cases={"no-history-at-all": False, "beside-typed-ones": True})
def headless_conversation_is_listed(trial: Trial, beside: bool) -> None:
    """A conversation without a history line is listed with its project, and can be resumed."""
    here = trial.directory("alpha")
    if beside:
        recorded(trial, B, "typed", project=trial.directory("beta"), ago=20)
    recorded(trial, A, "headless", project=here, ago=10, headless=True)
    given = "a conversation that has a transcript and no history line"
    entries = trial.manager.list_sessions()
    listed(trial, entries, [A, B] if beside else [A], given=given)
    trial.equal((entries[0].project, entries[0].resumable), (str(here.resolve()), True), given=given)
    trial.judge("headless" in entries[0].display, given=given, expected="its prompt in display", seen=repr(entries[0]))
    trial.equal(ids(trial.manager.find_sessions("headless")), [A], given=f"{given}, and a search for its prompt")
    trial.equal(trial.manager.resolve_session(A[:8]), A, given=f"{given}, and its short id")


@check("HIS-04")
def what_claude_leaves_headless_is_listed(trial: Trial) -> None:
    """A conversation that Claude itself has just had without a terminal is listed."""
    here = trial.directory("alpha")
    given = "a turn of `claude -p`"
    trial.equal(trial.manager.list_sessions(), [], given="a config dir without conversations")
    written = take_turn(trial, "from a script", cwd=here)
    assert written is not None
    entry = entry_of(trial, trial.manager.list_sessions(), written, given=given)
    trial.equal((entry.project, entry.resumable), (str(here.resolve()), True), given=given)
    result = trial.manager.resume_session(written, "once more")
    trial.succeeded(result, given=f"{given}, resumed from the list")
    trial.equal(trial.prompts(trial.starts[-1].session_id), ["from a script", "once more"], given="its prompts")


def _subagent_of(release: str) -> Callable[[Trial, Transcript], None]:
    def put(trial: Trial, transcript: Transcript) -> None:
        add_subagent(
            transcript.path,
            Release.of(release),
            session_id=transcript.session_id,
            cwd=transcript.cwd or "",
            prompt="a task",
            reply="done",
            at=minutes_ago(1).timestamp(),
        )

    return put


def _subagent_under_an_id(trial: Trial, transcript: Transcript) -> None:
    _subagent_of("2.0.77")(trial, transcript)
    written = next(transcript.path.parent.glob("agent-*.jsonl"))
    written.rename(transcript.path.with_name(f"{GHOST}.jsonl"))


def _beside(name: str) -> Callable[[Trial, Transcript], None]:
    def put(trial: Trial, transcript: Transcript) -> None:
        transcript.path.with_name(name).write_bytes(transcript.path.read_bytes().replace(A.encode(), GHOST.encode()))

    return put


def _below_a_project(trial: Trial, transcript: Transcript) -> None:
    below = transcript.path.parent / "deeper"
    below.mkdir()
    (below / f"{GHOST}.jsonl").write_bytes(transcript.path.read_bytes().replace(A.encode(), GHOST.encode()))


def _in_projects(trial: Trial, transcript: Transcript) -> None:
    data = transcript.path.read_bytes().replace(A.encode(), GHOST.encode())
    (trial.config.projects / f"{GHOST}.jsonl").write_bytes(data)


def _stale_index(trial: Trial, transcript: Transcript) -> None:
    trial.config.write_index(GHOST, cwd=transcript.cwd)


def _broken_index(trial: Trial, transcript: Transcript) -> None:
    (transcript.path.parent / "sessions-index.json").write_bytes(b'{"version":1,"entries":[{"sessionId"')


def _named_directory(trial: Trial, transcript: Transcript) -> None:
    transcript.path.with_name(f"{GHOST}.jsonl").mkdir()


def _named_fifo(trial: Trial, transcript: Transcript) -> None:
    os.mkfifo(transcript.path.with_name(f"{GHOST}.jsonl"))


def _side_files(trial: Trial, transcript: Transcript) -> None:
    trial.config.add_side_files(transcript.session_id, transcript.cwd)


NO_CONVERSATION: dict[str, Callable[[Trial, Transcript], None]] = {
    "subagent-in-the-transcript": _subagent_of("1.0.0"),
    "subagent-beside-it": _subagent_of("2.0.77"),
    "subagent-below-it": _subagent_of("2.1.329"),
    "subagent-under-an-id": _subagent_under_an_id,
    "quarantined": _beside(f"{GHOST}.jsonl.bak"),
    "quarantined-again": _beside(f"{GHOST}.jsonl.bak-1"),
    "quarantined-by-date": _beside(f"{GHOST}.jsonl.bak.20251118"),
    "corrupt": _beside(f"{GHOST}.jsonl.corrupt"),
    "draft": _beside(f".{GHOST}.jsonl.tmp"),
    "no-id-for-a-name": _beside("notes.jsonl"),
    "one-level-too-deep": _below_a_project,
    "one-level-too-high": _in_projects,
    "stale-index": _stale_index,
    "broken-index": _broken_index,
    "directory": _named_directory,
    "fifo": _named_fifo,
    "side-files": _side_files,
}


@check("HIS-04", cases=NO_CONVERSATION)
def what_is_no_conversation_is_not_listed(trial: Trial, put: Callable[[Trial, Transcript], None]) -> None:
    """Beside what only looks like a conversation, the real ones are listed alone, each once."""
    here = trial.directory("alpha")
    recorded(trial, B, "typed", project=here, ago=20)
    transcript = recorded(trial, A, "headless", project=here, ago=10, headless=True)
    put(trial, transcript)
    given = f"two conversations, and beside them {_names(trial)}"
    listed(trial, sorted(trial.manager.list_sessions(), key=lambda entry: str(entry.session_id)), [B, A], given=given)
    found = trial.manager.find_sessions("")
    listed(trial, sorted(found, key=lambda entry: str(entry.session_id)), [B, A], given=f"{given}, all found")


def _names(trial: Trial) -> Sequence[str]:
    below = trial.config.projects
    return sorted(str(path.relative_to(below).name) for path in below.rglob("*") if path.stem not in (A, B))


# ---------------------------------------------------------------------- HIS-09: of which project


NAMES = {
    "hyphens": "my-web-app",
    "dots": "portfolio.example.com",
    "underscores": "snake_case_name",
    "spaces": "My Documents",
    "other-scripts": "日本語のプロジェクト",
    "emoji": "launch-🚀",
    "leading-dash": "-rf",
    "quotes": 'it\'s "quoted" $HOME `id`',
    "glob": "a*b[c]?",
}


@check("HIS-09", cases=NAMES)
def project_is_the_recorded_one(trial: Trial, name: str) -> None:
    """A headless conversation's project is the directory that its records name, and it is resumed there."""
    here = trial.directory(name)
    recorded(trial, A, "headless", project=here, ago=10, headless=True)
    given = f"a headless conversation in {name!r}"
    entry = entry_of(trial, trial.manager.list_sessions(), A, given=given)
    trial.equal(entry.project, str(here.resolve()), given=given)
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, A, given=f"{given}, and the current one of that directory")
    trial.succeeded(trial.manager.resume_session(A, "again"), given=f"{given}, resumed")
    trial.equal(trial.starts[-1].cwd, str(here.resolve()), given=f"where Claude was started: {given}, resumed")


@check("HIS-09")
def project_stands_behind_bookkeeping(trial: Trial) -> None:
    """The directory is found behind a hundred records that name none."""
    here = trial.directory("my-web-app")
    transcript = recorded(trial, A, "headless", project=here, ago=10, headless=True)
    summaries = [
        {"type": "summary", "summary": f"title {number}", "leafUuid": numbered(number)} for number in range(100)
    ]
    data = transcript.path.read_bytes()
    transcript.path.write_bytes(b"".join(json.dumps(s).encode() + b"\n" for s in summaries) + b"not a record\n" + data)
    entry = entry_of(trial, trial.manager.list_sessions(), A, given="a transcript that begins with bookkeeping")
    trial.equal(entry.project, str(here.resolve()), given="a transcript that begins with bookkeeping")


ALIKE = ("a-b", "a.b", "a_b")


@check("HIS-09", cases={"typed": False, "headless": True})
def alike_names_stay_apart(trial: Trial, headless: bool) -> None:
    """Three projects whose names encode alike: each conversation is listed, current and resumed in its own."""
    homes = {numbered(number): trial.directory(name) for number, name in enumerate(ALIKE, 1)}
    for ago, (session_id, here) in zip((30, 20, 10), homes.items(), strict=True):
        recorded(trial, session_id, f"in {here.name}", project=here, ago=ago, headless=headless)
    shared = {path.parent for path in trial.config.projects.rglob("*.jsonl")}
    trial.equal(len(shared), 1, given="the encoded names of a-b, a.b and a_b")
    given = "three projects whose names encode alike"
    entries = trial.manager.list_sessions()
    seen = {entry.session_id: entry.project for entry in entries}
    trial.equal(seen, {i: str(here.resolve()) for i, here in homes.items()}, given=f"{given}: their projects")
    for session_id, here in homes.items():
        current = trial.manager.current_session(here)
        trial.equal(current and current.session_id, session_id, given=f"{given}: the current one of {here.name}")
    for session_id, here in homes.items():
        trial.succeeded(
            trial.manager.resume_session(session_id, "again"), given=f"{given}, that of {here.name} resumed"
        )
        trial.equal(_place(trial), str(here.resolve()), given=f"{given}: where that of {here.name} was resumed")


def _place(trial: Trial) -> str | None:
    return trial.starts[-1].cwd


@check("HIS-09")
def gone_directory_is_not_guessed(trial: Trial) -> None:
    """A conversation whose directory is gone keeps its project, and is refused rather than begun elsewhere."""
    gone, alike = trial.directory("a.b"), trial.directory("a-b")
    recorded(trial, A, "before", project=gone, ago=20, headless=True)
    recorded(trial, B, "before", project=alike, ago=10, headless=True)
    os.rmdir(gone)
    given = f"a conversation of {gone.name}, which is gone, beside {alike.name}, which encodes alike"
    entry = entry_of(trial, trial.manager.list_sessions(), A, given=given)
    trial.equal(entry.project, str(gone.resolve()), given=given)
    result = trial.manager.resume_session(A, "again")
    trial.equal((result.ok, result.error), (False, "cwd_missing"), given=f"{given}, and resume_session")
    trial.equal([start.prompt for start in trial.starts], [], given=f"prompts that reached Claude: {given}")
    trial.succeeded(trial.manager.resume_session(B, "again"), given=f"{given}, and resume_session of the other")
    trial.equal(_place(trial), str(Path(alike).resolve()), given="where the other was resumed")
