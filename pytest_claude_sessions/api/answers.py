"""The queue of answers and the verbs that fill it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self, TypeAlias

from .answer import DEFAULT, Answer, Reply, checked_count, failed, limit_headers
from .errors import InvalidInput
from .gate import AnswerGate
from .message import Content, blocks
from .request import ApiRequest

When: TypeAlias = Callable[[ApiRequest], bool]


@dataclass(slots=True)
class _Entry:
    answer: Answer
    left: int | None
    when: When | None


class Answers:
    """A queue: a request takes the first answer that is left and whose `when` accepts it, else the default.

    Every verb takes `times` (how many requests it answers, 1 by default, None for all from then on) and
    `when` (a predicate over the :class:`ApiRequest`, for answers that are meant for some requests alone). It
    gives back the queue, so that verbs can be chained; :meth:`slow` gives back its gate. All raise
    :class:`InvalidInput`.
    """

    def __init__(self) -> None:
        # Re-entrant, as a `when` may look at the queue.
        self._entries_lock = threading.RLock()
        self._entries: list[_Entry] = []
        self._gates: list[AnswerGate] = []
        self._tool_uses = 0

    def add(self, answer: Answer, *, times: int | None = 1, when: When | None = None) -> Self:
        """Put an answer at the end of the queue."""
        left = None if times is None else checked_count("times", times, at_least=1)
        with self._entries_lock:
            self._entries.append(_Entry(answer, left, when))
            if answer.gate is not None:
                self._gates.append(answer.gate)
        return self

    def reply(self, content: Content, *, pieces: int = 1, times: int | None = 1, when: When | None = None) -> Self:
        """Answer with a text or content blocks.

        :param pieces: into how many deltas a streamed text is split.
        """
        checked = blocks(content)
        label = f"reply {content!r}" if isinstance(content, str) else f"reply of {len(checked)} blocks"
        pieces = checked_count("pieces", pieces, at_least=1)
        return self.add(Answer(label, reply=lambda request: checked, pieces=pieces), times=times, when=when)

    def reply_with(
        self, make: Callable[[ApiRequest], Reply], *, times: int | None = 1, when: When | None = None
    ) -> Self:
        """Answer with what a function makes of the request: a text, content blocks or an :class:`Answer`.

        What it raises is told as :class:`AnswerFailed` when the server stops.
        """
        if not callable(make):
            raise InvalidInput(f"reply_with takes a function of the request, not {make!r}")
        name = getattr(make, "__name__", type(make).__name__)
        return self.add(Answer(f"reply_with {name}", reply=make), times=times, when=when)

    def tool_use(
        self,
        name: str,
        input: Mapping[str, Any],
        *,
        text: str | None = None,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Ask the client to use a tool.

        :param name: the tool, such as `Bash`.
        :param input: its input.
        :param text: what is said before.
        """
        if not isinstance(input, Mapping):
            raise InvalidInput(f"the input of a tool is a mapping, not {input!r}")
        given = dict(input)

        def ask(request: ApiRequest) -> Content:
            with self._entries_lock:
                self._tool_uses += 1
                number = self._tool_uses
            asked = {"type": "tool_use", "id": f"toolu_{number:024d}", "name": name, "input": given}
            return [asked] if text is None else [{"type": "text", "text": text}, asked]

        return self.add(Answer(f"tool_use {name}", reply=ask), times=times, when=when)

    def error(
        self,
        status: int,
        message: str | None = None,
        *,
        retry: bool | None = False,
        headers: Mapping[str, str] | None = None,
        after_events: int = 0,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Answer with an API error.

        :param status: 400, 401, 403, 404, 413, 429, 500, 504 or 529.
        :param message: text of the error; None takes the API's own.
        :param retry: `x-should-retry`: False ends Claude Code's turn at once, True or None lets it back off.
        :param headers: further response headers.
        :param after_events: on a stream, answer 200 and break off with an `error` event after so many events.
        """
        answer = failed(status, message, retry=retry, headers=headers, after_events=after_events)
        return self.add(answer, times=times, when=when)

    def unauthorized(self, message: str | None = None, *, times: int | None = 1, when: When | None = None) -> Self:
        """Answer 401 `authentication_error`."""
        return self.error(401, message, times=times, when=when)

    def rate_limited(
        self,
        resets_at: datetime | None = None,
        *,
        claim: str = "five_hour",
        retry_after_s: float | None = None,
        message: str | None = None,
        retry: bool | None = False,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Answer 429 with the headers of a usage limit.

        Claude Code reads the reset time when it is signed in by OAuth (`environment(auth="oauth")`); with an
        API key it reports the status alone (facts/more-observations.json, `usage_limit`).

        :param resets_at: when the limit ends, an aware datetime; None leaves it unknown.
        :param claim: which limit: five_hour, seven_day, seven_day_opus, seven_day_sonnet or overage.
        :param retry_after_s: `retry-after`, in seconds.
        """
        headers = limit_headers(resets_at, claim, retry_after_s)
        return self.error(429, message, retry=retry, headers=headers, times=times, when=when)

    def server_error(
        self,
        message: str | None = None,
        *,
        retry: bool | None = False,
        after_events: int = 0,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Answer 500 `api_error`, or break a stream off with it after so many events."""
        return self.error(500, message, retry=retry, after_events=after_events, times=times, when=when)

    def overloaded(
        self,
        message: str | None = None,
        *,
        retry: bool | None = False,
        after_events: int = 0,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Answer 529 `overloaded_error`, or break a stream off with it after so many events."""
        return self.error(529, message, retry=retry, after_events=after_events, times=times, when=when)

    def cut_connection(
        self,
        after_events: int = 0,
        *,
        reset: bool = False,
        times: int | None = 1,
        when: When | None = None,
    ) -> Self:
        """Cut the connection instead of answering to the end.

        :param after_events: so many stream events first (of an answer without a stream, half the body); 0
            cuts before the status line.
        :param reset: reset the connection (ECONNRESET) rather than closing it early.
        """
        cut_after = checked_count("after_events", after_events)
        answer = Answer(f"connection cut after {cut_after} events", cut_after=cut_after, reset=reset)
        return self.add(answer, times=times, when=when)

    def slow(
        self,
        until: float | AnswerGate | None = None,
        *,
        content: Content | None = None,
        after_events: int = 0,
        times: int | None = 1,
        when: When | None = None,
    ) -> AnswerGate:
        """Hold an answer back.

        :param until: seconds, or a gate that the test opens; None makes a gate.
        :param content: the answer then; None says `reply to N messages`.
        :param after_events: hold it after so many stream events; 0 before the status line.
        :return: the gate, on which the test waits until the request has come and which it opens.
        """
        gate = until if isinstance(until, AnswerGate) else AnswerGate(opens_after_s=until)
        hold_after = checked_count("after_events", after_events)
        checked = None if content is None else blocks(content)
        answer = replace(DEFAULT, label="slow answer", gate=gate, hold_after=hold_after)
        if checked is not None:
            answer = replace(answer, reply=lambda request: checked)
        self.add(answer, times=times, when=when)
        return gate

    @property
    def pending(self) -> tuple[str, ...]:
        """The answers that no request has taken yet, in order, those for always included."""
        with self._entries_lock:
            return tuple(
                f"{entry.answer.label} ({'always' if entry.left is None else f'{entry.left} times'})"
                for entry in self._entries
            )

    def clear_answers(self) -> Self:
        """Empty the queue: every request gets the default answer again."""
        with self._entries_lock:
            self._entries.clear()
        return self

    def take(self, request: ApiRequest) -> Answer:
        """The answer for a request; it is used up by this."""
        with self._entries_lock:
            for entry in list(self._entries):
                if entry.when is not None and not entry.when(request):
                    continue
                if entry.left is not None:
                    entry.left -= 1
                    if entry.left == 0:
                        self._entries.remove(entry)
                return entry.answer
        return DEFAULT

    def abandon_gates(self) -> None:
        """Give up every held answer, so that a server can stop."""
        with self._entries_lock:
            gates = list(self._gates)
        for gate in gates:
            gate.abandon()
