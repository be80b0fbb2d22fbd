"""Steps of `resume` with several processes: two dispatches at once, a manager killed in one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ..cli import overlapping
from .dispatch_steps import RESUME
from .expectation import Conversation
from .sequence import Skip
from .story import shown
from .walk import Walk


def _conversation(walk: Walk, key: str) -> Conversation:
    row = walk.expect.rows.get(key)
    conversation = walk.expect.conversations.get(str(row.session_id)) if row else None
    if row is None or conversation is None or conversation.damage or not conversation.path.exists():
        raise Skip
    if not conversation.place.is_dir() or walk.expect.may_be_stale(row, walk.now):
        raise Skip
    return conversation


def _took(walk: Walk, key: str, conversation: Conversation, law: str) -> None:
    now = walk.now
    conversation.prompts = walk.trial.prompts(conversation.session_id)
    walk.expect.stored(key, conversation.session_id, now - 30_000, now, law=law, place_known=True)


@dataclass(frozen=True, slots=True)
class TwoAtOnce:
    """Two prompts are dispatched for one key at once (RES-18).

    :param apart: whether by managers in two processes
    """

    key: int
    apart: bool
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        key, trial = walk.key(self.key), walk.trial
        conversation = _conversation(walk, key)
        if trial.behaviour["resume_new_id"] or walk.clock_moves:
            raise Skip
        prompts = [walk.prompt(), walk.prompt()]
        seen = len(trial.starts)
        how = "by managers in two processes" if self.apart else "by one manager"
        walk.say(f"two prompts are dispatched for {shown(key)} at once, {how}")
        managers = [trial.process(), trial.process()] if self.apart else [trial.manager] * 2
        trial.claude.slow_start(seconds=0.2, times=None)
        with walk.under("RES-18"):
            works = zip(managers, prompts, strict=True)
            calls = [partial(m.dispatch, p, key=key, cwd=conversation.place) for m, p in works]
            results = trial.together(*calls)
        trial.claude.clear_script()
        crossed = overlapping(trial.starts[seen:])
        walk.hold("RES-18", not crossed, expected="one Claude at a time", seen=f"{len(crossed)} pairs ran together")
        answered = [prompt for prompt, result in zip(prompts, results, strict=True) if result.ok]
        refused = {result.error for result in results if not result.ok}
        fair = bool(answered) and refused <= {"busy"}
        walk.hold("RES-18", fair, expected="both answered, or one refused as busy", seen=f"{results}")
        held = trial.prompts(conversation.session_id)
        holds = Counter(held) == Counter([*conversation.prompts, *answered])
        walk.hold("RES-18", holds, expected=f"{conversation.prompts} and {answered}", seen=f"{held}")
        _took(walk, key, conversation, "RES-18")


@dataclass(frozen=True, slots=True)
class KillHolder:
    """A manager is killed in the middle of a dispatch, and the next dispatch is another's (RES-19)."""

    key: int
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        key, trial = walk.key(self.key), walk.trial
        conversation = _conversation(walk, key)
        if trial.behaviour["resume_new_id"] or walk.clock_moves:
            raise Skip
        lost, prompt, seen = walk.prompt(), walk.prompt(), len(trial.starts)
        walk.say(
            f"a manager in another process is killed in a dispatch for {shown(key)}, and then there is another dispatch"
        )
        gate = trial.claude.hold(at="turn")
        holder = trial.process()
        trial.background(lambda: holder.dispatch(lost, key=key, cwd=conversation.place))
        trial.reached(gate)
        trial.killed(holder)
        gate.open()
        with walk.under("RES-19"):
            result = trial.manager.dispatch(prompt, key=key, cwd=conversation.place)
        walk.hold("RES-19", result.ok and result.resumed, expected="a dispatch that resumes", seen=f"{result}")
        held = trial.prompts(conversation.session_id)
        earlier = len(conversation.prompts)
        holds = held[:earlier] == conversation.prompts and held[-1] == prompt
        walk.hold("RES-19", holds, expected=f"{conversation.prompts}, then {prompt!r}", seen=f"{held}")
        crossed = overlapping(trial.starts[seen:])
        walk.hold("RES-19", not crossed, expected="one Claude at a time", seen=f"{len(crossed)} pairs ran together")
        _took(walk, key, conversation, "RES-19")
