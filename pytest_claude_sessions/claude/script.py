"""The script, `<CLAUDE_FAKE_DIR>/script.json`: what the next starts do differently.

{"steps": [{"do": NAME, "times": 1, "when": null, "also": false, ...options of that name}]}

A start takes the first step that fits and is not used up, and before it every fitting one with "also": true, so that
noise, a hold and a reply can be combined. `times` null never wears out. `when` is null (any start), "fresh",
"resume", "continue", "session_id", "id:UUID" (the id asked for), "cwd:PATH" or "prompt:TEXT" (the prompt holds it).
"""

from __future__ import annotations

import os

from .exclusive import Exclusive, replace_file
from .json_text import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Step = dict[str, Any]

FILE = "script.json"

NAMES = frozenset(
    {
        "auth_failure",
        "background_agent",
        "cold_resume",
        "crash",
        "cut_connection",
        "cut_stream",
        "dead_id",
        "disk_full",
        "ephemeral_all",
        "ephemeral_hook",
        "ephemeral_init",
        "error",
        "hang",
        "hold",
        "new_id_on_resume",
        "no_transcript",
        "noise",
        "overloaded",
        "play",
        "reply",
        "reset",
        "server_error",
        "slow_start",
        "torn_write",
        "usage_limit",
        "uses_tool",
    }
)
_WHEN = frozenset({"fresh", "resume", "continue", "session_id"})
_WHEN_VALUE = frozenset({"id", "cwd", "prompt"})
_POINTS = frozenset({"start", "init", "turn", "end"})


class BadScript(ValueError):
    """A step that the fake does not know: the test's mistake, said at once instead of being played over."""


def checked(step: Mapping[str, Any]) -> Step:
    """A copy of a step with its defaults.

    :raises BadScript: for an unknown name, condition or point, or a number of times below 1.
    """
    made: Step = {"times": 1, "when": None, "also": False, **step, "used": step.get("used", 0)}
    name, when, times = made.get("do"), made["when"], made["times"]
    if name not in NAMES:
        raise BadScript(f"no step is called {name!r}: known are {', '.join(sorted(NAMES))}")
    if when is not None and when not in _WHEN and str(when).partition(":")[0] not in _WHEN_VALUE:
        raise BadScript(
            f"step {name!r} cannot wait for {when!r}: known are {', '.join(sorted(_WHEN))}, id:, cwd:, prompt:"
        )
    if times is not None and times < 1:
        raise BadScript(f"step {name!r} is to happen {times} times: give 1 or more, or None for always")
    if made.get("at", "turn") not in _POINTS:
        raise BadScript(f"step {name!r} has no point {made['at']!r}: known are {', '.join(sorted(_POINTS))}")
    return made


def add(directory: str, steps: Iterable[Mapping[str, Any]]) -> None:
    """Append steps to the script, while starts may be taking theirs."""
    new = [checked(step) for step in steps]
    with Exclusive(directory):
        _write(directory, _read(directory) + new)


def clear(directory: str) -> None:
    """Forget every step."""
    with Exclusive(directory):
        _write(directory, [])


def steps(directory: str) -> list[Step]:
    """The steps as they stand, with `used` telling how often each was taken."""
    with Exclusive(directory):
        return _read(directory)


class Situation:
    """What a step's condition can look at.

    :param resume: the ids asked for, None for not asked.
    :param session_id: the ids asked for, None for not asked.
    :param goes_on: whether --continue was given.
    :param cwd: the working directory.
    :param prompt: gives the prompt; called only when a step asks for it, since it may have to wait for stdin.
    """

    def __init__(
        self,
        *,
        resume: str | None,
        session_id: str | None,
        goes_on: bool,
        cwd: str,
        prompt: Callable[[], str | None],
    ) -> None:
        self.resume = resume
        self.session_id = session_id
        self.goes_on = goes_on
        self.cwd = cwd
        self.prompt = prompt

    def fits(self, when: str | None) -> bool:
        """Whether a step of that condition is for this start."""
        if when is None:
            return True
        if when == "fresh":
            return self.resume is None and not self.goes_on
        if when == "resume":
            return self.resume is not None
        if when == "continue":
            return self.goes_on
        if when == "session_id":
            return self.session_id is not None
        what, _, value = when.partition(":")
        if what == "id":
            return value in (self.resume, self.session_id)
        if what == "cwd":
            return os.path.realpath(value) == os.path.realpath(self.cwd)
        return value in (self.prompt() or "")


def take(directory: str | None, situation: Situation) -> dict[str, Step]:
    """The steps of this start, by name, marked as used."""
    if directory is None or not os.path.exists(os.path.join(directory, FILE)):
        return {}
    if any(str(step.get("when", "")).startswith("prompt:") for step in steps(directory)):
        situation.prompt()  # read before the lock is held: it may have to wait for whoever writes it
    taken: dict[str, Step] = {}
    with Exclusive(directory):
        script = _read(directory)
        for step in script:
            if step["times"] is not None and step["used"] >= step["times"]:
                continue
            if step["do"] in taken or not situation.fits(step["when"]):
                continue
            step["used"] += 1
            taken[step["do"]] = step
            if not step["also"]:
                break
        if taken:
            _write(directory, script)
    return taken


def _read(directory: str) -> list[Step]:
    try:
        with open(os.path.join(directory, FILE), encoding="utf-8") as file:
            script = loads(file.read())
    except FileNotFoundError:
        return []
    return [checked(step) for step in script["steps"]]


def _write(directory: str, script: list[Step]) -> None:
    replace_file(os.path.join(directory, FILE), dumps({"steps": script}))
