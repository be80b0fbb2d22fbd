"""The installed `claude-agent-sdk`: imported on first use, and what its versions do differently.

The typed messages and the transport stand on five names of the SDK that it has had since 0.1.0; everything that
changed since is a row of `_CHANGES`, and a version that cannot be read counts as the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import SdkMissing

if TYPE_CHECKING:
    from collections.abc import Callable

# What changed -> the first version that does it. From the SDK's CHANGELOG, and tried on 0.1.0, 0.1.30, 0.1.81,
# 0.2.100 and 0.2.186.
_CHANGES = {
    "string_prompts_are_written": "0.1.31",  # before, the prompt of query("...") went on the command line
    "skips_noise": "0.1.51",  # before, a line that is not JSON swallowed everything after it
    "refuses_corrupt_lines": "0.2.111",  # before, half a line in the middle swallowed everything after it
}


@dataclass(frozen=True, slots=True)
class Sdk:
    """The SDK as far as a stream needs it.

    :ivar version: as the SDK tells it.
    :ivar transport: the public abstract `Transport`.
    :ivar parse: its message parser; None for a type that it does not know (before 0.1.40 it raises).
    :ivar process_error: what its own transport raises.
    :ivar connection_error: what its own transport raises.
    :ivar decode_error: what its own transport raises.
    :ivar string_prompts_are_written: see `_CHANGES`.
    :ivar skips_noise: see `_CHANGES`.
    :ivar refuses_corrupt_lines: see `_CHANGES`.
    :ivar client_takes_transport: `ClaudeSDKClient(transport=...)` works.
    """

    version: str
    transport: type[Any]
    parse: Callable[[dict[str, Any]], Any]
    process_error: Callable[..., Exception]
    connection_error: type[Exception]
    decode_error: Callable[..., Exception]
    string_prompts_are_written: bool
    skips_noise: bool
    refuses_corrupt_lines: bool
    client_takes_transport: bool


@cache
def load(wanted: str) -> Sdk:
    """The installed SDK.

    :param wanted: what it is needed for, for the message.
    :raises SdkMissing: when it is not installed.
    """
    try:
        import claude_agent_sdk as sdk
    except ModuleNotFoundError as missing:
        if missing.name != "claude_agent_sdk":
            raise  # installed, and broken: its own message says more
        raise SdkMissing(wanted) from None
    from inspect import signature

    from claude_agent_sdk._internal.message_parser import parse_message

    version: str = getattr(sdk, "__version__", "")
    numbers = _numbers(version)
    return Sdk(
        version=version,
        transport=sdk.Transport,
        parse=parse_message,
        process_error=sdk.ProcessError,
        connection_error=sdk.CLIConnectionError,
        decode_error=sdk.CLIJSONDecodeError,
        client_takes_transport="transport" in signature(sdk.ClaudeSDKClient.__init__).parameters,
        **{change: numbers is None or numbers >= (_numbers(since) or ()) for change, since in _CHANGES.items()},
    )


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")[:3]
    if len(parts) < 3 or not all(part.isdigit() for part in parts):
        return None
    return tuple(int(part) for part in parts)
