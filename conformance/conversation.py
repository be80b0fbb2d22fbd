"""What checks say of conversations: begun, carried on, begun anew, kept."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.trial import Trial

KEY = "chat"


def begun(trial: Trial, *, key: str = KEY, prompt: str = "first prompt", cwd: Path | None = None) -> str:
    """A conversation with one turn; its id, proven on the disk."""
    result = trial.manager.dispatch(prompt, key=key, cwd=cwd)
    trial.succeeded(result, given="the first dispatch of a key")
    trial.judge(
        trial.prompts(result.session_id) == [prompt],
        given="the first dispatch of a key",
        expected="an id that is the name of a transcript with the prompt",
        seen=f"id {result.session_id}, transcripts {transcripts(trial)}",
    )
    return str(result.session_id)


def carried_on(trial: Trial, result: DispatchResult, *prompts: str, given: str) -> None:
    """Judge that a dispatch succeeded in a conversation that holds these prompts, the last one sent now."""
    trial.succeeded(result, given=given)
    held = trial.prompts(result.session_id)
    trial.judge(
        held[: len(prompts) - 1] == list(prompts[:-1]) and held[-1:] == [prompts[-1]] and result.resumed,
        given=given,
        expected=f"resumed = True, and one conversation on the disk with the prompts {list(prompts)}",
        seen=f"resumed = {result.resumed}, id {result.session_id} with the prompts {held}",
    )
    replies = [int(n) for n in re.findall(r"reply to (\d+) messages", "\n".join(replies_of(trial, result.session_id)))]
    trial.judge(
        len(replies) < 2 or replies[-1] > replies[0],
        given=given,
        expected="Claude answers with the earlier turns in its conversation",
        seen=f"it answered to {replies} messages, turn by turn",
    )


def started_fresh(trial: Trial, result: DispatchResult, prompt: str, dead: str, *, given: str) -> None:
    """Judge that a dispatch began a new conversation, with the prompt once, and said so."""
    trial.succeeded(result, given=given)
    held = trial.prompts(result.session_id)
    # The id of a workspace stays its own: its next conversation may bear it again.
    fresh = result.session_id != dead if trial.manager.keeps_keys else len(held) == 1
    trial.judge(
        not result.resumed and fresh and held[-1:] == [prompt],
        given=given,
        expected=f"resumed = False, and a new conversation that holds {prompt!r}",
        seen=f"resumed = {result.resumed}, id {result.session_id} (dead: {dead}), transcripts {transcripts(trial)}",
    )
    copies = sum(trial.prompts(t.session_id).count(prompt) for t in trial.config.transcripts())
    trial.equal(copies, 1, given=f"{given}; how often the prompt is on the disk")


def stored(trial: Trial) -> str | None:
    """The id of the key; where no keys are kept, the one that the workspace's last answer named."""
    if trial.manager.keeps_keys:
        return trial.manager.get_session(KEY)
    calls = [call for call in trial.calls if call["method"] == "dispatch" and "answer" in call]
    answers = [call["answer"] for call in calls if call["arguments"]["request"].workspace_id == KEY]
    return next((answer.session_id for answer in reversed(answers) if answer.ok and answer.session_id), None)


def kept(trial: Trial, session_id: str, *, given: str) -> None:
    """Judge that the id is still the stored one; for a workspace its next dispatch shows it."""
    trial.judge(
        stored(trial) == session_id,
        given=given,
        expected=f"the stored id is still {session_id}",
        seen=f"it is {stored(trial)}",
    )


def transcripts(trial: Trial) -> dict[str, list[str]]:
    """Ids on the disk with their prompts."""
    return {t.session_id: [p[:60] for p in t.prompts] for t in trial.config.transcripts()}


def replies_of(trial: Trial, session_id: str | None) -> list[str]:
    """The answers that a conversation holds."""
    transcript = trial.transcript(session_id)
    return [turn.reply or "" for turn in transcript.turns] if transcript else []


def lose(trial: Trial, session_id: str) -> None:
    """Take the transcript away, as retention or a new container does."""
    transcript = trial.transcript(session_id)
    assert transcript is not None
    transcript.path.unlink()
