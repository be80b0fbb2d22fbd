"""What the fake Messages API was asked, with the secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|AUTH|COOKIE", re.IGNORECASE)
_SESSION_IN_METADATA = re.compile(r"session(?:_id\"\s*:\s*\"|_)([0-9a-fA-F-]{36})")


def mask(secret: str) -> str:
    """The secret as it is recorded: stars, then the last four characters if it is long enough to spare them."""
    return "***" + secret[-4:] if len(secret) >= 12 else "***"


def _mask_header(name: str, value: str) -> str:
    if not _SECRET_NAME.search(name):
        return value
    scheme, space, credentials = value.partition(" ")
    return f"{scheme} {mask(credentials)}" if space else mask(value)


def _mask_query(query: str) -> str:
    pairs = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        pairs.append(f"{name}={mask(value)}" if equals and _SECRET_NAME.search(name) else pair)
    return "&".join(pairs)


def _last_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = [block.get("text") for block in content or () if isinstance(block, dict)]
    return next((text for text in reversed(texts) if isinstance(text, str)), "")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as the server received it.

    :param method: HTTP method.
    :param path: path without the query.
    :param query: the query, without the question mark; values of secret names masked.
    :param headers: names in lower case; values of secret names masked.
    :param body: the parsed JSON, or None when there was none or it is no JSON.
    :param size: length of the body in bytes.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    size: int = 0

    @classmethod
    def parse(cls, method: str, target: str, headers: Iterable[tuple[str, str]], raw: bytes) -> ApiRequest:
        """Read a request from the wire.

        :param method: HTTP method.
        :param target: path with its query.
        :param headers: names and values as received.
        :param raw: the body's bytes.
        """
        path, _, query = target.partition("?")
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = None
        masked = {name.lower(): _mask_header(name, value) for name, value in headers}
        return cls(method, path, _mask_query(query), MappingProxyType(masked), body, len(raw))

    def _member(self, name: str) -> Any:
        return self.body.get(name) if isinstance(self.body, dict) else None

    @property
    def messages(self) -> list[Any]:
        """The conversation that was sent: history and new prompt; empty when the body has none."""
        messages = self._member("messages")
        return messages if isinstance(messages, list) else []

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        model = self._member("model")
        return model if isinstance(model, str) else None

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted as server-sent events."""
        return self._member("stream") is True

    @property
    def api_key_masked(self) -> str | None:
        """The key or bearer token that came with it, masked as :func:`mask` does; None without one."""
        key = self.headers.get("x-api-key")
        if key is not None:
            return key
        bearer = self.headers.get("authorization")
        return bearer.rpartition(" ")[2] if bearer else None

    @property
    def session_id(self) -> str | None:
        """The Claude Code session that asked, from its header or the metadata; None for other clients."""
        header = self.headers.get("x-claude-code-session-id")
        if header:
            return header
        metadata = self._member("metadata")
        user = metadata.get("user_id") if isinstance(metadata, dict) else None
        found = _SESSION_IN_METADATA.search(user) if isinstance(user, str) else None
        return found.group(1) if found else None

    @property
    def prompt(self) -> str:
        """The last text of the last message of the user, which with Claude Code is the prompt; else empty.

        Claude Code puts reminders before the prompt, and since 2.1.329 a message of the system after it.
        """
        for message in reversed(self.messages):
            if isinstance(message, dict) and message.get("role") == "user":
                return _last_text(message.get("content"))
        return ""

    def __str__(self) -> str:
        told = f" of {len(self.messages)} messages" if self.messages else ""
        return f"{self.method} {self.path}{told}"
