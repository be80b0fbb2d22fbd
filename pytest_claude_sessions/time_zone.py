"""The local time zone of the process, set and put back."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

_POSIX_RULE = re.compile(r"(<[-+\w]+>|[A-Za-z]{3,})[-+]?\d")


class UnknownTimezone(ValueError):
    """No such time zone on this machine: the C library would silently take it for UTC."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no time zone {name!r} on this machine: give a name of the IANA data base such as "
            "'Europe/Berlin' (tzdata brings them), or a POSIX rule such as 'EST5EDT,M3.2.0,M11.1.0'"
        )


def local_zone(name: str) -> Callable[[], None]:
    """Make a time zone the local one of this process and of the children that get its environment.

    name: of the IANA data base, or a POSIX rule. Returns the function that puts back what was there.
    Raises UnknownTimezone.
    """
    value = _variable(name)
    before = os.environ.get("TZ")
    _set(value)
    return lambda: _set(before)


def _set(value: str | None) -> None:
    if value is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = value
    time.tzset()


def _variable(name: str) -> str:
    """The value of TZ for the C library: the name, or a file of the package tzdata where that is all."""
    if name == "UTC" or _POSIX_RULE.match(name):
        return name
    import importlib.util
    import zoneinfo

    if name and not name.startswith("/") and ".." not in name:
        if any(os.path.isfile(os.path.join(root, name)) for root in zoneinfo.TZPATH):
            return name
        package = importlib.util.find_spec("tzdata")
        for root in (package.submodule_search_locations or ()) if package else ():
            file = os.path.join(root, "zoneinfo", name)
            if os.path.isfile(file):
                return f":{file}"
    raise UnknownTimezone(name)
