"""JSON as the standard library reads and writes it, without the import of `json`.

`json` imports `re`, which imports `enum`: half of the time that a start of the fake would take. The C parts of the same
library do the work here; where an interpreter has none, `json` itself does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLANK = " \t\n\r"


class _Rules:
    """What the C scanner asks of a `json.JSONDecoder`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}.__getitem__


def _default(value: Any) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _refused(text: str) -> Any:
    """What `json` says of a text; only a damaged one pays for the import."""
    import json

    return json.loads(text)


try:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner
except ImportError:
    import json

    def loads(text: str) -> Any:
        """The value of a JSON text.

        :raises ValueError: when it is not one.
        """
        return json.loads(text)

    def dumps(value: Any, *, ensure_ascii: bool = True) -> str:
        """A value as compact JSON text."""
        return json.dumps(value, ensure_ascii=ensure_ascii, separators=(",", ":"))

else:
    _scan = make_scanner(_Rules())  # type: ignore[arg-type]  # the stub knows no context
    _encode = make_encoder(None, _default, encode_basestring, None, ":", ",", False, False, True)
    _encode_ascii = make_encoder(None, _default, encode_basestring_ascii, None, ":", ",", False, False, True)

    def loads(text: str) -> Any:
        """The value of a JSON text.

        :raises ValueError: when it is not one.
        """
        start = len(text) - len(text.lstrip(_BLANK))
        try:
            value, end = _scan(text, start)
        except (StopIteration, SystemError):
            # SystemError: the scanner takes its exception from `json.decoder`, which nobody has imported yet.
            return _refused(text)
        return _refused(text) if text[end:].strip(_BLANK) else value

    def dumps(value: Any, *, ensure_ascii: bool = True) -> str:
        """A value as compact JSON text."""
        return "".join((_encode_ascii if ensure_ascii else _encode)(value, 0))
