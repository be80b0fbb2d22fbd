"""Checks of the capability `resume`: a dispatch finds its conversation again, and says truly when it does not."""

from __future__ import annotations

from pathlib import Path

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, kept, lose, started_fresh, stored


@check("RES-01")
def id_is_the_name_of_a_transcript(trial: Trial) -> None:
    """After the first dispatch the stored id is the stem of a transcript that exists."""
    session_id = begun(trial)
    kept(trial, session_id, given="the first dispatch of a key, answered")
    trial.equal(
        [s.requested_resume for s in trial.starts], [None], given="what the first dispatch asked Claude to resume"
    )


@check("RES-02")
def next_dispatch_resumes(trial: Trial) -> None:
    """The second dispatch resumes the first one's id."""
    session_id = begun(trial)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the second dispatch of a key")
    trial.equal(trial.starts[-1].requested_resume, session_id, given="what the second dispatch asked Claude to resume")


@check("RES-02")
def other_key_has_a_conversation_of_its_own(trial: Trial) -> None:
    """A dispatch of another key in the same directory does not carry on with the first key's conversation."""
    first = begun(trial)
    other = begun(trial, key="other", prompt="other prompt")
    trial.judge(first != other, given="two keys in one directory", expected="two ids", seen=f"one id {first}")
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the first key again, after another one")


@check("RES-03")
def resumes_in_another_process(trial: Trial) -> None:
    """A manager that shares nothing but the disk carries on."""
    begun(trial)
    result = trial.process().dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch by a manager in a new process")


@check("RES-03")
def resumes_after_a_restart(trial: Trial) -> None:
    """The same environment handed to the factory again carries on."""
    begun(trial)
    result = trial.restart().dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch after a restart")


@check("RES-04")
def starts_fresh_when_the_transcript_is_gone(trial: Trial) -> None:
    """A conversation that is gone from the disk is begun anew, with the prompt once."""
    dead = begun(trial)
    lose(trial, dead)
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given="a stored id whose transcript is gone")
    again = trial.manager.dispatch("third prompt", key=KEY)
    carried_on(trial, again, "second prompt", "third prompt", given="the dispatch after that")


@check("RES-04")
def starts_fresh_when_claude_says_so(trial: Trial) -> None:
    """Claude's own word counts, also where the transcript seems to be there."""
    dead = begun(trial)
    trial.claude.dead_id(when="resume")
    result = trial.manager.dispatch("second prompt", key=KEY)
    started_fresh(trial, result, "second prompt", dead, given="Claude answers 'No conversation found'")
    fresh = [start for start in trial.starts[1:] if start.requested_resume is None]
    trial.equal(len(fresh), 1, given="fresh starts of that dispatch")


@check("RES-15")
def session_options_do_not_conflict(trial: Trial) -> None:
    """--session-id never comes with --resume or --continue, and --continue is not used where an id is known."""
    dead = begun(trial)
    trial.succeeded(trial.manager.dispatch("second prompt", key=KEY), given="the second dispatch of a key")
    if "identity" in trial.capabilities:
        for prompt in ("workspace prompt", "workspace prompt again"):
            trial.succeeded(trial.manager.dispatch(prompt, workspace_id="workspace-1"), given="a workspace's dispatch")
    lose(trial, stored(trial) or dead)
    trial.succeeded(trial.manager.dispatch("third prompt", key=KEY), given="a dispatch whose transcript is gone")
    for start in trial.starts:
        continues = start.raw["requested"]["continue"]
        trial.judge(
            not continues and None in (start.requested_resume, start.requested_session_id),
            given="first, second and later dispatches of a key and a workspace",
            expected="at most one of --resume and --session-id, and no --continue",
            seen=f"claude {' '.join(start.argv)[:300]}",
        )


@check("RES-16")
def resumes_where_it_was_started(trial: Trial) -> None:
    """Asked from another directory, Claude still works in the conversation's own."""
    home, elsewhere = trial.directory("here"), trial.directory("elsewhere")
    begun(trial, cwd=home)
    result = trial.manager.dispatch("second prompt", key=KEY, cwd=elsewhere)
    carried_on(trial, result, "first prompt", "second prompt", given="a dispatch that names another directory")
    trial.equal(Path(str(trial.starts[-1].cwd)).resolve(), home.resolve(), given="where Claude was resumed")


@check("RES-26")
def resume_gets_the_same_options(trial: Trial) -> None:
    """Apart from what picks the conversation, start and resume are called alike."""
    extra = trial.directory("extra")
    trial.restart(model="claude-opus-4-1", permission_mode="acceptEdits", add_dirs=[str(extra)])
    begun(trial)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="the second dispatch of a key")
    first, second = (start.other_options for start in trial.starts[-2:])
    trial.equal(second, first, given="the options of the resume, against those of the start")


@check("RES-27")
def cold_start_is_reported(trial: Trial) -> None:
    """A resume that answers without the earlier turns is told as such; one that answers with them is not."""
    begun(trial)
    warm = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, warm, "first prompt", "second prompt", given="a resume with the earlier turns")
    trial.equal([w for w in warm.warnings if w.startswith("cold_start:")], [], given="a resume with the earlier turns")
    trial.claude.cold_resume(when="resume")
    cold = trial.manager.dispatch("third prompt", key=KEY)
    trial.succeeded(cold, given="a resume that Claude answers without the earlier turns")
    trial.judge(
        not cold.resumed and any(warning.startswith("cold_start:") for warning in cold.warnings),
        given="a resume that Claude answers without the earlier turns",
        expected="resumed = False and a warning cold_start:",
        seen=f"{cold}",
    )
