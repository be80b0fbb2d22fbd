"""What a scripted program does: turns, one for each prompt, of frames and of everything else that can happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """Text on stdout that is no frame: noise, or a frame that broke off.

    :ivar text: without its line end.
    :ivar complete: a line end follows; False for the last thing a dying program wrote.
    """

    text: str
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Stderr:
    """A line on stderr."""

    text: str


@dataclass(frozen=True, slots=True)
class Exit:
    """The program ends here.

    :ivar code: exit status; minus the number of the signal that killed it.
    """

    code: int


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more comes until the turn is interrupted or the transport closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the SDK answered to a request of the program.

    :ivar request: the request's body, with its `subtype`.
    :ivar response: the body of the answer; None when it was an error.
    :ivar error: the error's text; None when there was none.
    """

    request: Mapping[str, Any]
    response: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether a permission was granted (`{"behavior": "allow"}`; SDK 0.1.0 says `{"allow": true}`)."""
        answer = self.response or {}
        return answer.get("behavior") == "allow" or answer.get("allow") is True


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows from an answer.

    :ivar frames: printed next.
    :ivar denial: entry of the result's `permission_denials`.
    :ivar ends: the rest of the turn does not happen.
    """

    frames: tuple[Frame, ...] = ()
    denial: Mapping[str, Any] | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A control request to the SDK; the turn goes on when it is answered."""

    request: Mapping[str, Any]
    settle: Callable[[Answer], Settled] = lambda answer: Settled()


@dataclass(frozen=True, slots=True)
class HookRun:
    """The hook callbacks that the SDK registered for an event, called one after the other.

    :ivar tool_name: what the matchers are tried on; None matches every one.
    :ivar input: what the callbacks get.
    """

    event: str
    tool_name: str | None
    tool_use_id: str | None
    input: Mapping[str, Any]


Step = Frame | Line | Stderr | Exit | Hang | Ask | HookRun


@dataclass(slots=True)
class Turn:
    """What one prompt sets off.

    :ivar steps: in order.
    :ivar at_start: it happens when the program starts, before it answers the SDK's `initialize`.
    :ivar closed: its result, or the end of the program, is there.
    """

    steps: list[Step] = field(default_factory=list)
    at_start: bool = False
    closed: bool = False

    @property
    def session_id(self) -> str | None:
        """The id that its last frame names."""
        return next(
            (step["session_id"] for step in reversed(self.steps) if isinstance(step, dict) and "session_id" in step),
            None,
        )

    @property
    def failed(self) -> bool:
        """Whether its last result is an error: a program that reads the end of its input then exits with 1."""
        return next(
            (
                step.get("is_error") is True
                for step in reversed(self.steps)
                if isinstance(step, dict) and step.get("type") == "result"
            ),
            False,
        )


class Script:
    """The turns of one stream, and how many of them its transports have used."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.used = 0

    def add(self, step: Step) -> None:
        """Append to the open turn, or begin one; a result, an exit and a hang close it."""
        self.add_open(step)
        if isinstance(step, Exit | Hang) or (isinstance(step, dict) and step.get("type") == "result"):
            self.turns[-1].closed = True

    def add_open(self, step: Step) -> None:
        """Append to the open turn, or begin one, and leave it open."""
        self._open().steps.append(step)

    def add_at_start(self, *steps: Step) -> None:
        """A turn of its own that happens before the program is ready."""
        self.turns.append(Turn(list(steps), at_start=True, closed=True))

    def trail(self, step: Step) -> None:
        """Append behind the last result, where the program prints on after it."""
        if not self.turns:
            self.turns.append(Turn())
        self.turns[-1].steps.append(step)

    def last(self) -> Turn:
        """The turn that was scripted last, open or closed, while no transport has used it; else a new one."""
        return self.turns[-1] if self.used < len(self.turns) else self._open()

    def current(self) -> list[Step]:
        """The steps of the open turn so far."""
        return self.turns[-1].steps if self._is_open() else []

    def next(self) -> Turn | None:
        """The turn that the next prompt gets, left where it is."""
        return self.turns[self.used] if self.used < len(self.turns) else None

    def take(self) -> Turn | None:
        """The turn for a prompt; None when none is left."""
        turn = self.next()
        self.used += turn is not None
        return turn

    def shown(self) -> Iterator[Frame | Line]:
        """What stdout shows of every turn, every permission being granted."""
        for turn in self.turns:
            yield from shown(turn.steps)

    def steps(self) -> Iterator[Step]:
        """Every step of every turn."""
        for turn in self.turns:
            yield from turn.steps

    def _is_open(self) -> bool:
        return bool(self.turns) and not self.turns[-1].closed and self.used < len(self.turns)

    def _open(self) -> Turn:
        if not self._is_open():
            self.turns.append(Turn())
        return self.turns[-1]


def shown(steps: Iterable[Step]) -> Iterator[Frame | Line]:
    """What stdout shows of some steps, every permission being granted."""
    for step in steps:
        if isinstance(step, dict | Line):
            yield step
        elif isinstance(step, Ask):
            yield from step.settle(Answer(step.request, {"behavior": "allow"})).frames


def tool_results(steps: Iterable[Step]) -> int:
    """How many tool results are among some steps."""
    return sum(isinstance(step, dict) and step.get("type") == "user" for step in shown(steps))
