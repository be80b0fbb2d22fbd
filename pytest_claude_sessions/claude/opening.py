"""What happens between the command line and the first turn: side files, and the conversation that is found."""

from __future__ import annotations

import os

from . import side_files
from .forms import new_uuid
from .session import Refused, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .program import Program
    from .transcript import Turn


DEFAULT_DAYS = 30


def open_conversation(program: Program) -> None:
    """Give the program its session and its entry in the registry of running processes.

    :raises Refused: when the conversation that was asked for cannot be had.
    :raises Unwritable: when the release does not start in this config dir.
    """
    steps, given = program.steps, program.arguments
    wanted = given.text("resume")
    started = program.started
    if program.behaviour["start"]["state"] != "first":
        write_state(program, second=False)
        write_state(program, second=True)
    register(program)
    if "dead_id" in steps:
        raise program.finder.not_found(wanted or started)
    if "background_agent" in steps and not given.has("fork-session"):
        raise Refused("held", program.behaviour["texts"]["background"].replace("$id", wanted or started))
    resumes = given.has("resume") or given.has("continue")
    if resumes and program.behaviour["resume_leaves"] == "" and not given.has("no-session-persistence"):
        _leave_empty(program, started)
    session = _session(program, wanted, started)
    program.session = session
    if program.behaviour["reader"].get("hangs_without_model") and session.history.anonymous:
        steps.stay()
    later = [entry for entry in program.behaviour["side_files"] if entry.get("later")]
    session.half = not (program.able and _side_files(program, later, session.id))
    unsaved = program.behaviour["no_history_variable"] and os.environ.get("CLAUDE_CODE_SKIP_PROMPT_HISTORY")
    # Where 0 days are accepted at all they mean that nothing is kept.
    unsaved = unsaved or (program.settings.cleanup_days == 0 and not program.behaviour["settings"].get("keeps_at_zero"))
    if "no_transcript" in steps or unsaved or given.has("no-session-persistence"):
        session.writes = False
    _clean_up(program)
    program.running.say("idle", program.clock.now(), session.id)
    program.journal.entry["session_id"] = session.id
    if resumes:
        _leave_behind(program, started)
    if program.behaviour["warmups"]:
        _warm_up(program, started if resumes else session.id)


def fork_records(program: Program, turn: Turn) -> list[dict[str, Any]]:
    """The records with which the release begins a transcript that is a copy."""
    if program.behaviour["resume_new_id"]:
        return []
    return [turn.record(name) for name in program.behaviour["fork"]["first"]]


def _session(program: Program, wanted: str | None, started: str) -> Session:
    steps, given, finder = program.steps, program.arguments, program.finder
    if "cold_resume" in steps and wanted:
        return finder.cold(wanted)
    session = finder.find(given, started)
    if "new_id_on_resume" in steps and (wanted or given.has("continue")):
        return finder.copy(session, None)
    return session


def write_state(program: Program, second: bool) -> None:
    """Write what a start leaves behind whatever becomes of it.

    :param second: those files that come after a look at the ids.
    :raises Unwritable: when the release does not start in this config dir.
    """
    entries = [entry for entry in program.behaviour["side_files"] if not entry.get("later")]
    wanted = [entry for entry in entries if entry.get("second", False) == second]
    program.able = _side_files(program, wanted, program.started) and program.able


def leave_refused(program: Program, begun: bool) -> None:
    """Write what is left where the conversation that was asked for cannot be had.

    :param begun: the release had printed its init frame by then.
    """
    left = [entry for entry in program.behaviour["side_files"] if entry.get("refused")]
    _side_files(program, left, program.started)
    if begun and program.behaviour["warmups"]:
        _warm_up(program, program.started)


def register(program: Program) -> None:
    """Enter the registry of running processes, once, under the id that a new conversation would have."""
    if hasattr(program, "running"):
        return
    program.running = side_files.Running(
        program.behaviour["running_file"],
        program.behaviour["running_key"],
        config_dir=program.config_dir,
        session_id=program.started,
        cwd=program.cwd,
        version=program.release.version,
        now=program.clock.now(),
    )
    if program.behaviour["start"]["sweeps"]:
        program.running.sweep()
    program.running.say("idle", program.clock.now())


def _clean_up(program: Program) -> None:
    days = program.settings.cleanup_days
    if program.behaviour["cleanup"]:
        kept = DEFAULT_DAYS if days is None else days
        side_files.clean_up(program.config_dir, kept, program.clock.now(), program.session.path)


def _side_files(program: Program, entries: list[dict[str, Any]], session_id: str) -> bool:
    return side_files.write(
        entries,
        config_dir=program.config_dir,
        # `.claude.json` is in the config dir when that was given, else beside it in the home directory.
        home=program.config_dir if os.environ.get("CLAUDE_CONFIG_DIR") else program.home,
        session_id=session_id,
        rules=program.behaviour["unwritable"],
    )


def _leave_behind(program: Program, started: str) -> None:
    """The transcript with a summary alone that some releases leave when they resume."""
    text = program.behaviour["resume_leaves"]
    session = program.session
    if not text or not session.writes:
        return
    summary = {"type": "summary", "summary": text, "leafUuid": session.history.leaf}
    # Written in the background, before there is an answer.
    (session if program.behaviour["resume_new_id"] else program.finder.new(started)).append([summary])


def _leave_empty(program: Program, started: str) -> None:
    """The empty transcript under another id that 2.0.77 and 2.1.0 leave, whether the resume succeeds or not."""
    other = program.finder.new(started)
    other.make_directory()
    os.close(os.open(other.path, os.O_WRONLY | os.O_CREAT, program.behaviour["file_mode"]))


def _warm_up(program: Program, session_id: str) -> None:
    """The side transcripts of the subagents that 2.0.77 and 2.1.0 warm up at every start."""
    from .transcript import user_record

    for _ in range(program.behaviour["warmups"]):
        agent = "a" + new_uuid()[:6]
        record = user_record(
            program.release, session_id=session_id, cwd=program.cwd, prompt="Warmup", now=program.clock.now()
        )
        made: dict[str, Any] = {}
        for key, value in record.items():
            if key == "type":
                made["agentId"] = agent
            made[key] = True if key == "isSidechain" else value
        side = program.finder.new("agent-" + agent)
        side.writes = program.session.writes
        side.append([made])
