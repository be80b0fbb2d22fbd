"""Recorded runs of the real program, as part of a stream: made by `record`, played again by `replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..claude.recording import CWD, Recording
from ..claude.release import Release
from .script import Ask, Exit, Line, Stderr, Turn

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ..claude.recording import Event
    from .composer import Composer
    from .script import Script, Step
    from .stream import Stream


class Recordings:
    """Recordings of the real program."""

    _compose: Composer
    _script: Script

    def record(
        self,
        path: str | os.PathLike[str],
        prompts: str | Sequence[str] = "hello",
        *,
        options: Sequence[str] = (),
        program: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        home: Path | None = None,
        answer: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        timeout_s: float = 120,
    ) -> Stream:
        """Run the real program, keep what it printed in a file, and give that as a stream.

        It runs in directories of its own, before the API that `env` names; secrets, paths and account data are
        masked in the file.

        :param path: the new recording.
        :param prompts: what is asked, each after the answer to the one before.
        :param options: further arguments of the program, such as `["--resume", session_id]`.
        :param program: the program; None takes the one of the installed SDK, else the one on PATH.
        :param env: its variables, such as `claude_api.environment()`; PATH and the directories are seen to.
        :param home: where it runs, for a run that goes on with what an earlier one left; None makes a new place.
        :param answer: answers a control request of the program; None allows every tool and has no hooks.
        :param timeout_s: seconds after which the program is killed.
        :raises NoProgram: when there is no program to run.
        """
        from .record import record

        asked = [prompts] if isinstance(prompts, str) else list(prompts)
        record(
            path, asked, options=options, program=program, env=env or {}, home=home, answer=answer, timeout_s=timeout_s
        )
        return self.replay(path)

    def replay(self, path: str | os.PathLike[str]) -> Stream:
        """A recording as a new stream, in the release that was recorded.

        Its transport gives each prompt the next recorded turn and asks again what the program had asked; what is
        answered changes nothing. `ClaudeCli.play` lets the fake program do the same.

        :param path: a file of `record`.
        :raises BadRecording: when it is none.
        """
        from .stream import Stream

        recording = Recording.read(str(path))
        made = Stream(Release.of(recording.about["release"]), recording.session_id, cwd=CWD)
        made._compose.recorded = recording.answers()
        first, turns = recording.turns()
        last = [Exit(recording.status)] if recording.status else []
        if first or (not turns and last):
            made._script.add_at_start(*_steps(first), *last)
        for number, events in enumerate(turns, 1):
            ends = last if number == len(turns) and not _answered(events) else []
            made._script.turns.append(Turn([*_steps(events), *ends], closed=True))
        return made


def _steps(events: Sequence[Event]) -> list[Step]:
    steps: list[Step] = []
    for event in events:
        if "err" in event:
            steps.append(Stderr(event["err"]))
        elif "noise" in event:
            steps.append(Line(event["noise"]))
        elif "out" in event and event["out"].get("type") == "control_request":
            steps.append(Ask(event["out"]["request"]))
        elif "out" in event:
            steps.append(event["out"])
    return steps


def _answered(events: Sequence[Event]) -> bool:
    return any(event.get("out", {}).get("type") == "result" for event in events)
