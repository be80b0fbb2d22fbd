"""Frames of `--output-format stream-json` for tests: raw, as lines, as typed messages, and as a `Transport`.

Nothing is imported before it is used, the SDK only for `Stream.messages` and `Stream.transport`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import BadMoment as BadMoment
    from .errors import ScriptExhausted as ScriptExhausted
    from .errors import SdkMissing as SdkMissing
    from .script import Answer as Answer
    from .stream import Stream as Stream
    from .transport import StreamTransport as StreamTransport

_HOMES = {
    "Answer": "script",
    "BadMoment": "errors",
    "ScriptExhausted": "errors",
    "SdkMissing": "errors",
    "Stream": "stream",
    "StreamTransport": "transport",
}

__all__ = sorted(_HOMES)  # one table, so that the names cannot drift apart


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if home == "transport":  # before what comes with the SDK is missed: the message is to name the SDK
        import_module(".sdk", __name__).load(f"claude_stream.{name}")
    return getattr(import_module(f".{home}", __name__), name)
