"""What the installed SDK makes of a frame, by the name of the type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import SdkMissing

if TYPE_CHECKING:
    from .sdk import Sdk

PASSED_OVER = "passed over"


def installed() -> Sdk | None:
    """The installed SDK, None when there is none."""
    from .sdk import load

    try:
        return load("a recording")
    except SdkMissing:
        return None


def type_of(frame: dict[str, Any]) -> str | None:
    """The type that the SDK makes of a frame.

    :returns: its name, `passed over` for a frame that the SDK does not know, the exception and its text for one that
        it refuses, None without an SDK.
    """
    sdk = installed()
    if sdk is None:
        return None
    try:
        message = sdk.parse(frame)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    return PASSED_OVER if message is None else type(message).__name__
