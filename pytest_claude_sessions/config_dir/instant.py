"""Instants as the config directory counts them: UTC, in milliseconds or nanoseconds since 1970."""

from __future__ import annotations

import datetime as dt

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class NaiveTime(ValueError):
    """A `datetime` without a time zone was given: it would mean another instant on another machine."""

    def __init__(self, given: dt.datetime) -> None:
        super().__init__(
            f"{given!r} has no time zone; give an aware datetime, such as {given!r}.replace(tzinfo=datetime.UTC)"
        )


def now() -> dt.datetime:
    """The present (UTC), to the millisecond; frozen where freezegun has frozen it."""
    return whole_ms(dt.datetime.now(dt.UTC))


def whole_ms(moment: dt.datetime) -> dt.datetime:
    """The instant in UTC, cut to whole milliseconds, which is what the files hold.

    :raises NaiveTime: when it has no time zone.
    """
    if moment.tzinfo is None:
        raise NaiveTime(moment)
    moment = moment.astimezone(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def epoch_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970.

    :raises NaiveTime: when it has no time zone.
    """
    return (whole_ms(moment) - _EPOCH) // dt.timedelta(milliseconds=1)


def epoch_ns(moment: dt.datetime) -> int:
    """Nanoseconds since 1970, for `os.utime`.

    :raises NaiveTime: when it has no time zone.
    """
    return epoch_ms(moment) * 1_000_000
