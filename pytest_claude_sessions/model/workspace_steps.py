"""Steps of workspaces: dispatches under a derived id, whatever stands in its transcript's place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..cli import Start
from ..config_dir import DAMAGES, ODD_FILES
from ..manager import DispatchResult
from .expectation import Conversation
from .mishaps import MISHAPS, Mishap
from .sequence import WORKSPACES
from .turns import begun, held_by, judge_starts
from .walk import HERE, Walk

IDENTITY = frozenset({"store", "resume", "identity"})
RESUMED = "resumed"
"""Stands for a damage that a resume went over: the file is Claude's affair from there on."""

ABSENT, VALID, FATAL, ODD, OPEN = "absent", "valid", "fatal", "odd", "open"
EARLIER = ("an earlier prompt", "another earlier prompt")
"""What conversations hold that are on the disk already."""

UNDECIDED = ("replies_only", "sidechain_only")
"""What is a conversation without its prompts, or without its main part? Either answer is right."""


def current_id(walk: Walk, workspace: int) -> str:
    """The id that a workspace's conversation has now."""
    name = WORKSPACES[workspace]
    known = walk.expect.shelf.workspaces.get(name)
    if known is None:
        known = walk.expect.shelf.workspaces[name] = walk.trial.manager.derive_session_id(name)
    return known


def conversation_of(walk: Walk, workspace: int, *, make: bool = False) -> Conversation | None:
    """The conversation of a workspace as the model knows it.

    :param make: write one of two turns where there is none
    """
    session_id = current_id(walk, workspace)
    known = walk.expect.conversations.get(session_id)
    if make and (known is None or not os.path.lexists(known.path)):
        made = walk.trial.config.add_conversation(
            cwd=walk.trial.environment.workdir, turns=EARLIER, session_id=session_id
        )
        walk.story.say(
            f"a conversation of two turns is on the disk under {session_id}, the id of workspace {workspace}"
        )
        known = begun(walk, made, walk.trial.environment.workdir)
    return known


def standing(walk: Walk, conversation: Conversation | None) -> str:
    """What stands in the place of a conversation's transcript, for the release at hand."""
    if conversation is None or not os.path.lexists(conversation.path):
        return ABSENT
    damage, release = conversation.damage, walk.trial.claude.release
    if damage in ODD_FILES:
        return ODD
    if damage in UNDECIDED:
        return OPEN
    if damage in DAMAGES:
        known = DAMAGES[damage]
        return VALID if known.harmless_in(release) else FATAL if known.fatal_in(release) else OPEN
    resumable = walk.trial.config.resumable(conversation.path)
    return VALID if resumable else OPEN if damage == RESUMED else FATAL


@dataclass(frozen=True, slots=True)
class DispatchWorkspace:
    """A prompt is dispatched for a workspace; all of them share one working directory.

    :param mishap: which of :data:`MISHAPS`; those that need a resume count as none
    """

    workspace: int
    mishap: int = 0
    where: int = HERE
    needs: ClassVar[frozenset[str]] = IDENTITY

    def run(self, walk: Walk) -> None:
        mishap = MISHAPS[self.mishap % len(MISHAPS)]
        if mishap.dead or mishap.resume_alone:
            mishap = MISHAPS[0]
        dispatch_workspace(walk, self.workspace, mishap, self.where)


