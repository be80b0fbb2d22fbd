"""Steps of `resume` that change what surrounds a dispatch: transcripts, directories, variables, options, releases."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any, ClassVar

from .dispatch_steps import RESUME
from .sequence import Skip
from .story import shown
from .turns import MARKERS
from .walk import Walk


@dataclass(frozen=True, slots=True)
class Lose:
    """A transcript goes away, as retention or a new container takes it."""

    key: int
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        key = walk.key(self.key)
        row = walk.expect.rows.get(key)
        conversation = walk.expect.conversations.get(str(row.session_id)) if row else None
        if conversation is None or not conversation.path.is_file():
            raise Skip
        walk.say(f"the transcript of {conversation.session_id}, the conversation of {shown(key)}, is deleted")
        conversation.path.unlink()


@dataclass(frozen=True, slots=True)
class RemovePlace:
    """A working directory is removed, or put back (RES-25)."""

    place: int
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        path = walk.place(self.place)
        if path in walk.removed:
            walk.say(f"the directory {path} is back")
            walk.removed -= {path}
            path.mkdir(exist_ok=True)
            return
        walk.say(f"the directory {path} is removed")
        shutil.rmtree(path, ignore_errors=True)
        walk.removed |= {path}


@dataclass(frozen=True, slots=True)
class Decoy:
    """A copy of the conversations is put into ~/.claude, which is not the config dir (RES-23)."""

    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        decoy = walk.trial.environment.home / ".claude"
        if decoy.exists():
            raise Skip
        walk.say("the conversations are copied to ~/.claude, which is not the config dir")
        decoy.mkdir()
        (decoy / "settings.json").write_text("{}")
        if walk.trial.config.projects.exists():
            shutil.copytree(walk.trial.config.projects, decoy / "projects", symlinks=True)
        before = walk.trial.tree(decoy)

        def untouched() -> None:
            change = before.diff(walk.trial.tree(decoy))
            walk.hold("RES-23", not change, expected="~/.claude as it was", seen="; ".join(change))

        walk.laws["decoy"] = untouched


@dataclass(frozen=True, slots=True)
class InsideClaude:
    """The manager is started inside an enclosing Claude (RES-24)."""

    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        walk.say(f"the manager is restarted with {', '.join(MARKERS)} in its environment")
        walk.stop()
        walk.restarted(walk.trial.environment.with_env(**dict.fromkeys(MARKERS, "1")))


@dataclass(frozen=True, slots=True)
class Configure:
    """The manager is started with other options for Claude (RES-26)."""

    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        settings: dict[str, Any] = {"model": "claude-opus-4-1", "permission_mode": "acceptEdits"}
        walk.say(f"the manager is restarted with {settings}")
        walk.stop()
        walk.restarted_with("", **settings)


@dataclass(frozen=True, slots=True)
class ChangeRelease:
    """Claude is of another release from here on.

    :param release: which of the two: one older than today's session options, and the newest
    """

    release: str
    needs: ClassVar[frozenset[str]] = RESUME

    def run(self, walk: Walk) -> None:
        if walk.trial.claude.release.version == self.release:
            raise Skip
        walk.say(f"Claude is {self.release} from here on, and the manager is restarted")
        walk.stop()
        walk.epoch += 1
        walk.trial.as_release(self.release)
        if walk.clock_moves:
            walk.trial.clock.on_change(walk.trial.claude.set_now)
        walk.expect.started(walk.now)
