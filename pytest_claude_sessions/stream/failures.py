"""The failures of SPEC 6 as part of a stream: what Claude prints and how it ends when something goes wrong."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ..claude import frames
from ..claude.api_errors import ApiError
from ..claude.forms import new_uuid
from ..claude.transcript import dump
from .errors import BadMoment
from .script import Exit, Hang, Line, Stderr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .composer import Composer
    from .script import Frame, Script, Step

REPORTS = ("stderr", "errors", "both", "silent")
NAMES = ("requested", "fresh")
POINTS = ("start", "init", "turn", "end")


class Failures:
    """What goes wrong, by the names of the fake program's script steps; each method returns the stream."""

    _compose: Composer
    _script: Script

    # A start that is refused: before the program answers the SDK's `initialize`, as measured.

    def not_found(
        self,
        session_id: str | None = None,
        *,
        report: str | None = None,
        names: str | None = None,
        init: bool = False,
        exit: int = 1,
        at: str | None = None,
    ) -> Self:
        """A resume of an id that has no conversation.

        At the start, unless it follows frames of the same turn, prints an init or exits with 0: then it is what a
        prompt gets (an SDK would wait a minute for a program that leaves with 0 before it is ready).

        :param session_id: the id that was asked for; None is the stream's.
        :param report: "stderr", "errors" (of a result), "both" or "silent"; None is as the release does.
        :param names: the id in its frames, "requested" or "fresh"; None is as the release does.
        :param init: an init frame goes before it, as reported of releases that cannot be had any more (failure mode
            12).
        :param exit: exit status.
        :param at: "start" or "turn", where the default does not fit.
        :raises BadMoment: for another report, names or at.
        """
        usual = self._compose.release.behaviour["dead_id"]
        report = _known("report", report or usual["report"], REPORTS)
        named = _known("names", names or usual["names"], NAMES)
        asked = session_id or self._compose.session_id
        shown = asked if named == "requested" else new_uuid()
        text = self._text("not_found", asked)
        steps: list[Step] = []
        if init:
            steps.append(self._compose.init(shown))
        if report in ("stderr", "both"):
            steps.append(Stderr(text))
        if report in ("errors", "both"):
            steps.append(self._compose.error_result([text], shown))
        at = _known("at", at or ("turn" if init or not exit else "start"), POINTS[::2])
        return self._dies([*steps, Exit(exit)], at_start=at == "start")

    def in_use(self, session_id: str | None = None) -> Self:
        """`--session-id` of a conversation that has a transcript; None is the stream's id."""
        return self.refused(self._text("in_use", session_id or self._compose.session_id))

    def background_agent(self, session_id: str | None = None) -> Self:
        """A resume of an id that a background agent holds."""
        return self.refused(self._text("background", session_id or self._compose.session_id))

    def refused(self, *stderr: str, errors: Iterable[str] = (), exit: int = 1) -> Self:
        """A start that ends with any text.

        :param stderr: lines printed there.
        :param errors: texts of an error result, when there is to be one.
        :param exit: exit status, not 0.
        """
        errors = list(errors)
        result = [self._compose.error_result(errors)] if errors else []
        return self._dies([*map(Stderr, stderr), *result, Exit(exit)], at_start=True)

    # Ids that name no conversation on disk (failure modes 10 and 11).

    def ephemeral_init(self, reply: str, ephemeral: str | None = None) -> Self:
        """A turn whose init names an id that is never written; the reply and the result name the real one."""
        self._script.add(self._compose.init(ephemeral or new_uuid()))
        return self._answered(reply)

    def ephemeral_hook(self, reply: str, ephemeral: str | None = None, *, event: str = "SessionStart") -> Self:
        """A turn with hook frames before the init, and one after the result, that name an id never written."""
        ephemeral = ephemeral or new_uuid()
        for frame in self._compose.hook(
            event, f"{event}:startup", stdout="", stderr="", exit_code=0, session_id=ephemeral
        ):
            self._script.add(frame)
        self._script.add(self._compose.init())
        self._answered(reply)
        for frame in self._compose.hook("Stop", "Stop", stdout="", stderr="", exit_code=0, session_id=ephemeral):
            if frame["subtype"] == "hook_response":
                self._script.trail(frame)
        return self

    def ephemeral_all(self, reply: str, ephemeral: str | None = None) -> Self:
        """A turn none of whose frames names the id on disk, which is the stream's `session_id`."""
        ephemeral = ephemeral or new_uuid()
        self._script.add(self._compose.init(ephemeral))
        return self._answered(reply, ephemeral)

    # A request to the API that fails; the program stays alive and exits with 1 at the end of its input.

    def usage_limit(self, resets_at: float | datetime | None = None) -> Self:
        """A turn that meets the usage limit.

        :param resets_at: aware datetime or epoch seconds; None when the API does not say.
        """
        when = resets_at.timestamp() if isinstance(resets_at, datetime) else resets_at
        return self._api_failure("usage_limit", resets_at=when)

    def auth_failure(self) -> Self:
        """A turn whose request is refused for its credentials."""
        return self._api_failure("auth_failure")

    def overloaded(self) -> Self:
        """A turn that ends on HTTP 529."""
        return self._api_failure("overloaded")

    def server_error(self) -> Self:
        """A turn that ends on HTTP 500."""
        return self._api_failure("server_error")

    # The end of the program, and silence.

    def crash(
        self,
        at: str | None = None,
        *,
        exit: int = 1,
        signal: int | None = None,
        stderr: str | Iterable[str] = (),
    ) -> Self:
        """The program ends.

        :param at: None is here, or before anything when nothing was scripted yet; "start" before it is ready, "init"
            or "turn" after the init frame, "end" after the reply and before the result.
        :param exit: exit status.
        :param signal: number of the signal that kills it instead.
        :param stderr: what it prints first.
        :raises BadMoment: for another `at`.
        """
        lines = stderr.splitlines() if isinstance(stderr, str) else stderr
        return self._at(at, [*map(Stderr, lines), Exit(-signal if signal is not None else exit)])

    def hang(self, at: str | None = None) -> Self:
        """Nothing more comes, until the turn is interrupted or the transport closed; `at` as for `crash`."""
        return self._at(at, [Hang()])

    def torn(self, *, exit: int = 1) -> Self:
        """The last frame breaks off in the middle, without an end of line, and the program with it."""
        turn = self._script.last()
        frames_of_turn = [step for step in turn.steps if isinstance(step, dict)]
        if frames_of_turn:
            torn = frames_of_turn[-1]
            turn.steps[:] = [step for step in turn.steps if step is not torn]
        else:
            torn = self._compose.text("This answer breaks off")
        line = dump(torn)
        turn.steps += [Line(line[: len(line) // 2], complete=False), Exit(exit)]
        turn.closed = True
        return self

    def noise(self, *stdout: str, stderr: Iterable[str] = ()) -> Self:
        """Lines that are no frames on stdout, and lines on stderr."""
        for text in stderr:
            self._script.add(Stderr(text))
        for text in stdout:
            self._script.add(_frame_in(text) or Line(text))
        return self

    def _text(self, name: str, session_id: str) -> str:
        text: str = self._compose.release.behaviour["texts"][name]
        return text.replace("$id", session_id)

    def _answered(self, reply: str, session_id: str | None = None) -> Self:
        self._script.add(self._compose.text(reply, session_id=session_id))
        self._script.add(self._compose.result(reply, 1, session_id))
        return self

    def _api_failure(self, name: str, **options: Any) -> Self:
        make, now = self._compose, time.time()
        error = ApiError(name, options, make.release, now)
        if not self._script.current():
            self._script.add(make.init())
        if error.event is not None:
            self._script.add(frames.rate_limit_event(session_id=make.session_id, info=error.event))
        told = frames.api_error(make.release, error.values, session_id=make.session_id, text=error.text, now=now)
        result = frames.api_error_result(make.release, error.values, session_id=make.session_id, text=error.text)
        self._script.add(told)
        self._script.add(make.numbered(result))
        return self

    def _at(self, at: str | None, steps: list[Step]) -> Self:
        if at is None:
            at = "start" if not self._script.turns else "here"
        elif _known("at", at, POINTS) != "start" and not self._script.current():
            self._script.add(self._compose.init())
        if at == "end":
            self._script.add(self._compose.text("This answer has no result"))
        return self._dies(steps, at_start=at == "start")

    def _dies(self, steps: list[Step], *, at_start: bool) -> Self:
        if at_start and not self._script.current():
            self._script.add_at_start(*steps)
            return self
        closed_by = steps[-1]
        for step in steps:
            # A result among them ends no turn of its own: the exit belongs to it.
            self._script.add(step) if step is closed_by else self._script.add_open(step)
        return self


def _known(what: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise BadMoment(what, given, known)
    return given


def _frame_in(text: str) -> Frame | None:
    """A line that is a JSON object is a frame to whoever reads it, whatever the test calls it."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
