"""The same answers for code in this process that uses requests, without a socket, by way of `responses`."""

from __future__ import annotations

import contextlib
import http.client
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from .errors import InvalidInput, MissingPackage
from .escape import Escape, EscapeLog, LeftTheMachine
from .exchange import Exchange, Outgoing
from .loopback import split_authority, stays_here
from .request import ApiRequest

_PORTS = {"https": 443, "http": 80}


@contextlib.contextmanager
def serve_in_process(exchange: Exchange, log: EscapeLog, base_url: str) -> Iterator[Any]:
    """Answer requests to base_url out of the exchange, let loopback through, refuse everything else by name.

    :param exchange: answers the requests.
    :param log: takes the refused ones.
    :param base_url: where the code under test thinks the API is.
    :return: the active `responses.RequestsMock`.
    :raises InvalidInput: when base_url is no http or https URL.
    :raises MissingPackage: when `responses` is not installed.
    """
    base = urlsplit(base_url)
    if base.scheme not in _PORTS or not base.netloc:
        raise InvalidInput(f"base_url is an http or https URL, not {base_url!r}")
    try:
        import responses
        from responses.registries import FirstMatchRegistry
    except ImportError as error:
        raise MissingPackage("responses", "MessagesApi.in_process()") from error

    def answer(request: Any) -> tuple[int, list[tuple[str, str]], Any]:
        if not _is_under(request.url, base_url):
            parts = urlsplit(request.url)
            host, port = split_authority(parts.netloc, _PORTS.get(parts.scheme))
            escape = Escape(host, port, "test", f"requests {request.method}")
            log.add(escape)
            raise LeftTheMachine([escape])
        target = request.url[len(base_url.rstrip("/")) :] or "/"
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        incoming = ApiRequest.parse(request.method, target, request.headers.items(), raw)
        return _played(exchange.answer(incoming), request)

    class EveryRequest(FirstMatchRegistry):
        def find(self, request: Any) -> tuple[Any, list[str]]:
            host = split_authority(urlsplit(request.url).netloc)[0]
            if stays_here(host) and not _is_under(request.url, base_url):
                return responses.PassthroughResponse(request.method, request.url), []
            return responses.CallbackResponse(request.method, request.url, answer, content_type=None), []

    mock = responses.RequestsMock(assert_all_requests_are_fired=False, registry=EveryRequest)
    with mock:
        yield mock


def _is_under(url: str, base_url: str) -> bool:
    base = base_url.rstrip("/")
    return url.startswith(base) and url[len(base) : len(base) + 1] in ("", "/", "?")


def _played(outgoing: Outgoing, request: Any) -> tuple[int, list[tuple[str, str]], Any]:
    """The response as a callback of `responses` gives it back, held and cut as requests would see it."""
    import requests

    if outgoing.gate is not None and not outgoing.gate.hold(at_most_s=_read_timeout(request)):
        raise requests.ReadTimeout(f"{request.url}: the answer was held", request=request)
    if outgoing.cut and not outgoing.chunks:
        raise requests.ConnectionError(f"{request.url}: connection cut before the answer", request=request)
    body = b"".join(outgoing.chunks)
    headers = [(name.title(), value) for name, value in outgoing.headers]
    if outgoing.cut:
        return outgoing.status, headers, io.BufferedReader(_BrokenOff(body))
    return outgoing.status, headers, body


def _read_timeout(request: Any) -> float | None:
    timeout = getattr(request, "req_kwargs", {}).get("timeout")
    read = timeout[1] if isinstance(timeout, tuple) else timeout
    return float(read) if isinstance(read, (int, float)) else None


class _BrokenOff(io.RawIOBase):
    """A body that ends in the middle."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            raise http.client.IncompleteRead(b"")
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)
