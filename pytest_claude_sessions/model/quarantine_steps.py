"""Steps of `quarantine`: transcripts damaged and set aside, and what must be left alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from ..claude.release import OBSERVED
from ..config_dir import DAMAGES
from .expectation import Conversation
from .sequence import Skip
from .turns import begun
from .walk import Walk
from .workspace_steps import (
    ABSENT,
    EARLIER,
    FATAL,
    IDENTITY,
    ODD,
    OPEN,
    VALID,
    all_aside,
    conversation_of,
    current_id,
    kept_aside,
    standing,
)

QUARANTINE = IDENTITY | {"quarantine"}
KINDS = tuple(DAMAGES)
_ID = "5e55104e-0000-4000-8000-00000000000a"
NO_UUIDS = (
    "../../x",
    "{home}/x",
    f"../other-project/{_ID}",
    "",
    "unknown",
    f"{_ID}\n",
    f"{_ID}0",
    f"x/{_ID}",
    _ID.replace("0", "\u0660"),
)
SUFFIXES = (".bak", ".bak-1", ".bak.1", ".bak1", ".bak-2", ".bak.2")


@dataclass(frozen=True, slots=True)
class Damage:
    """A workspace's transcript is damaged.

    :param kind: which of :data:`KINDS`
    :param beside: whether a directory of the same name stands beside it, and it has a mode and times of its own
    """

    workspace: int
    kind: int
    beside: bool = False
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        conversation = conversation_of(walk, self.workspace, make=True)
        assert conversation is not None
        if standing(walk, conversation) != VALID or conversation.damage:
            raise Skip
        kind = KINDS[self.kind % len(KINDS)]
        told = f"the transcript of workspace {self.workspace} is damaged: {DAMAGES[kind].description}"
        walk.say(told + ("; it is of mode 0640 and has a directory beside it" if self.beside else ""))
        walk.trial.config.damage(conversation.path, kind)
        conversation.damage = kind
        if self.beside:
            _put_beside(walk, conversation)


def _put_beside(walk: Walk, conversation: Conversation) -> None:
    path = conversation.path
    sibling = path.with_suffix("")
    files = {"tool-results/b0a1.txt": b"1\n2\n", "subagents/agent-a.jsonl": b"{}\n"}
    for name, content in files.items():
        (sibling / name).parent.mkdir(parents=True, exist_ok=True)
        (sibling / name).write_bytes(content)
    path.chmod(0o640)
    os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_001_987_654_321))

    def kept() -> None:
        directories = [entry for entry in path.parent.iterdir() if entry.name.startswith(path.stem) and entry.is_dir()]
        holds = any(
            all((d / name).is_file() and (d / name).read_bytes() == content for name, content in files.items())
            for d in directories
        )
        walk.hold("QUA-07", holds, expected=f"a directory {path.stem}* with {sorted(files)}", seen=f"{directories}")

    walk.laws[f"beside {path}"] = kept


@dataclass(frozen=True, slots=True)
class SetAside:
    """quarantine_invalid is called for a workspace's conversation."""

    workspace: int
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        session_id, workdir = current_id(walk, self.workspace), walk.trial.environment.workdir
        conversation = conversation_of(walk, self.workspace)
        stands = standing(walk, conversation)
        walk.say(f"quarantine_invalid is called for {session_id}, the conversation of workspace {self.workspace}")
        if conversation is None or stands == ABSENT:
            moved = walk.trial.manager.quarantine_invalid(session_id, workdir)
            walk.hold("QUA-01", moved is None, expected="None, there is nothing to do", seen=f"{moved}")
            return
        path = conversation.path
        data = path.read_bytes() if stands != ODD else b""
        before, status = walk.trial.tree(path.parent), os.lstat(path)
        law = {VALID: "QUA-04", FATAL: "QUA-05", ODD: "QUA-09", OPEN: "QUA-06"}[stands]
        if conversation.damage.startswith("torn"):
            law = "QUA-06"
        with walk.under(law):
            moved = walk.trial.manager.quarantine_invalid(session_id, workdir)
        walk.add(f"{moved.name if moved else None}")
        if stands == VALID:
            if law == "QUA-06":
                beside = [entry for entry in path.parent.glob(f"{path.stem}*") if entry.is_file()]
                holds = any(entry.read_bytes().startswith(data) for entry in beside)
                walk.hold(
                    law, holds and path.is_file(), expected="a transcript with all its bytes", seen="they are gone"
                )
            else:
                change = before.diff(walk.trial.tree(path.parent))
                walk.hold(law, moved is None and not change, expected="None, and no change", seen=f"{moved}; {change}")
        elif stands == FATAL:
            walk.hold("QUA-05", moved is not None, expected="the new path", seen="None")
            backup = kept_aside(walk, path, data, "QUA-01")
            where = moved.resolve() if moved else None
            walk.hold("QUA-01", where == backup.resolve(), expected=f"{backup}", seen=f"{moved}")
            walk.hold("QUA-01", not os.path.lexists(path), expected=f"no {path.name}", seen="it is still there")
            after = backup.stat()
            told = [(s.st_mtime_ns, oct(s.st_mode)) for s in (status, after)]
            walk.hold("QUA-12", told[0] == told[1], expected=f"mtime in ns and mode {told[0]}", seen=f"{told[1]}")
            del walk.expect.conversations[session_id]


