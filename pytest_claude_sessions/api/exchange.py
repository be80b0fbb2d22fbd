"""From a request to what goes back, whatever carries it: routes, bodies, places to hold and to cut."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .answer import DEFAULT, STATUSES, Answer, Failure, failed
from .errors import InvalidInput
from .gate import AnswerGate
from .message import Content, blocks, encode, encode_event, events, message, request_tokens
from .request import ApiRequest

_JSON = "application/json"
_EVENTS = "text/event-stream; charset=utf-8"

# Claude Code tells messages apart by their ids, so two servers that serve one conversation must not repeat them.
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A response that is ready to be sent.

    :param status: HTTP status.
    :param reason: its phrase.
    :param headers: headers without those that frame the body.
    :param chunks: the body; one event each on a stream.
    :param stream: whether the body is sent chunk by chunk rather than as a whole of known length.
    :param cut: whether the connection is cut after the chunks; with no chunk, before the status line.
    :param reset: whether that cut is a reset.
    :param length: the length that is announced, in bytes, which a cut does not reach.
    :param gate: where it is held.
    :param hold_after: after how many chunks; 0 before the status line.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...] = ()
    stream: bool = False
    cut: bool = False
    reset: bool = False
    length: int = 0
    gate: AnswerGate | None = None
    hold_after: int = 0


class Exchange:
    """Answers requests out of a queue; both the server and the `responses` form ask it.

    :param take: gives the answer for a request.
    """

    def __init__(self, take: Callable[[ApiRequest], Answer]) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._requests: list[ApiRequest] = []
        self._failures: list[tuple[str, BaseException]] = []

    @property
    def requests(self) -> list[ApiRequest]:
        """A copy of what was asked so far, in order."""
        with self._lock:
            return list(self._requests)

    def take_failures(self) -> list[tuple[str, BaseException]]:
        """What went wrong on this side, the request and the exception; each is told once."""
        with self._lock:
            failures, self._failures = self._failures, []
        return failures

    def clear(self) -> None:
        """Forget the requests."""
        with self._lock:
            self._requests.clear()

    def failed(self, request: str, error: BaseException) -> None:
        """Record that this side failed to answer."""
        with self._lock:
            self._failures.append((request, error))

    def answer(self, request: ApiRequest) -> Outgoing:
        """Record the request and make its response.

        `POST /v1/messages` is answered out of the queue, `count_tokens` counts, anything else is 200 with an
        empty object. A function of the test that raises is recorded and answered 500.
        """
        with self._lock:
            self._requests.append(request)
        number = next(_numbers)
        try:
            return self._route(request, number)
        except Exception as error:
            self.failed(str(request), error)
            text = f"the fake Messages API could not answer: {type(error).__name__}: {error}"
            return self._respond(request, failed(500, text), number)

    def _route(self, request: ApiRequest, number: int) -> Outgoing:
        path = request.path.rstrip("/")
        if request.method == "POST" and path.endswith("/v1/messages"):
            problem = _problem(request)
            return self._respond(request, failed(400, problem) if problem else self._take(request), number)
        if request.method == "POST" and path.endswith("/v1/messages/count_tokens"):
            return _whole(200, "OK", number, encode({"input_tokens": request_tokens(request)}))
        return _whole(200, "OK", number, b"" if request.method == "HEAD" else b"{}")

    def _respond(self, request: ApiRequest, answer: Answer, number: int) -> Outgoing:
        content: Content = f"reply to {len(request.messages)} messages"
        for _ in range(8):
            if answer.reply is None:
                break
            made = answer.reply(request)
            if not isinstance(made, Answer):
                content = made
                break
            answer = made
        else:
            raise InvalidInput(f"{answer.label} gives back answers that give back answers, without end")
        failure = answer.failure
        if failure is not None and not (failure.after_events and request.stream):
            return _failure(failure, answer, number)
        whole = message(
            blocks(content),
            model=request.model or "claude",
            message_id=f"msg_{number:024d}",
            input_tokens=request_tokens(request),
        )
        if not request.stream:
            return _message(encode(whole), answer, number)
        return _stream([encode_event(event) for event in events(whole, answer.pieces)], answer, number)


def _problem(request: ApiRequest) -> str | None:
    if not isinstance(request.body, dict):
        return "the request body is not valid JSON"
    if request.model is None:
        return "model: Field required"
    if not request.messages:
        return "messages: at least one message is required"
    return None


def _headers(number: int, content_type: str, answer: Answer = DEFAULT) -> tuple[tuple[str, str], ...]:
    return (("content-type", content_type), ("request-id", f"req_{number:024d}"), *answer.headers.items())


def _whole(status: int, reason: str, number: int, body: bytes, answer: Answer = DEFAULT) -> Outgoing:
    return Outgoing(
        status,
        reason,
        _headers(number, _JSON, answer),
        (body,),
        length=len(body),
        gate=answer.gate,
        hold_after=min(answer.hold_after, 1),
    )


def _failure(failure: Failure, answer: Answer, number: int) -> Outgoing:
    return _whole(failure.status, STATUSES[failure.status][0], number, _error_body(failure, number), answer)


def _error_body(failure: Failure, number: int) -> bytes:
    told = {"type": failure.kind, "message": failure.message}
    return encode({"type": "error", "error": told, "request_id": f"req_{number:024d}"})


def _message(body: bytes, answer: Answer, number: int) -> Outgoing:
    cut = answer.cut_after is not None
    chunks = (body,) if not cut else (body[: len(body) // 2],) if answer.cut_after else ()
    return Outgoing(
        200,
        "OK",
        _headers(number, _JSON, answer),
        chunks,
        cut=cut,
        reset=answer.reset,
        length=len(body),
        gate=answer.gate,
        # Without a stream there is nothing between the status line and the body to hold after.
        hold_after=0,
    )


def _stream(told: list[bytes], answer: Answer, number: int) -> Outgoing:
    if answer.failure is not None:
        broken = b"event: error\ndata: " + _error_body(answer.failure, number) + b"\n\n"
        told = [*told[: answer.failure.after_events], broken]
    if answer.cut_after is not None:
        told = told[: answer.cut_after]
    return Outgoing(
        200,
        "OK",
        (*_headers(number, _EVENTS, answer), ("cache-control", "no-cache")),
        tuple(told),
        stream=True,
        cut=answer.cut_after is not None,
        reset=answer.reset,
        gate=answer.gate,
        hold_after=min(answer.hold_after, len(told)),
    )
