"""What the SDK writes to the program, and what that sets off.

Needs `anyio`, which comes with the SDK, so that it works under asyncio and trio alike.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any

import anyio

from .control import answers
from .errors import ScriptExhausted
from .script import Answer, Turn

if TYPE_CHECKING:
    from .composer import Composer
    from .script import Frame, HookRun, Script


class Inbox:
    """Everything that came in, sorted.

    :ivar written: every message, parsed.
    :ivar prompts: the texts of the user messages.
    :ivar answers: what was answered to the program's own requests.
    :ivar out: answers to the SDK's requests; they overtake the turn that is being played.
    :ivar ended: the input was closed.
    :ivar playing: a turn is under way, so that an interrupt has something to cut off.
    :ivar interrupted: the turn is to be cut off, or the next one when it came too late for this one.
    :ivar look: something came since this was last False.
    """

    def __init__(self, script: Script, composer: Composer, *, strict: bool) -> None:
        self.written: list[dict[str, Any]] = []
        self.prompts: list[str] = []
        self.answers: list[Answer] = []
        self.out: deque[Frame] = deque()
        self.ended = self.playing = self.interrupted = self.look = False
        self._script = script
        self._composer = composer
        self._strict = strict
        self._owed: deque[Turn | ScriptExhausted] = deque()
        self._asked: dict[str, dict[str, Any]] = {}
        self._replies: dict[str, Answer] = {}
        self._hooks: dict[str, list[dict[str, Any]]] = {}
        self._fresh = False
        self._waiter: anyio.Event | None = None  # made inside a running loop, as anyio may demand it

    def restart(self) -> None:
        """The program is started again: what was on its way is gone, what was written stays."""
        self.ended = self.playing = self.interrupted = False
        for store in (self.out, self._owed, self._asked, self._replies, self._hooks):
            store.clear()

    def take(self, data: str) -> None:
        """Sort one or more lines."""
        for line in data.split("\n"):
            if line.strip():
                message: dict[str, Any] = json.loads(line)
                self.written.append(message)
                self._sort(message)
        self.tell()

    def owe(self, prompt: str | None) -> None:
        """A prompt came: the next turn of the script is owed for it."""
        if prompt is not None:
            self.prompts.append(prompt)
        turn = self._script.take()
        if turn is None and self._strict and self._script.turns:
            self._owed.append(ScriptExhausted(prompt, len(self._script.turns)))
        else:
            self._owed.append(turn or self._reply())

    def next_turn(self) -> Turn | None:
        """The turn owed for the oldest prompt that has none yet.

        :raises ScriptExhausted: when the script had none for it.
        """
        if not self._owed:
            return None
        turn = self._owed.popleft()
        if isinstance(turn, ScriptExhausted):
            raise turn
        return turn

    def turn_is_over(self, stopped: bool) -> None:
        """A turn ended, by an interrupt or by itself; an interrupt that came too late is for the prompt behind it."""
        self.playing = False
        if stopped or not self._owed:
            self.interrupted = False

    def ask(self, request_id: str, request: dict[str, Any]) -> None:
        """The program waits for the answer to this."""
        self._asked[request_id] = request

    def reply(self, request_id: str) -> Answer | None:
        """The answer, once it is there; a closed input answers for the SDK, as measured."""
        if self.ended and request_id in self._asked:
            self._settle(request_id, Answer(self._asked[request_id], error="Stream closed"))
        return self._replies.pop(request_id, None)

    def callbacks(self, run: HookRun) -> list[str]:
        """The ids of the callbacks that `initialize` registered for an event."""
        return [
            str(callback)
            for matcher in self._hooks.get(run.event) or ()
            if _matches(matcher.get("matcher"), run.tool_name)
            for callback in matcher.get("hookCallbackIds") or ()
        ]

    def tell(self) -> None:
        """Wake the reader."""
        self.look = self._fresh = True
        if self._waiter is not None:
            self._waiter.set()

    async def wait(self) -> None:
        """Until something comes that has not been waited for."""
        if not self._fresh:
            self._waiter = anyio.Event()
            await self._waiter.wait()
        self._fresh = False

    def _sort(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "user":
            self.owe(_text(message.get("message", {}).get("content")))
        elif kind == "control_request":
            request = message["request"]
            if request.get("subtype") == "initialize":
                self._hooks = request.get("hooks") or {}
            self.out.extend(answers(self._composer, message["request_id"], request))
            if request.get("subtype") == "interrupt":
                self.interrupted = self.playing or bool(self._owed)
        elif kind == "control_response":
            response = message["response"]
            request_id = response.get("request_id")
            if request_id in self._asked:
                answer = Answer(self._asked[request_id], response.get("response"), response.get("error"))
                self._settle(request_id, answer)

    def _settle(self, request_id: str, answer: Answer) -> None:
        del self._asked[request_id]
        self.answers.append(answer)
        self._replies[request_id] = answer

    def _reply(self) -> Turn:
        """What the fake program says without a script (SPEC 6), each prompt and reply being a message."""
        text = f"reply to {max(2 * len(self.prompts) - 1, 1)} messages"
        make = self._composer
        return Turn([make.init(), make.text(text), make.result(text, 1)])


def _matches(matcher: str | None, tool_name: str | None) -> bool:
    if not matcher or matcher == "*" or tool_name is None:
        return True
    return re.fullmatch(matcher, tool_name) is not None


def _text(content: object) -> str:
    if isinstance(content, list):
        texts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "\n".join(text for text in texts if text)
    return str(content)
