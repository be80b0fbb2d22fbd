"""A `Transport` of the installed SDK that plays a script instead of running the program.

It stands where `SubprocessCLITransport` does, one start of the program, and raises what that raises: measured with
claude-agent-sdk 0.2.186 and the releases 1.0.128 to 2.1.329. Imported when a transport is first asked for, because the
class has to inherit from the SDK's.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint

from ..claude.forms import new_uuid
from .control import answers
from .errors import ScriptExhausted
from .script import Answer, Ask, Exit, Hang, HookRun, Line, Script, Stderr, Turn
from .sdk import load

_SDK = load("claude_stream.transport()")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from claude_agent_sdk import Transport

    from .composer import Composer
    from .script import Frame
else:
    Transport = _SDK.transport

# Rounds of the event loop within which an SDK that speaks first has spoken: it writes `initialize` in the first one.
_ROUNDS = 20


class StreamTransport(Transport):
    """One start of a scripted program.

    Attributes:
        written: every message that the SDK wrote, parsed, in order.
        prompts: the texts of the user messages among them.
        answers: what the SDK answered to the program's own requests.
        stderr: the lines that the program printed there.
        exit_code: exit status; None while it runs.
        closed: the SDK closed the transport.
    """

    def __init__(
        self,
        script: Script,
        composer: Composer,
        *,
        stderr: Callable[[str], None] | None = None,
        prompt: str | None = None,
        strict: bool = True,
    ) -> None:
        self.written: list[dict[str, Any]] = []
        self.prompts: list[str] = []
        self.answers: list[Answer] = []
        self.stderr: list[str] = []
        self.exit_code: int | None = None
        self.closed = False
        self._script = script
        self._composer = composer
        self._on_stderr = stderr
        self._prompt = prompt
        self._strict = strict
        self._ready = False
        self._input_ended = False
        self._failed = False  # the last result was an error: the exit status at the end of the input
        self._owed: deque[Turn | ScriptExhausted] = deque()
        self._out: deque[Frame] = deque()  # answers to the SDK, which overtake the turn
        self._replies: dict[str, Answer] = {}
        self._asked: dict[str, dict[str, Any]] = {}
        self._hooks: dict[str, list[dict[str, Any]]] = {}
        self._playing = False
        self._interrupted = False
        self._look = False  # `_out` or `_interrupted` wants attention: one flag keeps the path of a frame short
        self._news = anyio.Event()

    async def connect(self) -> None:
        """Start the program. A second time, after `close`, it is a new start that goes on in the script."""
        self.closed = self._input_ended = self._failed = False
        self.exit_code = None
        self._ready = True

    def is_ready(self) -> bool:
        """Whether it can be written to."""
        return self._ready

    async def write(self, data: str) -> None:
        """Take one or more lines from the SDK.

        Raises:
            CLIConnectionError: when the program has ended, or its input was closed.
        """
        if not self._ready or self._input_ended:
            raise _SDK.connection_error("ProcessTransport is not ready for writing")
        if self.exit_code is not None:
            raise _SDK.connection_error(f"Cannot write to terminated process (exit code: {self.exit_code})")
        for line in data.splitlines():
            if line.strip():
                message: dict[str, Any] = json.loads(line)
                self.written.append(message)
                self._take(message)
        self._tell()

    async def end_input(self) -> None:
        """Close the program's input: it finishes its turns and exits."""
        self._input_ended = True
        self._tell()

    async def close(self) -> None:
        """End the program, whatever it does."""
        self._ready = False
        self.closed = True
        self._tell()

    def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the program prints.

        Raises:
            ProcessError: when it exits with another status than 0.
            CLIJSONDecodeError: when it printed half a frame before another one.
            ScriptExhausted: when a prompt found no turn.
        """
        return self._read()

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        if not self._ready:
            raise _SDK.connection_error("Not connected")
        await self._first_words()
        first = self._script.next()
        if first is not None and first.at_start:
            self._script.take()
            self._owed.appendleft(first)
        while not self.closed:
            if self._out and not (self._owed and isinstance(self._owed[0], Turn) and self._owed[0].at_start):
                yield self._out.popleft()
            elif self._owed:
                turn = self._owed.popleft()
                if isinstance(turn, ScriptExhausted):
                    raise turn
                self._playing = True
                async for frame in self._play(turn):
                    yield frame
                self._playing = self._interrupted = False
                if self.exit_code is not None:
                    break
            elif self._input_ended:
                self.exit_code = int(self._failed)
                break
            else:
                await self._wait()
        if self.exit_code:
            raise _SDK.process_error(
                f"Command failed with exit code {self.exit_code}",
                exit_code=self.exit_code,
                stderr="Check stderr output for details",
            )

    async def _play(self, turn: Turn) -> AsyncIterator[dict[str, Any]]:
        denials: list[Any] = []
        swallowed = False
        steps = turn.steps
        for step in steps:
            if self._look and not turn.at_start:
                self._look = False
                while self._out:
                    yield self._out.popleft()
                if self._interrupted:
                    break
            if type(step) is dict:
                if swallowed:
                    continue
                if denials and step.get("type") == "result":
                    step = {**step, "permission_denials": denials}
                yield step
            elif isinstance(step, Line):
                swallowed = swallowed or self._print(step)
            elif isinstance(step, Stderr):
                self._complain(step.text)
            elif isinstance(step, Exit):
                self.exit_code = step.code
                return
            else:
                for ask in self._requests(step):
                    request_id = new_uuid()
                    self._asked[request_id] = dict(ask.request)
                    yield {"type": "control_request", "request_id": request_id, "request": dict(ask.request)}
                    while not (request_id in self._replies or self._interrupted or self.closed):
                        if self._input_ended:
                            self._settle(request_id, Answer(ask.request, error="Stream closed"))
                            break
                        await self._wait()
                        while self._out:
                            yield self._out.popleft()
                    if request_id not in self._replies:
                        break
                    settled = ask.settle(self._replies.pop(request_id))
                    if settled.denial is not None:
                        denials.append(dict(settled.denial))
                    for frame in settled.frames:
                        yield frame
                    if settled.ends:
                        self._failed = settled.frames[-1].get("is_error") is True
                        return
                while isinstance(step, Hang) and not (self._interrupted or self.closed):
                    await self._wait()
                    while self._out and not turn.at_start:
                        yield self._out.popleft()
                if self._interrupted or self.closed:
                    break
        self._failed = turn.failed
        if self._interrupted:
            for frame in self._composer.interrupted():
                self._failed = frame.get("is_error") is True
                yield frame

    async def _first_words(self) -> None:
        """Wait until the SDK has spoken; an old one says nothing when the prompt went on the command line."""
        rounds = 0
        while not (self.written or self._input_ended or self.closed):
            if _SDK.string_prompts_are_written:
                await self._wait()
                continue
            await checkpoint()
            rounds += 1
            if rounds == _ROUNDS:
                self._input_ended = True
                self._owe(self._prompt)

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "user":
            self._owe(_text(message.get("message", {}).get("content")))
        elif kind == "control_request":
            request = message["request"]
            if request.get("subtype") == "initialize":
                self._hooks = request.get("hooks") or {}
            self._out.extend(answers(self._composer, message["request_id"], request))
            if request.get("subtype") == "interrupt":
                self._interrupted = self._playing
        elif kind == "control_response":
            response = message["response"]
            request_id = response.get("request_id")
            if request_id in self._asked:
                answer = Answer(self._asked[request_id], response.get("response"), response.get("error"))
                self._settle(request_id, answer)

    def _owe(self, prompt: str | None) -> None:
        if prompt is not None:
            self.prompts.append(prompt)
        turn = self._script.take()
        if turn is None and self._strict and self._script.turns:
            self._owed.append(ScriptExhausted(prompt, len(self._script.turns)))
        else:
            self._owed.append(turn or self._reply())

    def _reply(self) -> Turn:
        """What the fake program says without a script (SPEC 6), each prompt and reply being a message."""
        text = f"reply to {max(2 * len(self.prompts) - 1, 1)} messages"
        make = self._composer
        return Turn([make.init(), make.text(text), make.result(text, 1)])

    def _requests(self, step: object) -> list[Ask]:
        if isinstance(step, Ask):
            return [step]
        if not isinstance(step, HookRun):
            return []
        callbacks = [
            callback
            for matcher in self._hooks.get(step.event, ())
            if _matches(matcher.get("matcher"), step.tool_name)
            for callback in matcher.get("hookCallbackIds", ())
        ]
        given = self._composer.hook_input(step.event, step.input)
        body = {"subtype": "hook_callback", "input": given, "tool_use_id": step.tool_use_id}
        return [Ask({**body, "callback_id": callback}) for callback in callbacks]

    def _settle(self, request_id: str, answer: Answer) -> None:
        self._asked.pop(request_id, None)
        self.answers.append(answer)
        self._replies[request_id] = answer

    def _print(self, line: Line) -> bool:
        """Text that is no frame, as this SDK's own transport takes it: whether it swallows what comes after."""
        text = line.text.strip()
        if not line.complete or not text:
            return False
        if not text.startswith("{"):
            return not _SDK.skips_noise
        if not _SDK.refuses_corrupt_lines:
            return True
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            raise _SDK.decode_error(text, error) from error
        return False

    def _complain(self, text: str) -> None:
        line = text.rstrip()
        if not line:
            return
        self.stderr.append(line)
        if self._on_stderr is not None:
            self._on_stderr(line)

    def _tell(self) -> None:
        self._look = True
        self._news.set()

    async def _wait(self) -> None:
        await self._news.wait()
        self._news = anyio.Event()


def _matches(matcher: str | None, tool_name: str | None) -> bool:
    if not matcher or matcher == "*" or tool_name is None:
        return True
    return re.fullmatch(matcher, tool_name) is not None


def _text(content: object) -> str:
    if isinstance(content, list):
        texts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "\n".join(text for text in texts if text)
    return str(content)
