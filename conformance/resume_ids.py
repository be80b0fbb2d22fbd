"""Checks of `resume` on which id is stored, and under which a conversation goes on."""

from __future__ import annotations

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, stored


@check("RES-10", cases={"init": "ephemeral_init", "hook": "ephemeral_hook", "all": "ephemeral_all"})
def ephemeral_ids_are_not_stored(trial: Trial, misbehaviour: str) -> None:
    """An id that no transcript bears is not stored, whichever frames name it."""
    getattr(trial.claude, misbehaviour)()
    result = trial.manager.dispatch("first prompt", key=KEY)
    trial.succeeded(result, given="a stream in which some frames name an id that is never written")
    now = stored(trial)
    named = {t.session_id for t in trial.config.transcripts()}
    nothing = misbehaviour == "ephemeral_all" and now is None
    trial.judge(
        nothing or now in named,
        given="a stream in which some frames name an id that is never written",
        expected=f"the stored id is the name of a transcript: {sorted(named)}",
        seen=f"stored: {now}",
    )
    again = trial.manager.dispatch("second prompt", key=KEY)
    if nothing:
        trial.succeeded(again, given="the next dispatch")
    else:
        carried_on(trial, again, "first prompt", "second prompt", given="the next dispatch")


@check("RES-11")
def new_id_of_a_resumed_conversation_is_adopted(trial: Trial) -> None:
    """Each of three turns resumes the turn before it."""
    if not trial.behaviour["resume_new_id"] and not trial.real:
        trial.claude.new_id_on_resume(times=None)
    ids: list[str | None] = [begun(trial)]
    prompts = ["first prompt"]
    for prompt in ("second prompt", "third prompt", "fourth prompt"):
        prompts.append(prompt)
        result = trial.manager.dispatch(prompt, key=KEY)
        carried_on(trial, result, *prompts, given="a conversation that gets a new id with each resume")
        ids.append(result.session_id)
    asked = [start.requested_resume for start in trial.starts]
    trial.equal(asked, [None, *ids[:-1]], given="what each dispatch asked Claude to resume")


@check("RES-12")
def id_after_a_reset_is_stored(trial: Trial) -> None:
    """A conversation that is reset inside a turn goes on under the new id."""
    before = begun(trial)
    trial.claude.reset(when="resume")
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="a turn in which the conversation is reset")
    after = [t.session_id for t in trial.config.transcripts() if t.session_id != before]
    trial.judge(
        stored(trial) in after,
        given="a turn in which the conversation is reset",
        expected=f"the stored id is the one after the reset: {after}",
        seen=f"stored: {stored(trial)}, before the reset {before}",
    )
    again = trial.manager.dispatch("third prompt", key=KEY)
    trial.succeeded(again, given="the dispatch after a turn in which the conversation is reset")
    trial.judge(
        trial.starts[-1].requested_resume in after,
        given="the dispatch after a turn in which the conversation is reset",
        expected=f"Claude is asked to resume the id after the reset: {after}",
        seen=f"claude {' '.join(trial.starts[-1].argv)[:300]}",
    )


def _workspace_id(trial: Trial) -> str:
    if "identity" not in trial.capabilities:
        trial.not_applicable("the manager declares no identity, so it has no workspaces")
    if not trial.chooses_ids:
        trial.not_applicable(f"release {trial.claude.release.version} has no --session-id")
    return trial.manager.derive_session_id("workspace-1")


@check("RES-14")
def id_in_use_is_resumed(trial: Trial) -> None:
    """A conversation that exists under the derived id is carried on with, and nothing is deleted."""
    derived = _workspace_id(trial)
    trial.config.add_conversation(
        cwd=trial.environment.workdir, turns=[("first prompt", "an answer")], session_id=derived
    )
    result = trial.manager.dispatch("second prompt", workspace_id="workspace-1")
    carried_on(trial, result, "first prompt", "second prompt", given="a workspace whose id is in use already")


@check("RES-14")
def id_in_use_without_a_turn_starts_fresh(trial: Trial) -> None:
    """Where no turn is in the transcript a fresh conversation begins, and the bytes are kept."""
    derived = _workspace_id(trial)
    made = trial.config.add_conversation(cwd=trial.environment.workdir, turns=1, session_id=derived)
    trial.config.damage(made, "bookkeeping_only")
    stub = made.path.read_bytes()
    result = trial.manager.dispatch("first prompt", workspace_id="workspace-1")
    trial.succeeded(result, given="a workspace whose id is in use by a transcript without a turn")
    trial.equal(trial.prompts(result.session_id)[-1:], ["first prompt"], given="the conversation that survives")
    files = [path for path in trial.environment.config_dir.rglob("*") if path.is_file()]
    trial.judge(
        any(path.read_bytes().startswith(stub) for path in files),
        given="a workspace whose id is in use by a transcript without a turn",
        expected="its bytes are still on the disk",
        seen=f"files: {[str(path.relative_to(trial.environment.config_dir)) for path in files]}",
    )


@check("RES-14")
def key_in_use_is_resumed(trial: Trial) -> None:
    """A manager that passes --session-id for a key gets over a first turn that was cut off."""
    begun(trial, key="another")
    if trial.starts[0].requested_session_id is None:
        trial.not_applicable("the manager passes no --session-id for a key")
    trial.claude.crash(at="end", exit=1)
    trial.manager.dispatch("first prompt", key=KEY)
    before = {t.path for t in trial.config.transcripts()}
    result = trial.manager.dispatch("second prompt", key=KEY)
    trial.succeeded(result, given="the dispatch after a first turn that ended without a result")
    gone = [str(path) for path in before if not path.exists() and not list(path.parent.glob(path.name + "*"))]
    trial.equal(gone, [], given="transcripts that were deleted")
