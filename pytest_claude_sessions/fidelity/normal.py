"""Ids, paths, times and process ids replaced by words that are the same in every run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_CLOCK = re.compile(r"\b(?:[A-Z][a-z]{2} \d{1,2}, )?\d{1,2}(?::\d\d)?[ap]m\b")
_RULES = (
    (_STAMP, "<time>"),
    (re.compile(r"\b1[6-9]\d{11}\b"), "<ms>"),
    (re.compile(r"\bagent-a[0-9a-f]{5,16}\b"), "agent-<agent>"),
    (re.compile(r"(sessions/)\d+(\.json)"), r"\1<pid>\2"),
    (re.compile(r"(sessions/)\d+\.[0-9a-f]{64}(\.key)"), r"\1<pid>.<key>\2"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"\b\d+(\.\d+)?ms\b"), "<n>ms"),
    (re.compile(r"\breq_[0-9a-zA-Z]{24}\b"), "req_<request>"),
    (_CLOCK, "<clock>"),
)


class Normal:
    """Makes what was seen comparable.

    :param paths: what is replaced in texts -> by what, the longest first
    :param ids: session ids that were named, in the order in which they were
    """

    def __init__(self, paths: Mapping[str, str], ids: list[str]) -> None:
        self._paths = sorted(paths.items(), key=lambda pair: -len(pair[0]))
        # An id keeps its letter case for the reader: a program that changes the case is told apart.
        self._ids = {session_id: f"<id {number}>" for number, session_id in enumerate(dict.fromkeys(ids), 1)}

    def __call__(self, value: Any) -> Any:
        """A copy of a JSON value with every text made comparable."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self(part) for part in value]
        return value

    def text(self, text: str) -> str:
        """One text made comparable."""
        for path, word in self._paths:
            text = text.replace(path, word)
        text = _UUID.sub(lambda found: self._ids.get(found.group(), "<uuid>"), text)
        for pattern, word in _RULES:
            text = pattern.sub(word, text)
        return text

    def _mapping(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, part in value.items():
            name = self.text(key)
            while name in made:  # three side transcripts are three entries
                name += "'"
            made[name] = self(part)
        return made
