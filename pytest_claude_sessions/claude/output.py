"""Standard output and standard error, in the format that was asked for."""

from __future__ import annotations

import os

from .transcript import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXT, JSON, STREAM = "text", "json", "stream-json"


class Output:
    """Where frames go.

    :param form: "text", "json" or "stream-json".
    :param verbose: with "json": print every frame as an array instead of the result alone.
    :ivar dead: nobody reads any more; what is printed is lost.
    """

    def __init__(self, form: str, verbose: bool) -> None:
        self.form = form
        self._verbose = verbose
        self._frames: list[dict[str, Any]] = []
        self.dead = False

    @property
    def streams(self) -> bool:
        """Whether each frame is printed as it comes."""
        return self.form == STREAM

    def frame(self, frame: dict[str, Any]) -> None:
        """Print or keep a frame."""
        if self.streams:
            self.line(dump(frame))
        else:
            self._frames.append(frame)

    def finish(self) -> None:
        """Print what the text and json formats print at the end."""
        if self.streams or not self._frames:
            return
        frames, self._frames = self._frames, []
        results = [frame for frame in frames if frame.get("type") == "result"]  # a hook's frame may come after it
        if self.form == TEXT:
            if results and "result" in results[-1]:
                self.line(results[-1]["result"])
        elif self._verbose:
            self.line("[" + ",".join([dump(frame) for frame in frames]) + "]")
        elif results:
            self.line(dump(results[-1]))

    def line(self, text: str) -> None:
        """Print a line on stdout."""
        self._write(1, text + "\n")

    def error(self, text: str) -> None:
        """Print text on stderr as it is."""
        self._write(2, text)

    def _write(self, fd: int, text: str) -> None:
        data = memoryview(text.encode("utf-8", "surrogateescape"))
        try:
            while data:
                data = data[os.write(fd, data) :]
        except OSError:
            self.dead = True
