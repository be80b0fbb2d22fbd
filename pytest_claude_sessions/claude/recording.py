"""Recordings of the program: a file of JSON lines, the first about the run, each other one event of it.

`{"recording": 1, "release": ..., "session_id": ..., "sdk": ..., "made": ...}`, then in the order in which they came
`{"in": MESSAGE}` written to the program, `{"out": FRAME, "as": TYPE}` printed by it (and what the SDK of the day made
of it), `{"noise": LINE}` on stdout that is no frame, `{"err": LINE}` on stderr, and last `{"exit": STATUS}`.
"""

from __future__ import annotations

from .json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Event = dict[str, Any]

FORM = 1
HOME, CONFIG_DIR, CWD = "/home/user", "/home/user/.claude", "/home/user/repo"  # what stands for the recorded machine's
_KINDS = ("in", "out", "noise", "err", "exit")


class BadRecording(ValueError):
    """A file that is no recording; the text is one line that names it and what to do.

    :ivar path: the file.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}")


class Recording:
    """A run of the program.

    :ivar path: the file.
    :ivar about: its first line: "release", "session_id", "sdk", "made".
    :ivar events: the others, in order, with their line numbers.
    """

    __slots__ = ("about", "events", "path")

    def __init__(self, path: str, about: Event, events: Sequence[tuple[int, Event]]) -> None:
        self.path = path
        self.about = about
        self.events = list(events)

    @classmethod
    def read(cls, path: str) -> Recording:
        """Read a recording.

        :raises BadRecording: when it is not there, is none, or is of another form.
        """
        try:
            with open(path, encoding="utf-8") as file:
                lines = file.read().split("\n")
        except OSError as error:
            raise BadRecording(
                path, f"cannot be read ({error.strerror}): make it with claude_stream.record()"
            ) from None
        except UnicodeDecodeError:
            raise BadRecording(path, "is no text in UTF-8: make it again with claude_stream.record()") from None
        parsed = [(number, _parsed(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]
        if not parsed or "recording" not in parsed[0][1]:
            raise BadRecording(path, 'line 1 is not {"recording": ...}: is this a file of claude_stream.record()?')
        about, events = parsed[0][1], parsed[1:]
        if about["recording"] != FORM:
            raise BadRecording(path, f"is of form {about['recording']!r} and {FORM} is known: record it again")
        if not isinstance(about.get("release"), str):
            raise BadRecording(path, "line 1 names no release: record it again")
        for number, event in events:
            if not any(kind in event for kind in _KINDS):
                raise BadRecording(path, f"line {number} is none of {', '.join(_KINDS)}: record it again")
        if not events or "exit" not in events[-1][1]:
            raise BadRecording(path, "has no exit at its end, it breaks off: record it again")
        return cls(path, about, events)

    @property
    def status(self) -> int:
        """Exit status; minus the number of the signal that killed the program."""
        return int(self.events[-1][1]["exit"])

    @property
    def session_id(self) -> str | None:
        """The conversation that its frames name."""
        named: str | None = self.about.get("session_id")
        return named

    def answers(self) -> dict[str, list[Event]]:
        """What the program answered to each kind of control request, first come first."""
        asked: dict[str, str] = {}
        answered: dict[str, list[Event]] = {}
        for _, event in self.events:
            sent, frame = event.get("in"), event.get("out")
            if sent is not None and sent.get("type") == "control_request":
                asked[sent["request_id"]] = sent["request"]["subtype"]
            elif frame is not None and frame.get("type") == "control_response":
                subtype = asked.get(frame["response"].get("request_id"))
                if subtype is not None:
                    answered.setdefault(subtype, []).append(frame)
        return answered

    def turns(self) -> tuple[list[Event], list[list[Event]]]:
        """What is printed before the program takes prompts when it takes none, and what each prompt sets off.

        A turn ends with its result; what comes behind that, up to the next prompt or init, still belongs to it.
        """
        turns: list[list[Event]] = [[]]
        prompted = False
        for _, event in self.events:
            sent, frame = event.get("in"), event.get("out")
            if sent is not None:
                prompted = prompted or sent.get("type") == "user"
                if turns[-1] and sent.get("type") == "user" and _has_result(turns[-1]):
                    turns.append([])
                continue
            if frame is not None and frame.get("type") in ("control_response", "control_cancel_request"):
                continue
            if frame is not None and frame.get("subtype") == "init" and _has_result(turns[-1]):
                turns.append([])
            turns[-1].append(event)
        prompted = prompted or any(_is_init(event) for event in turns[0])
        return ([], [turn for turn in turns if turn]) if prompted else (turns[0], [])


def _parsed(path: str, number: int, line: str) -> Event:
    try:
        event = loads(line)
    except ValueError:
        raise BadRecording(path, f"line {number} is not JSON: record it again") from None
    if not isinstance(event, dict):
        raise BadRecording(path, f"line {number} is no JSON object: record it again")
    return event


def _has_result(events: Sequence[Event]) -> bool:
    return any(event.get("out", {}).get("type") == "result" for event in events)


def _is_init(event: Event) -> bool:
    return bool(event.get("out", {}).get("subtype") == "init")