def dispatch_workspace(walk: Walk, workspace: int, mishap: Mishap = MISHAPS[0], where: int = HERE) -> DispatchResult:
    """Dispatch a prompt for a workspace and judge all that came of it."""
    trial = walk.trial
    session_id = current_id(walk, workspace)
    conversation = conversation_of(walk, workspace)
    stands = standing(walk, conversation)
    before = conversation.path.read_bytes() if conversation and stands in (VALID, FATAL, OPEN) else None
    others = _others(walk, session_id)
    prompt = walk.prompt()
    told = f", and {mishap.told}" if mishap.told else ""
    walk.say(f"{prompt!r} is dispatched for workspace {workspace}{told}", where)
    manager = walk.manager(where)
    mishap.play(trial, session_id)
    seen = len(trial.starts)
    law = {VALID: "ID-07", ABSENT: "ID-07", FATAL: "QUA-05", ODD: "QUA-09", OPEN: "QUA-06"}[stands]
    walk.expect.called(walk.now)
    with walk.under(law):
        result = manager.dispatch(prompt, workspace_id=WORKSPACES[workspace], timeout=mishap.timeout or 45)
    if mishap.told:
        trial.claude.clear_script()
    walk.add(f"answered, {result.session_id}, resumed = {result.resumed}" if result.ok else f"failed: {result.error}")
    starts = trial.starts[seen:]
    judge_starts(walk, starts, prompt)
    for path, data in others.items():
        holds = path.is_file() and path.read_bytes() == data
        other_law = "QUA-11" if stands == FATAL else "ID-08"
        walk.hold(other_law, holds, expected=f"{path.name}, another conversation, as it was", seen="it has changed")
    failed = [warning for warning in result.warnings if warning.startswith("quarantine_failed:")]
    walk.hold("QUA-10", not failed, expected="no warning quarantine_failed:", seen=f"{failed}")
    if mishap.fails:
        walk.hold(mishap.law, not result.ok, expected="a failed dispatch", seen=f"{result}")
        _after_a_failure(walk, workspace, conversation, stands, before, mishap.law)
        return result
    walk.hold(law, result.ok, expected="a dispatch that succeeds", seen=f"{result}")
    if stands == VALID and conversation is not None and before is not None:
        _went_on(walk, workspace, conversation, prompt, result, starts, before)
    else:
        _began(walk, workspace, conversation, stands, prompt, result, before)
    walk.private_files()
    return result


def _others(walk: Walk, session_id: str) -> dict[Path, bytes]:
    conversations = [c for c in walk.expect.conversations.values() if c.session_id != session_id]
    return {c.path: c.path.read_bytes() for c in conversations if c.path.is_file() and not c.path.is_symlink()}


def _went_on(
    walk: Walk,
    workspace: int,
    conversation: Conversation,
    prompt: str,
    result: DispatchResult,
    starts: list[Start],
    before: bytes,
) -> None:
    """A valid transcript is resumed, and nothing of it is lost (ID-07, QUA-04, QUA-06)."""
    damage = conversation.damage
    law = "ID-07" if not damage else "QUA-06" if damage.startswith("torn") else "QUA-04"
    asked = starts[-1].requested_resume if starts else None
    walk.hold(law, asked == conversation.session_id, expected=f"a resume of {conversation.session_id}", seen=f"{asked}")
    if not damage:
        holder = held_by(walk, prompt, law)
        seen, expected = list(holder.prompts), [*conversation.prompts, prompt]
        walk.hold(law, seen == expected, expected=f"one conversation with {expected}", seen=f"{seen}")
        walk.hold(law, result.resumed, expected="resumed = True", seen="resumed = False")
        walk.names(law, result.session_id, holder.session_id)
        begun(walk, holder, conversation.place)
        walk.expect.shelf.workspaces[WORKSPACES[workspace]] = holder.session_id
        return
    kept = [path for path in conversation.path.parent.glob(f"{conversation.session_id}*") if path.is_file()]
    holds = any(path.read_bytes().startswith(before) for path in kept)
    walk.hold(
        law, holds, expected=f"all of its {len(before)} bytes", seen=f"{[path.name for path in kept]} without them"
    )
    if law == "QUA-04":
        moved = [path.name for path in new_backups(walk, conversation.path)]
        walk.hold(law, not moved, expected="a valid transcript that is left alone", seen=f"{moved}")
    conversation.damage = RESUMED
    if result.session_id and result.session_id != conversation.session_id:
        walk.expect.shelf.workspaces[WORKSPACES[workspace]] = result.session_id
        transcript = walk.trial.transcript(result.session_id)
        if transcript is not None:
            begun(walk, transcript, conversation.place).damage = RESUMED


