"""What is judged of every turn: the starts of Claude in the journal, and the conversation on the disk."""

from __future__ import annotations

from pathlib import Path

from ..cli import Start
from ..config_dir import Transcript
from ..manager import DispatchResult
from .expectation import Conversation
from .walk import Walk

MARKERS = ("CLAUDE_CODE_CHILD_SESSION", "CLAUDECODE", "CLAUDE_CODE_SESSION_ID")


def judge_starts(walk: Walk, starts: list[Start], prompt: str) -> None:
    """What holds of the starts of any dispatch: their number, their options, the prompt, the environment."""
    walk.hold("RES-06", len(starts) <= 2, expected="at most two starts of Claude", seen=f"{len(starts)} starts")
    for start in starts:
        told = f"claude {' '.join(start.argv)}"[:300]
        one = not start.raw["requested"]["continue"] and None in (start.requested_resume, start.requested_session_id)
        walk.hold("RES-15", one, expected="one of --resume and --session-id, and no --continue", seen=told)
        arrived = start.prompt in (prompt, None)
        walk.hold("RES-21", arrived, expected=f"the prompt {prompt!r} reaches Claude", seen=f"{start.prompt!r}")
        handed = sorted(set(MARKERS) & set(start.env))
        walk.hold("RES-24", not handed, expected="no mark of an enclosing Claude", seen=f"Claude got {handed}")
    run = [path.name for path in walk.trial.root.rglob("pwned*")] if "pwned" in prompt else []
    walk.hold("RES-21", not run, expected="no part of the prompt is run", seen=f"{run}")


def held_by(walk: Walk, prompt: str, law: str) -> Transcript:
    """The one conversation on the disk that holds the prompt, once."""
    holders = [transcript for transcript in walk.trial.config.transcripts() if prompt in transcript.prompts]
    copies = sum(transcript.prompts.count(prompt) for transcript in holders)
    told = [(transcript.session_id, list(transcript.prompts)) for transcript in holders]
    walk.hold(law, copies == 1, expected="the prompt once in one conversation on the disk", seen=f"{copies}: {told}")
    return holders[0]


def begun(walk: Walk, transcript: Transcript, place: Path) -> Conversation:
    """Take a transcript into the model."""
    conversation = Conversation(transcript.session_id, list(transcript.prompts), place, transcript.path)
    walk.expect.conversations[transcript.session_id] = conversation
    return conversation


def carried_on(walk: Walk, conversation: Conversation, prompt: str, result: DispatchResult, law: str) -> Conversation:
    """Judge that a conversation went on with this prompt; what it is now, under another id where Claude gave it one."""
    holder = held_by(walk, prompt, law)
    expected = [*conversation.prompts, prompt]
    seen = list(holder.prompts)
    walk.hold(
        law, seen == expected, expected=f"one conversation with {expected}", seen=f"{holder.session_id} with {seen}"
    )
    walk.hold(law, result.resumed, expected="resumed = True", seen="resumed = False")
    new = holder.session_id != conversation.session_id
    if new and not walk.trial.behaviour["resume_new_id"]:
        law = "RES-11"
    walk.names(law, result.session_id, holder.session_id)
    if not new:
        conversation.prompts = expected
        return conversation
    after = begun(walk, holder, conversation.place)
    after.options = conversation.options
    return after


def same_prompts(walk: Walk, conversation: Conversation, law: str, more: str | None) -> None:
    """Judge that a conversation holds what it held, perhaps with the prompt of a turn that failed."""
    seen = walk.trial.prompts(conversation.session_id)
    held = seen[: len(conversation.prompts)]
    rest = seen[len(conversation.prompts) :]
    holds = held == conversation.prompts and (not rest or rest == [more])
    walk.hold(law, holds, expected=f"{conversation.session_id} with {conversation.prompts}", seen=f"{seen}")
    conversation.prompts = seen


def took(walk: Walk, key: str, conversation: Conversation, starts: list[Start], law: str) -> None:
    """The key has this conversation now; its options are those that it was started with (RES-26)."""
    now = walk.now
    walk.expect.stored(
        key, conversation.session_id, now if walk.clock_moves else now - 30_000, now, law=law, place_known=True
    )
    if not starts:
        return
    options = starts[-1].other_options
    if conversation.options is None or conversation.options[0] != walk.epoch:
        conversation.options = (walk.epoch, options)
    expected = conversation.options[1]
    walk.hold("RES-26", options == expected, expected=f"the options {expected}", seen=f"{options}")
