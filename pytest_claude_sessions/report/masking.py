"""Secrets out of what is kept of a failure: the values of this process's own, and whatever has the form of one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

MASK = b"***"
SHORTEST = 8
"""Characters; the value of a variable that sounds secret is looked for when it is at least so long."""

_SOUNDS_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH", "COOKIE")
_NAME = rb"[\w.-]*?(?:api[_-]?key|private[_-]?key|token|secret|passw(?:or)?d|credentials?|authorization|cookie)"
_FORMS = (
    # Keys and tokens that tell by their beginning what they are.
    re.compile(
        rb"\b(?:sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{8,})"
    ),
    re.compile(rb"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}"),
    re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S),
)
_AFTER = (
    # A text in JSON, one in JSON that is itself a text in JSON, a header, a variable, an address.
    re.compile(rb'("' + _NAME + rb'"\s*:\s*")((?:[^"\\]|\\.)+)', re.I | re.S),
    re.compile(rb'(\\"' + _NAME + rb'\\"\s*:\s*\\")((?:[^"\\]|\\[^"])+)', re.I),
    re.compile(rb"(\b(?:Bearer|Basic)\s+)([\w.~+/=-]{8,})", re.I),
    re.compile(rb"(\b[A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)=)([^\s\"']+)"),
    re.compile(rb"(://[^/\s:@]+:)([^/\s@]+)(?=@)"),
)


class Masking:
    """Replaces secrets by `***`.

    :param environment: whose secret-sounding values are secrets
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        known = os.environ if environment is None else environment
        values = {
            os.fsencode(value)
            for name, value in known.items()
            if len(value) >= SHORTEST and any(word in name.upper() for word in _SOUNDS_SECRET)
        }
        self._values = sorted(values, key=len, reverse=True)

    def of_bytes(self, data: bytes) -> bytes:
        """The data without its secrets."""
        for value in self._values:
            data = data.replace(value, MASK)
        for form in _FORMS:
            data = form.sub(MASK, data)
        for form in _AFTER:
            data = form.sub(rb"\g<1>" + MASK, data)
        return data

    def of_text(self, text: str) -> str:
        """The text without its secrets."""
        return self.of_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
