"""Requests that failed: usage limit, authentication, overload, server error, a connection that was cut.

The texts and fields of each release are the facet `api_errors`, made from what the real program printed and wrote
when a loopback API answered 429, 401, 529 and 500, or closed the connection.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .release import Release

NAMES = ("usage_limit", "auth_failure", "overloaded", "server_error", "cut_connection", "cut_stream")
_DAY_S = 86400


class ApiError:
    """A failed request in the form of a release.

    :param name: one of NAMES, which are the names of the script steps too.
    :param options: the step's; `resets_at` of a usage limit is epoch seconds, None when the API does not say.
    :param now: epoch seconds.
    :ivar name: as given.
    :ivar text: what the user reads.
    :ivar values: what the forms of the frames and the record ask for.
    :ivar event: `rate_limit_info` of the event that goes before, None where the release has none.
    """

    __slots__ = ("event", "name", "text", "values")

    def __init__(self, name: str, options: Mapping[str, Any], release: Release, now: float) -> None:
        rules = release.behaviour["api_errors"][name]
        self.name = name
        self.text = _text(rules)
        self.event: dict[str, Any] | None = None
        info: dict[str, Any] | None = None
        if name == "usage_limit":
            resets_at = options.get("resets_at")
            if resets_at is not None:
                when = reset_time(resets_at, now)
                self.text += rules["resets"].replace("$when", when).replace("$clock", when.partition(" (")[0])
            info = _limit_info(resets_at)
            if rules["event"]:
                self.event = info
        self.values: dict[str, Any] = {
            "error": rules["error"],
            "status": rules["status"],
            "error_type": rules["error_type"],
            "api_error": rules["api_error"],
            "terminal": rules["terminal"],
            "params": {"rate_limit_info": info} if info else None,
            "quota": info,
        }


def _text(rules: Mapping[str, Any]) -> str:
    """What the user reads; the releases say it in another way with an API key, and where the API is somebody else's."""
    text: str = rules["text"]
    if "with_key" in rules and os.environ.get("ANTHROPIC_API_KEY"):
        text = rules["with_key"]
    elif "elsewhere" in rules:
        host = os.environ.get("ANTHROPIC_BASE_URL", "").partition("://")[2].partition("/")[0]
        if host and not host.endswith("anthropic.com"):
            text = rules["elsewhere"].replace("$host", host)
    return text.replace("$request_id", "req_000000000000000000000001")


def reset_time(resets_at: float, now: float) -> str:
    """When a limit ends, as the program writes it: "6am (UTC)", "6:16am (UTC)", "Nov 24, 6am (UTC)".

    :param resets_at: epoch seconds.
    :param now: epoch seconds.
    """
    local = time.localtime(resets_at)
    minutes = f":{local.tm_min:02d}" if local.tm_min else ""
    clock = f"{local.tm_hour % 12 or 12}{minutes}{'am' if local.tm_hour < 12 else 'pm'}"
    if resets_at - now > _DAY_S:
        clock = f"{_MONTHS[local.tm_mon - 1]} {local.tm_mday}, {clock}"
    return f"{clock} ({_zone()})"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _limit_info(resets_at: float | None) -> dict[str, Any]:
    info: dict[str, Any] = {"status": "rejected"}
    if resets_at is not None:
        info["resetsAt"] = int(resets_at)
    info.update(rateLimitType="five_hour", overageStatus="rejected", isUsingOverage=False)
    return info


def _zone() -> str:
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        link = os.path.realpath("/etc/localtime")
        name = link.partition("/zoneinfo/")[2]
    return name if name and name != "Etc/UTC" else "UTC"