def _began(
    walk: Walk,
    workspace: int,
    conversation: Conversation | None,
    stands: str,
    prompt: str,
    result: DispatchResult,
    before: bytes | None,
) -> None:
    """A new conversation under the derived id, with what stood in its place set aside."""
    name = WORKSPACES[workspace]
    law = "ID-07" if stands == ABSENT else "QUA-02" if stands == FATAL else "QUA-09" if stands == ODD else "QUA-06"
    if stands == FATAL and conversation is not None and before is not None:
        kept_aside(walk, conversation.path, before, "QUA-01")
    if stands == OPEN and conversation is not None:
        transcript = walk.trial.transcript(result.session_id)
        if transcript is not None:
            begun(walk, transcript, walk.trial.environment.workdir).damage = RESUMED
            walk.expect.shelf.workspaces[name] = transcript.session_id
        return
    holder = held_by(walk, prompt, law)
    walk.names(law, result.session_id, holder.session_id)
    if stands != ODD:
        alone = list(holder.prompts) == [prompt]
        walk.hold(law, alone, expected="a new conversation with that prompt alone", seen=f"{list(holder.prompts)}")
        walk.hold(law, not result.resumed, expected="resumed = False", seen="resumed = True")
        derived = walk.trial.manager.derive_session_id(name)
        if walk.trial.chooses_ids and walk.expect.shelf.workspaces[name] == derived:
            walk.hold(law, holder.session_id == derived, expected=f"the derived id, {derived}", seen=holder.session_id)
    begun(walk, holder, walk.trial.environment.workdir)
    walk.expect.shelf.workspaces[name] = holder.session_id


def _after_a_failure(
    walk: Walk, workspace: int, conversation: Conversation | None, stands: str, before: bytes | None, law: str
) -> None:
    """A failed turn loses nothing; the model takes the rest from the disk."""
    if before and conversation is not None:
        beside = [path for path in conversation.path.parent.glob(f"{conversation.session_id}*") if path.is_file()]
        holds = any(path.read_bytes().startswith(before) for path in beside)
        walk.hold(law if stands == VALID else "QUA-01", holds, expected="all of its bytes", seen="they are gone")
        if stands == FATAL:
            for path in new_backups(walk, conversation.path):
                walk.aside.append((conversation.path, path.read_bytes()))
                walk.laws["set aside"] = lambda: all_aside(walk)
    transcript = walk.trial.transcript(current_id(walk, workspace))
    if transcript is not None and not (conversation and conversation.damage and stands != FATAL):
        fatal = stands == FATAL and before is not None and transcript.path.read_bytes() == before
        damage = conversation.damage if conversation and fatal else ""
        begun(walk, transcript, walk.trial.environment.workdir).damage = damage
    elif conversation is not None and conversation.damage and stands in (VALID, OPEN):
        conversation.damage = RESUMED


# ---------------------------------------------------------------------- what was set aside
def new_backups(walk: Walk, path: Path) -> list[Path]:
    """Files that were set aside of a transcript and are not known yet."""
    known = [data for other, data in walk.aside if other == path]
    found = []
    for backup in sorted(path.parent.glob(f"{path.name}.bak*")):
        if not backup.is_file():
            continue
        data = backup.read_bytes()
        if data in known:
            known.remove(data)
        else:
            found.append(backup)
    return found


def kept_aside(walk: Walk, path: Path, data: bytes, law: str) -> Path:
    """Judge that a transcript was set aside with its bytes; where it is now."""
    new = new_backups(walk, path)
    holds = [backup for backup in new if backup.read_bytes() == data]
    names = sorted(entry.name for entry in path.parent.iterdir())
    earlier_lost = not holds and any(other == path for other, _ in walk.aside) and bool(new)
    walk.hold(
        "QUA-03" if earlier_lost else law,
        bool(holds),
        expected=f"{path.name}.bak, or that with a suffix, with the {len(data)} bytes",
        seen=f"{names}",
    )
    walk.aside.append((path, data))
    walk.laws["set aside"] = lambda: all_aside(walk)
    return holds[0]


def all_aside(walk: Walk) -> None:
    """Everything that was set aside is still there, each in a file of its own (QUA-03)."""
    for path in {path for path, _ in walk.aside}:
        there = [backup.read_bytes() for backup in path.parent.glob(f"{path.name}.bak*") if backup.is_file()]
        wanted = [data for other, data in walk.aside if other == path]
        lost = [data for data in wanted if there.count(data) < wanted.count(data)]
        walk.hold(
            "QUA-03",
            not lost,
            expected=f"{len(wanted)} files set aside, each as it was",
            seen=f"{len(lost)} of them lost",
        )
