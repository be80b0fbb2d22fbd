"""The script's `play`: a start does what a recording tells, and keeps its conversation on disk all the same."""

from __future__ import annotations

from .misbehaviour import Crash
from .recording import CONFIG_DIR, CWD, Recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .program import Program
    from .recording import Event


class Player:
    """Plays a recording in one start.

    :param program: the start.
    :param path: of the recording.

    :raises BadRecording: when it is none.
    """

    def __init__(self, program: Program, path: str) -> None:
        self._program = program
        self._recording = Recording.read(path)
        self._first, self._turns = self._recording.turns()

    @property
    def goes_on(self) -> bool:
        """Whether a turn is left."""
        return bool(self._turns)

    def refuse(self) -> None:
        """End before any turn where the recorded program did.

        :raises Crash: then.
        """
        if self._first:
            self._play(self._first)
            raise Crash(self._recording.status)

    def turn(self) -> tuple[str, bool]:
        """Print the next turn; returns its last answer, and whether it ended well.

        :raises Crash: when the recorded program ended in it.
        """
        events = self._turns.pop(0)
        self._play(events)
        frames = [event["out"] for event in events if "out" in event]
        results = [frame for frame in frames if frame.get("type") == "result"]
        if not results:
            raise Crash(self._recording.status)
        texts = [block["text"] for frame in frames if frame.get("type") == "assistant" for block in _texts(frame)]
        reply = results[-1].get("result") or (texts[-1] if texts else "")
        return str(reply), results[-1].get("is_error") is not True

    def _play(self, events: list[Event]) -> None:
        out = self._program.out
        for event in events:
            if "err" in event:
                out.error(event["err"] + "\n")
            elif "noise" in event:
                out.line(event["noise"])
            elif "out" in event:
                self._frame(event["out"])

    def _frame(self, frame: dict[str, Any]) -> None:
        program = self._program
        if frame.get("type") != "control_request":
            program.out.frame(self._here(frame))
        elif program.host is not None:
            program.host.request(self._here(frame["request"]))

    def _here(self, value: Any) -> Any:
        """A recorded value with this start's id and directories."""
        program = self._program
        if isinstance(value, dict):
            return {key: self._here(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._here(part) for part in value]
        if not isinstance(value, str):
            return value
        if hasattr(program, "session") and self._recording.session_id:
            value = value.replace(self._recording.session_id, program.session.id)
        return value.replace(CONFIG_DIR, program.config_dir).replace(CWD, program.cwd)


def _texts(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in frame["message"]["content"] if block.get("type") == "text"]
