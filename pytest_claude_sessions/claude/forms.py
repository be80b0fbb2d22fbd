"""Filling in the forms of records and frames that `releases.json` holds."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class MissingValue(KeyError):
    """A form names a value that nobody gave: the table and the code have drifted apart."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        super().__init__(f"the form asks for ${name}, given were {', '.join(sorted(given))}")


def fill(form: Any, values: Mapping[str, Any]) -> Any:
    """A copy of `form` with every string "$name" replaced by the value of that name.

    `$uuid` is a new UUID each time it is not given; keys keep their order, which is the order on the wire. A key that
    begins with "?" is left out when its value is None: the release writes it on some occasions alone.

    :raises MissingValue: when a name is not among the values.
    """
    if isinstance(form, str):
        if not form.startswith("$"):
            return form
        name = form[1:]
        if name not in values:
            if name == "uuid":
                return new_uuid()
            raise MissingValue(name, values)
        return values[name]
    if isinstance(form, dict):
        filled: dict[str, Any] = {}
        for key, part in form.items():
            value = fill(part, values)
            if key[0] == "?":
                if value is None:
                    continue
                key = key[1:]
            filled[values[key[1:]] if key[0] == "$" else key] = value
        return filled
    if isinstance(form, list):
        return [fill(part, values) for part in form]
    return form


def new_uuid() -> str:
    """A random UUID of version 4 in lower case."""
    raw = os.urandom(16).hex()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{'89ab'[int(raw[16], 16) & 3]}{raw[17:20]}-{raw[20:]}"


def iso_time(now: float) -> str:
    """The time stamp of a record: UTC with milliseconds and a Z.

    :param now: epoch seconds.
    """
    ms = int(now * 1000 + 0.5)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its usual form, whatever its version and letter case."""
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        char in "0123456789abcdefABCDEF" for part in parts for char in part
    )
