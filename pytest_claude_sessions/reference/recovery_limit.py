"""Recognising a usage limit in a transcript's record, and when it ends (REC-01 to REC-03).

The fields of a record say it where the release that wrote it has any; the wording is for those that have none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_LIMIT_FIELDS = (
    ("error", "rate_limit"),
    ("apiError", "usage_limit_reached"),
    ("apiErrorType", "rate_limit_error"),
    ("apiErrorStatus", 429),
)
_UNTOLD = (None, "", "unknown")
"""Values of `error` with which a release says nothing."""

# How the releases word it, at the very beginning of what they say (facts; the texts reported by users).
_WORDINGS = re.compile(
    r"""Claude\ (?:AI\ )?usage\ limit\ reached
      | You['’]ve\ hit\ your\ (?:[\w-]+\ ){0,3}limit
      | (?:[\w-]+\ ){0,3}limit\ reached
      | Spending\ cap\ reached
      | You['’]re\ (?:now\ )?out\ of\ extra\ usage
      | API\ Error:\ (?:429\b|Request\ rejected\ \(429\)|Rate\ limit\ reached)""",
    re.VERBOSE | re.IGNORECASE,
)
_EPOCH = re.compile(r"\|(\d{9,13})\b")
_CLOCK = re.compile(
    r"""\bresets?\ (?:at\ )?
        (?:(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\ (?P<day>\d{1,2})
           (?:,\ (?P<year>\d{4}))?(?:,|\ at)?\ )?
        (?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\ ?(?P<half>am|pm)
        (?:\ \((?P<zone>[^()]+)\))?""",
    re.VERBOSE | re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MILLISECONDS = 1e11
"""A count of seconds above this would be in the fifty-second century: it is milliseconds."""
_TRUNCATED = timedelta(minutes=1)
"""The text leaves the seconds out, so that the time it names may lie this much before the record's own."""
_DAYS = 8
"""No limit is longer than a week; the day after that stands for zones and clocks that disagree."""


def is_usage_limit(record: Mapping[str, Any]) -> bool:
    """Whether Claude itself wrote the record because of a limit; what was merely said never counts (REC-02)."""
    if record.get("type") != "assistant" or record.get("isApiErrorMessage") is not True:
        return False
    if any(record.get(name) == value for name, value in _LIMIT_FIELDS):
        return True
    if record.get("error") not in _UNTOLD or isinstance(record.get("apiErrorStatus"), int):
        return False
    return _WORDINGS.match(text_of(record)) is not None


def reset_of(record: Mapping[str, Any], written_at: datetime | None, zone: tzinfo | None) -> datetime | None:
    """When the limit ends, in UTC; None when the record does not say it, for then nobody knows (REC-03).

    :param written_at: when the record was written, which a time of day counts from
    :param zone: where the clock is that a text without a zone means; None when that is not known
    """
    parameters = record.get("apiErrorParams")
    info = parameters.get("rate_limit_info") if isinstance(parameters, dict) else None
    for holder in (info, record.get("quotaLimits")):
        told = _instant(holder.get("resetsAt")) if isinstance(holder, dict) else None
        if told is not None:
            return told
    text = text_of(record)
    epoch = _EPOCH.search(text)
    if epoch is not None:
        return _instant(int(epoch.group(1)))
    clock = _CLOCK.search(text)
    if clock is None or written_at is None:
        return None
    try:
        return _next(clock, written_at, zone)
    except OverflowError:  # a record from the beginning or the end of time
        return None


def zone_of(env: Mapping[str, str]) -> tzinfo | None:
    """The zone of a Claude that runs with this environment, None when its name says nothing here."""
    name = env.get("TZ", "").lstrip(":")
    return _zone(name) if name else datetime.now().astimezone().tzinfo


def text_of(record: Mapping[str, Any]) -> str:
    """The text of a user or assistant record: that of its text blocks, one a line."""
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else ()
    texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        return None
    seconds = value / 1000 if value > _MILLISECONDS else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _zone(name: str) -> tzinfo | None:
    if name in ("UTC", "GMT", "Etc/UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such zone, or no table of zones on this machine
        return None


def _next(clock: re.Match[str], written_at: datetime, zone: tzinfo | None) -> datetime | None:
    """The first instant after the record was written at which clocks in the zone show this time."""
    zone = _zone(clock["zone"].strip()) if clock["zone"] else zone
    hour, minute = int(clock["hour"]), int(clock["minute"] or 0)
    if zone is None or not 1 <= hour <= 12 or minute > 59:
        return None
    hour = hour % 12 + (12 if clock["half"].lower() == "pm" else 0)
    earliest = written_at - _TRUNCATED
    start = earliest.astimezone(zone)
    month = _MONTHS.index(clock["month"][:3].lower()) + 1 if clock["month"] else None
    for days in range(_DAYS if month is None else 366):
        date = (start + timedelta(days=days)).date()
        if month is not None and (date.month, date.day) != (month, int(clock["day"])):
            continue
        if clock["year"] and date.year != int(clock["year"]):
            continue
        # In the hour that clocks go through twice the later one is meant: too late does less harm than too early.
        at = datetime(date.year, date.month, date.day, hour, minute, tzinfo=zone, fold=1).astimezone(UTC)
        if at >= earliest:
            return at
    return None
