"""Steps of `resume` for keys: dispatches, with and without mishaps, and what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..cli import Start
from ..manager import DispatchResult
from .expectation import Conversation, Row
from .mishaps import COLD, MISHAPS, RESET, Mishap
from .sequence import Skip
from .story import shown
from .turns import begun, carried_on, held_by, judge_starts, same_prompts, took
from .walk import HERE, Walk

RESUME = frozenset({"store", "resume"})


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A prompt is dispatched for a key.

    :param place: the working directory that is named
    :param mishap: which of :data:`MISHAPS`
    """

    key: int
    place: int = 0
    mishap: int = 0
    where: int = HERE
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        key = walk.key(self.key)
        row = walk.expect.rows.get(key)
        if row is not None and (len(row.allowed) > 1 or self._age_unknown(walk, row)):
            walk.say(f"{shown(key)} is read", self.where)
            walk.add(str(walk.read(key, self.where)))
            row = walk.expect.rows[key]
            if self._age_unknown(walk, row):
                raise Skip
        dispatch(walk, key, row, walk.place(self.place), MISHAPS[self.mishap % len(MISHAPS)], self.where)

    def _age_unknown(self, walk: Walk, row: Row) -> bool:
        now = walk.now
        return row.allowed != {None} and walk.expect.must_be_stale(row, now) != walk.expect.may_be_stale(row, now)


def dispatch(walk: Walk, key: str, row: Row | None, place: Path, mishap: Mishap, where: int) -> None:
    """Dispatch a prompt for a key and judge all that came of it."""
    expect, trial = walk.expect, walk.trial
    now = walk.now
    offered = row.session_id if row else None
    stale = bool(row and offered and expect.must_be_stale(row, now))
    fresh_id = None if stale else offered
    conversation = expect.conversations.get(fresh_id or "")
    if conversation is not None and conversation.damage:
        raise Skip
    if conversation is not None and (not (row and row.place_known) or not place.is_dir()):
        place = conversation.place
    works_in = conversation.place if conversation else place
    there = conversation is not None and conversation.path.exists()
    resumes = fresh_id is not None
    if not (resumes and there) and (mishap.dead or mishap.resume_alone):
        mishap = MISHAPS[0]
    prompt = walk.prompt()
    told = f", and {mishap.told}" if mishap.told else ""
    walk.say(f"{shown(prompt)} is dispatched for {shown(key)} in {place}{told}", where)
    manager = walk.manager(where)
    mishap.play(trial, str(fresh_id))
    seen = len(trial.starts)
    expect.called(now)
    if row is not None:
        expect.looked_at(row, now)
    walk.dispatched.add(key)
    with walk.under(mishap.law):
        result = manager.dispatch(prompt, key=key, cwd=place, timeout=mishap.timeout)
    if mishap.told:
        trial.claude.clear_script()
    walk.add(f"answered, {result.session_id}, resumed = {result.resumed}" if result.ok else f"failed: {result.error}")
    starts = trial.starts[seen:]
    case = Case(walk, key, row, prompt, result, starts, mishap, fresh_id, offered if stale else None, works_in)
    judge_starts(walk, starts, prompt)
    if not works_in.is_dir():
        case.judge_missing_place()
        return
    dead = resumes and (not there or mishap.dead)
    case.judge_requests(dead=dead)
    if mishap.fails:
        case.judge_failure(dead=dead)
        return
    law = "RES-04" if dead else "TTL-14" if stale else mishap.law if mishap.told else "RES-02" if resumes else "RES-01"
    if resumes and not dead and row is not None and row.law == "RES-03" and not mishap.told:
        law = "RES-03"
    walk.hold(law, result.ok, expected="a dispatch that succeeds", seen=f"{result}")
    if resumes and not dead and conversation is not None:
        case.judge_carried_on(conversation, law)
    else:
        case.judge_fresh(law, dead=dead)
    walk.private_files()