@dataclass(frozen=True, slots=True)
class SetAsideNoUuid:
    """quarantine_invalid is called with something that is no UUID, where a file waits for it (QUA-13).

    :param value: which of :data:`NO_UUIDS`
    """

    value: int
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        conversation = conversation_of(walk, 0, make=True)
        assert conversation is not None
        environment = walk.trial.environment
        session_id = NO_UUIDS[self.value % len(NO_UUIDS)].format(home=environment.home)
        bait = Path(os.path.normpath(os.path.join(conversation.path.parent, f"{session_id}.jsonl")))
        bait.parent.mkdir(parents=True, exist_ok=True)
        bait.write_bytes(b"garbage outside\n")
        places = (environment.config_dir, environment.home, environment.workdir)
        before = [walk.trial.tree(place) for place in places]
        walk.say(f"quarantine_invalid({session_id!r}) is called, and garbage waits in {bait}")
        manager = walk.trial.manager
        with walk.under("QUA-13"):
            kind = manager.refusal_of(partial(manager.quarantine_invalid, session_id, environment.workdir))
        walk.hold("QUA-13", kind == "invalid_session_id", expected="the refusal invalid_session_id", seen=f"{kind}")
        for place, tree in zip(places, before, strict=True):
            change = tree.diff(walk.trial.tree(place))
            walk.hold("QUA-13", not change, expected=f"{place} as it was", seen="; ".join(change))
        walk.add("refused")
        bait.unlink()


@dataclass(frozen=True, slots=True)
class EarlierBackups:
    """Somebody left files in the likely names of what is set aside (QUA-03)."""

    workspace: int
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        conversation = conversation_of(walk, self.workspace, make=True)
        assert conversation is not None
        path = conversation.path
        if any(other == path for other, _ in walk.aside):
            raise Skip
        walk.say(
            f"files {', '.join(SUFFIXES)} of somebody else's stand beside the transcript of workspace {self.workspace}"
        )
        for suffix in SUFFIXES:
            content = f"kept by {suffix}\n".encode()
            path.with_name(path.name + suffix).write_bytes(content)
            walk.aside.append((path, content))
        walk.laws["set aside"] = lambda: all_aside(walk)


@dataclass(frozen=True, slots=True)
class PlantOfRelease:
    """The workspace's conversation was written by another release (QUA-04).

    :param release: which of those that were observed
    """

    workspace: int
    release: int
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        if standing(walk, conversation_of(walk, self.workspace)) != ABSENT:
            raise Skip
        version = OBSERVED[self.release % len(OBSERVED)]
        session_id, workdir = current_id(walk, self.workspace), walk.trial.environment.workdir
        walk.say(f"a conversation as claude {version} writes it is on the disk under {session_id}")
        made = walk.trial.config.add_conversation(cwd=workdir, turns=EARLIER, session_id=session_id, release=version)
        begun(walk, made, workdir)
