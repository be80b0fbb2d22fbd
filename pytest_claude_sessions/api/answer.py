"""One answer of the fake Messages API as a value: a reply, an error or a cut, now or held at a gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from .errors import InvalidInput
from .gate import AnswerGate
from .message import Content
from .request import ApiRequest

STATUSES: Mapping[int, tuple[str, str, str]] = {
    400: ("Bad Request", "invalid_request_error", "the request is invalid"),
    401: ("Unauthorized", "authentication_error", "invalid x-api-key"),
    403: ("Forbidden", "permission_error", "Your API key does not have permission for this resource"),
    404: ("Not Found", "not_found_error", "model not found"),
    413: ("Payload Too Large", "request_too_large", "Request exceeds the maximum size"),
    429: ("Too Many Requests", "rate_limit_error", "This request would exceed your account's rate limit"),
    500: ("Internal Server Error", "api_error", "Internal server error"),
    504: ("Gateway Timeout", "timeout_error", "Request timed out"),
    529: ("Overloaded", "overloaded_error", "Overloaded"),
}
"""Error statuses of the Messages API: reason phrase, error type, message when the test gives none."""

CLAIMS = ("five_hour", "seven_day", "seven_day_opus", "seven_day_sonnet", "overage")
"""The limits that `anthropic-ratelimit-unified-representative-claim` names."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An API error.

    :param status: HTTP status.
    :param kind: error type of the body, such as `overloaded_error`.
    :param message: text of the body.
    :param after_events: stream so many events of a reply first, then an `error` event; 0 answers the status.
    """

    status: int
    kind: str
    message: str
    after_events: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with.

    :param label: how reports name it.
    :param reply: makes the content; None says `reply to N messages`.
    :param failure: an error instead of the reply.
    :param headers: response headers on top of the usual ones.
    :param pieces: into how many deltas a streamed text is split.
    :param cut_after: cut the connection after so many events; 0 before the status line; None does not cut.
    :param reset: whether a cut resets the connection rather than closing it.
    :param gate: hold the answer at this gate.
    :param hold_after: hold it after so many events; 0 before the status line.
    """

    label: str
    reply: Callable[[ApiRequest], Reply] | None = None
    failure: Failure | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: int = 1
    cut_after: int | None = None
    reset: bool = False
    gate: AnswerGate | None = None
    hold_after: int = 0


Reply: TypeAlias = Content | Answer

DEFAULT = Answer("reply to N messages")


def checked_count(name: str, value: object, at_least: int = 0) -> int:
    """A whole number of at least `at_least`.

    :raises InvalidInput: naming the argument otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise InvalidInput(f"{name} is a whole number of {at_least} or more, not {value!r}")
    return value


def _checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        line = f"{name}: {value}"
        if not name or not isinstance(value, str) or not line.isascii() or not line.isprintable():
            raise InvalidInput(f"a header is one line of ASCII, not {line!r}")
    return headers


def failed(
    status: int,
    message: str | None = None,
    *,
    retry: bool | None = False,
    headers: Mapping[str, str] | None = None,
    after_events: int = 0,
) -> Answer:
    """An API error as an answer.

    :param status: one of :data:`STATUSES`.
    :param message: text of the error.
    :param retry: value of `x-should-retry`, which the SDKs and Claude Code obey; None leaves it out.
    :param headers: further response headers.
    :param after_events: answer 200 and stream so many events first.
    :raises InvalidInput: when the API has no such error.
    """
    known = STATUSES.get(status)
    if known is None:
        raise InvalidInput(f"unknown error status {status!r}, known are {', '.join(map(str, STATUSES))}")
    _, kind, usual = known
    sent = {} if retry is None else {"x-should-retry": "true" if retry else "false"}
    sent.update(_checked_headers(headers or {}))
    told = usual if message is None else message
    failure = Failure(status, kind, told, checked_count("after_events", after_events))
    return Answer(f"{status} {kind}", failure=failure, headers=sent)


def limit_headers(resets_at: datetime | None, claim: str, retry_after_s: float | None) -> dict[str, str]:
    """The headers of a usage limit, as facts/more-observations.json has them.

    :param resets_at: when the limit ends, aware; None leaves the header out.
    :param claim: which limit, one of :data:`CLAIMS`.
    :param retry_after_s: value of `retry-after` in seconds; None leaves it out.
    :raises InvalidInput: on a naive instant, an unknown claim or a negative time.
    """
    if claim not in CLAIMS:
        raise InvalidInput(f"unknown limit {claim!r}, known are {', '.join(CLAIMS)}")
    headers = {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-representative-claim": claim,
        "anthropic-ratelimit-unified-overage-status": "rejected",
    }
    if resets_at is not None:
        if not isinstance(resets_at, datetime) or resets_at.tzinfo is None:
            raise InvalidInput(f"resets_at is an aware datetime or None, not {resets_at!r}")
        headers["anthropic-ratelimit-unified-reset"] = str(int(resets_at.timestamp()))
    if retry_after_s is not None:
        if not retry_after_s >= 0:
            raise InvalidInput(f"retry_after_s is 0 or more seconds, not {retry_after_s!r}")
        headers["retry-after"] = f"{retry_after_s:g}"
    return headers