@dataclass(slots=True)
class Case:
    """A dispatch that was made, to be judged.

    :param fresh_id: the id that may be resumed, None for none
    :param stale_id: the id that expired, None for none
    :param place: where Claude has to work
    """

    walk: Walk
    key: str
    row: Row | None
    prompt: str
    result: DispatchResult
    starts: list[Start]
    mishap: Mishap
    fresh_id: str | None
    stale_id: str | None
    place: Path

    def judge_missing_place(self) -> None:
        """A directory that is gone is told, Claude is not started, and the id stays (RES-25)."""
        told = (self.result.ok, self.result.error)
        self.walk.hold("RES-25", told == (False, "cwd_missing"), expected="cwd_missing", seen=f"{self.result}")
        self.walk.hold("RES-25", not self.starts, expected="no start of Claude", seen=f"{len(self.starts)} starts")
        self._kept("RES-25")

    def judge_requests(self, *, dead: bool) -> None:
        """What Claude was asked to resume, where, and how often afresh."""
        asked = [start.requested_resume for start in self.starts if start.requested_resume]
        wrong = [session_id for session_id in asked if session_id != self.fresh_id]
        law = (
            "TTL-14"
            if self.stale_id in wrong
            else "RES-05"
            if set(wrong) & self.walk.expect.given_up.keys()
            else "RES-02"
        )
        told = f"Claude resumes {self.fresh_id}, or nothing" if self.fresh_id else "Claude resumes nothing"
        self.walk.hold(law, not wrong, expected=told, seen=f"it was asked to resume {wrong}")
        for start in self.starts:
            if start.requested_resume:
                at = Path(str(start.cwd)).resolve()
                self.walk.hold(
                    "RES-16", at == self.place.resolve(), expected=f"a resume in {self.place}", seen=f"in {at}"
                )
        if self.stale_id:
            self.walk.hold("TTL-14", len(self.starts) == 1, expected="one start", seen=f"{len(self.starts)} starts")
            told_so = any(warning.startswith("expired:") for warning in self.result.warnings)
            ok = told_so or not self.result.ok
            self.walk.hold("TTL-15", ok, expected="a warning expired:", seen=f"{self.result.warnings}")
        else:
            told_so = any(warning.startswith("expired:") for warning in self.result.warnings)
            self.walk.hold("TTL-15", not told_so, expected="no warning expired:", seen=f"{self.result.warnings}")
        if self.fresh_id and not dead:
            fresh = [start for start in self.starts if start.requested_resume is None]
            self.walk.hold(self.mishap.law, not fresh, expected="no fresh start", seen=f"{len(fresh)} fresh starts")

    def judge_failure(self, *, dead: bool) -> None:
        """A failure keeps the id, or gives a dead one up; nothing that was said is lost."""
        walk, result = self.walk, self.result
        walk.hold(self.mishap.law, not result.ok, expected="a failed dispatch", seen=f"{result}")
        if self.mishap.timeout is not None:
            walk.hold("RES-20", result.error == "timeout", expected="the kind timeout", seen=f"{result}")
            left = walk.trial.claude_processes()
            walk.hold("RES-20", not left, expected="Claude and its child ended", seen=f"still running: {left}")
        if dead:
            walk.expect.given_up[str(self.fresh_id)] = "RES-05"
            if self.row is not None:
                walk.expect.gone(self.row, "RES-05")
            return
        self._kept(self.mishap.law)
        conversation = walk.expect.conversations.get(self.fresh_id or "")
        if conversation is not None:
            same_prompts(walk, conversation, self.mishap.law, self.prompt if self.mishap.writes else None)
        elif self.fresh_id is None:
            self._nothing_or_a_transcript()

    def judge_carried_on(self, conversation: Conversation, law: str) -> None:
        """The conversation goes on, under its id or a new one."""
        walk, result = self.walk, self.result
        cold, reset = self.mishap is COLD, self.mishap is RESET
        if reset:
            holder = held_by(walk, self.prompt, law)
            walk.names("RES-12", result.session_id, holder.session_id)
            took(walk, self.key, begun(walk, holder, self.place), self.starts, "RES-12")
            return
        told_cold = any(warning.startswith("cold_start:") for warning in result.warnings)
        walk.hold(
            "RES-27", told_cold == cold, expected=f"{'a' if cold else 'no'} warning cold_start:", seen=f"{result}"
        )
        if cold:
            walk.hold("RES-27", not result.resumed, expected="resumed = False", seen="resumed = True")
            conversation.prompts = walk.trial.prompts(conversation.session_id)
            took(walk, self.key, conversation, self.starts, law)
            return
        after = carried_on(walk, conversation, self.prompt, result, law)
        took(walk, self.key, after, self.starts, "RES-11" if after is not conversation else "RES-02")

    def judge_fresh(self, law: str, *, dead: bool) -> None:
        """A new conversation that holds the prompt alone, once."""
        walk, result = self.walk, self.result
        holder = held_by(walk, self.prompt, law)
        holds = list(holder.prompts) == [self.prompt]
        walk.hold(law, holds, expected="a new conversation with that prompt alone", seen=f"{list(holder.prompts)}")
        walk.hold(law, not result.resumed, expected="resumed = False", seen="resumed = True")
        law = "RES-10" if self.mishap.law == "RES-10" else "RES-05" if dead else "RES-01"
        walk.names(law, result.session_id, holder.session_id)
        if dead:
            walk.expect.given_up[str(self.fresh_id)] = "RES-05"
        if self.stale_id:
            walk.expect.given_up[self.stale_id] = "TTL-14"
        took(walk, self.key, begun(walk, holder, self.place), self.starts, law)

    def _kept(self, law: str) -> None:
        if self.row is None:
            return
        if self.stale_id:
            self.row.allowed.add(None)
        elif (self.fresh_id and not self.walk.expect.ages) or self.fresh_id:
            self.row.law = law

    def _nothing_or_a_transcript(self) -> None:
        """After a first turn that failed a manager may keep an id, if a transcript bears it (RES-13)."""
        allowed: set[str | None] = {None}
        for transcript in self.walk.trial.config.transcripts():
            if self.prompt in transcript.prompts:
                allowed.add(transcript.session_id)
                begun(self.walk, transcript, self.place)
        if len(allowed) > 1:
            now = self.walk.now
            self.walk.expect.rows[self.key] = Row(allowed, now, now, "RES-13", place_known=True)
