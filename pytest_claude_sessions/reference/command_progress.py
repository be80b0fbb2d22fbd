"""What goes on while a command takes long: a line on a terminal's stderr, and nothing anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

PERIOD_S = 1.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows a text with the seconds since it was set, until it is left.

    :param text: what goes on
    :param stream: where it is shown when it is a terminal, stderr when None
    """

    def __init__(self, text: str, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.say(text)

    def say(self, text: str) -> None:
        """From now on something else goes on."""
        self._text, self._since = text, time.monotonic()
        if self._thread.is_alive():
            self._write()

    def __enter__(self) -> Progress:
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._shown:
            self._thread.join()
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _run(self) -> None:
        self._write()
        while not self._ended.wait(PERIOD_S):
            self._write()

    def _write(self) -> None:
        with self._writing:
            self._stream.write(f"{_CLEAR}{self._text} ({time.monotonic() - self._since:.0f} s)")
            self._stream.flush()
