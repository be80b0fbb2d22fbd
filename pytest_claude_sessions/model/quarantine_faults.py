"""Steps of `quarantine` with faults: odd files, a directory that takes nothing, a Claude at work."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from ..config_dir import ODD_FILES
from ..config_dir.odd_files import outside_of
from ..suite.turn import turn_command
from .quarantine_steps import QUARANTINE
from .sequence import WORKSPACES, Skip
from .turns import judge_starts
from .walk import Walk
from .workspace_steps import FATAL, VALID, conversation_of, new_backups, standing

ODD_KINDS = tuple(ODD_FILES)


@dataclass(frozen=True, slots=True)
class PutOdd:
    """Something that is no file stands in the place of a workspace's transcript (QUA-09).

    :param kind: which of :data:`ODD_KINDS`
    """

    workspace: int
    kind: int
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        conversation = conversation_of(walk, self.workspace, make=True)
        assert conversation is not None
        if standing(walk, conversation) not in (VALID, FATAL) or outside_of(conversation.path).exists():
            raise Skip
        kind = ODD_KINDS[self.kind % len(ODD_KINDS)]
        path = conversation.path
        walk.say(f"in the place of workspace {self.workspace}'s transcript stands {ODD_FILES[kind].description}")
        kept = walk.trial.config.damage(path, kind)
        conversation.damage = kind
        before = walk.trial.tree(kept)

        def untouched() -> None:
            if kind == "link_outside":
                change = before.diff(walk.trial.tree(kept))
                walk.hold("QUA-09", not change, expected="the link's target as it was", seen="; ".join(change))
            elif kind == "directory":
                inside = [file.read_text() for file in path.parent.glob(f"{path.name}*/kept.txt")]
                walk.hold(
                    "QUA-09", inside == ["not a transcript\n"], expected="the file in the directory", seen="it is gone"
                )

        walk.laws[f"odd {path}"] = untouched


@dataclass(frozen=True, slots=True)
class CannotMove:
    """The directory of a damaged transcript is read-only for a while (QUA-10).

    :param dispatches: whether a dispatch finds the damage, or a call
    """

    workspace: int
    dispatches: bool
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        conversation = conversation_of(walk, self.workspace)
        if conversation is None or standing(walk, conversation) != FATAL:
            raise Skip
        trial, path = walk.trial, conversation.path
        data, seen = path.read_bytes(), len(trial.starts)
        how = "a prompt is dispatched" if self.dispatches else "quarantine_invalid is called"
        walk.drop_others()
        with trial.read_only_for_now(path.parent), walk.under("QUA-10"):
            walk.say(f"{how} for workspace {self.workspace} while its transcript's directory is read-only")
            manager = trial.manager
            if self.dispatches:
                prompt = walk.prompt()
                result = manager.dispatch(prompt, workspace_id=WORKSPACES[self.workspace], timeout=45)
                judge_starts(walk, trial.starts[seen:], prompt)
                told = any(warning.startswith("quarantine_failed:") for warning in result.warnings)
                ok = told or result.error == "unwritable"
                walk.hold("QUA-10", ok, expected="a warning quarantine_failed:", seen=f"{result}")
            else:
                call = partial(manager.quarantine_invalid, conversation.session_id, trial.environment.workdir)
                kind = manager.refusal_of(call)
                walk.hold("QUA-10", kind == "unwritable", expected="the refusal unwritable", seen=f"{kind}")
        holds = path.is_file() and path.read_bytes() == data
        walk.hold("QUA-10", holds, expected="the transcript as it was", seen="it is not")


@dataclass(frozen=True, slots=True)
class AtWork:
    """A Claude is at work on a conversation while its transcript is damaged and quarantine_invalid is called (QUA-08).

    :param own: whether this manager started it
    """

    workspace: int
    own: bool
    needs: ClassVar[frozenset[str]] = QUARANTINE

    def run(self, walk: Walk) -> None:
        trial = walk.trial
        if trial.behaviour["running_file"] is None and not self.own:
            raise Skip
        conversation = conversation_of(walk, self.workspace, make=True)
        assert conversation is not None
        if standing(walk, conversation) != VALID or conversation.damage:
            raise Skip
        path, workdir, manager = conversation.path, trial.environment.workdir, trial.manager
        whose = "this manager's own" if self.own else "somebody else's"
        walk.say(
            f"while {whose} Claude is at work on workspace {self.workspace}'s conversation its transcript is damaged,"
        )
        walk.add("quarantine_invalid is called")
        gate = trial.claude.hold(at="turn")
        process: subprocess.Popen[bytes] | None = None
        if self.own:
            work = trial.background(lambda: manager.dispatch(walk.prompt(), workspace_id=WORKSPACES[self.workspace]))
        else:
            process = subprocess.Popen(
                turn_command(trial, "a typed prompt", "--resume", conversation.session_id),
                cwd=workdir,
                env=dict(trial.environment.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            trial.reached(gate)
            inode = path.stat().st_ino
            trial.config.damage(path, "garbage")
            data = path.read_bytes()
            call = partial(manager.quarantine_invalid, conversation.session_id, workdir)
            asked = trial.background(lambda: manager.refusal_of(call))
            if asked.done_within(5):
                holds = path.is_file() and path.stat().st_ino == inode and path.read_bytes().startswith(data)
                untouched = holds and not new_backups(walk, path)
                walk.hold("QUA-08", untouched, expected="the transcript untouched", seen="it was moved or changed")
        finally:
            gate.open()
            if process is not None:
                process.wait(60)
        if self.own:
            work.result()
        refusal = asked.result()
        walk.hold("QUA-08", refusal in (None, "busy"), expected="nothing to do, or busy", seen=f"a refusal: {refusal}")
        path.write_bytes(b"garbage\n")
        conversation.damage = "garbage"


def tidy(root: Path) -> None:
    """Take away what steps left in a trial's world outside the manager's directories."""
    config = root / "config"
    shutil.rmtree(config.with_name(config.name + ".outside"), ignore_errors=True)
