"""Moving the clock of a driver that takes no time from its requests: libfaketime (Debian package faketime)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACES = (
    "/usr/lib/*/faketime",
    "/usr/lib/faketime",
    "/usr/lib64/faketime",
    "/usr/local/lib/faketime",
    "/opt/homebrew/lib/faketime",
)
_NAMES = ("libfaketimeMT.so.1", "libfaketime.so.1", "libfaketime.1.dylib")


class FakeTime:
    """A file that drivers under libfaketime read the time from, each time that they ask for it.

    What libfaketime 0.9.10 does besides: a sleep under a frozen clock ends at once, and one until an instant of the
    monotonic clock, such as Python's, fails; a driver that can take the time from its requests does better.

    :param library: to preload
    """

    def __init__(self, library: Path) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="claude-faketime-"))
        self._file = self._directory / "now"
        self._shown: datetime | None = None
        preload = "DYLD_INSERT_LIBRARIES" if library.suffix == ".dylib" else "LD_PRELOAD"
        already = os.environ.get(preload)
        self.env: Mapping[str, str] = {
            preload: f"{library}:{already}" if already else str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_FMT": "%s",
            "FAKETIME_NO_CACHE": "1",
            # Time-outs would never end, and files have the times that the suite gives them.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    @classmethod
    def make(cls) -> FakeTime | None:
        """Ready for use, None where the machine has no libfaketime."""
        library = find_library()
        return cls(library) if library else None

    def follow(self) -> None:
        """Show what this process's frozen clock shows, or the machine's time when it is not frozen."""
        from ..frozen_time import FrozenTime

        instant = FrozenTime.shown()
        if instant == self._shown:
            return
        self._shown = instant
        if instant is None:
            self._file.unlink(missing_ok=True)
            return
        seconds, fraction = divmod((instant - _EPOCH) // _MICROSECOND, 1_000_000)
        new = self._directory / "new"
        new.write_text(f"{seconds}.{fraction:06}")
        new.replace(self._file)

    def close(self) -> None:
        """Remove the file."""
        shutil.rmtree(self._directory, ignore_errors=True)


def find_library() -> Path | None:
    """The library, preferably the one for programs with threads."""
    for place in _PLACES:
        for name in _NAMES:
            found = sorted(Path("/").glob(f"{place[1:]}/{name}"))
            if found:
                return found[0]
    return None
