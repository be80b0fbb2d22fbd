"""A `Transport` of the installed SDK that plays a script instead of running the program.

It stands where `SubprocessCLITransport` does, for one start of the program, and raises what that raises: measured with
claude-agent-sdk 0.2.186 and the releases 1.0.128 to 2.1.329. Imported when a transport is first asked for, because the
class has to inherit from the SDK's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anyio.lowlevel import checkpoint

from ..claude.forms import new_uuid
from .inbox import Inbox
from .script import Ask, Exit, Hang, HookRun, Line, Stderr, tool_results
from .sdk import load

_SDK = load("claude_stream.transport()")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from claude_agent_sdk import Transport

    from .composer import Composer
    from .script import Answer, Frame, Script, Step
else:
    Transport = _SDK.transport

# Rounds of the event loop within which an SDK that speaks first has spoken: it writes `initialize` in the first one.
_ROUNDS = 20


class StreamTransport(Transport):  # type: ignore[misc, unused-ignore]  # Any where the SDK is missing
    """One start of a scripted program.

    :ivar stderr: the lines that the program printed there.
    :ivar exit_code: exit status; None while it runs.
    :ivar closed: the SDK closed the transport.
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
        self.stderr: list[str] = []
        self.exit_code: int | None = None
        self.closed = False
        self._script = script
        self._composer = composer
        self._inbox = Inbox(script, composer, strict=strict)
        self._on_stderr = stderr
        self._prompt = prompt
        self._ready = False
        self._failed = False  # the last result was an error: the exit status at the end of the input
        self._cut = False  # an answer ended the turn before its last step
        self._deaf = False  # this SDK lost the thread at a line that is no frame
        self._denials: list[dict[str, Any]] = []

    @property
    def written(self) -> list[dict[str, Any]]:
        """Every message that the SDK wrote, parsed, in order."""
        return self._inbox.written

    @property
    def prompts(self) -> list[str]:
        """The texts of the user messages among them."""
        return self._inbox.prompts

    @property
    def answers(self) -> list[Answer]:
        """What the SDK answered to the program's own requests: permissions, hook callbacks."""
        return self._inbox.answers

    async def connect(self) -> None:
        """Start the program; after `close` it is another start, which goes on in the script."""
        if self.closed:
            self.closed = self._failed = self._deaf = False
            self.exit_code = None
            self._inbox.restart()
        self._ready = True

    def is_ready(self) -> bool:
        """Whether it can be written to."""
        return self._ready

    async def write(self, data: str) -> None:
        """Take one or more lines from the SDK.

        :raises CLIConnectionError: when the program has ended, or its input was closed.
        """
        if not self._ready or self._inbox.ended:
            raise _SDK.connection_error("ProcessTransport is not ready for writing")
        if self.exit_code is not None:
            raise _SDK.connection_error(f"Cannot write to terminated process (exit code: {self.exit_code})")
        self._inbox.take(data)

    async def end_input(self) -> None:
        """Close the program's input: it finishes its turns and exits."""
        self._inbox.ended = True
        self._inbox.tell()

    async def close(self) -> None:
        """End the program, whatever it does."""
        self._ready = False
        self.closed = True
        self._inbox.tell()

    def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the program prints.

        :raises ProcessError: when it exits with another status than 0.
        :raises CLIJSONDecodeError: when it printed half a frame and went on.
        :raises ScriptExhausted: when a prompt found no turn.
        """
        if not self._ready:
            raise _SDK.connection_error("Not connected")
        return self._read()

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        inbox = self._inbox
        await self._first_words()
        first = self._script.next()
        turn = self._script.take() if first is not None and first.at_start else None
        while self.exit_code is None and not self.closed:
            if turn is None:
                while inbox.out:
                    yield inbox.out.popleft()
                turn = inbox.next_turn()
            if turn is None:
                if inbox.ended:
                    self.exit_code = int(self._failed)
                else:
                    await inbox.wait()
                continue
            inbox.playing, self._cut, self._denials = True, False, []
            stopped = False
            self._composer.session_id = turn.session_id or self._composer.session_id
            for step in turn.steps:
                if inbox.look and not turn.at_start:
                    inbox.look = False
                    while inbox.out:
                        yield inbox.out.popleft()
                    if inbox.interrupted:
                        stopped = True
                        break
                if type(step) is not dict:
                    async for frame in self._act(step, quiet=turn.at_start):
                        yield frame
                    if self._over():
                        stopped = inbox.interrupted
                        break
                elif not self._deaf:
                    yield self._with_denials(step) if self._denials else step
            if not self._cut:
                self._failed = turn.failed
            if stopped:
                played = turn.steps[: turn.steps.index(step)]
                for frame in self._composer.interrupted(tool_results=tool_results(played)):
                    self._failed = frame.get("is_error") is True
                    yield frame
            inbox.turn_is_over(stopped)
            turn = None
        if self.exit_code:
            raise _SDK.process_error(
                f"Command failed with exit code {self.exit_code}",
                exit_code=self.exit_code,
                stderr="Check stderr output for details",
            )

    async def _first_words(self) -> None:
        """Wait until the SDK has spoken; an old one says nothing when the prompt went on the command line."""
        rounds = 0
        while not (self._inbox.written or self._inbox.ended or self.closed):
            if _SDK.string_prompts_are_written:
                await self._inbox.wait()
                continue
            await checkpoint()
            rounds += 1
            if rounds == _ROUNDS:
                self._inbox.owe(self._prompt)
                self._inbox.ended = True

    async def _act(self, step: Step, *, quiet: bool) -> AsyncIterator[Frame]:
        """Do what is no frame.

        :param quiet: the program is not ready yet and answers nothing.
        """
        inbox = self._inbox
        if isinstance(step, Exit):
            self.exit_code = step.code
        elif isinstance(step, Stderr):
            self._complain(step.text.rstrip())
        elif isinstance(step, Line):
            self._deaf = self._deaf or self._swallows(step)
        elif isinstance(step, Hang):
            while not self._over():
                await inbox.wait()
                while inbox.out and not quiet:
                    yield inbox.out.popleft()
        for ask in self._asks(step):
            request_id, request = new_uuid(), dict(ask.request)
            inbox.ask(request_id, request)
            yield {"type": "control_request", "request_id": request_id, "request": request}
            while (answer := inbox.reply(request_id)) is None and not self._over():
                await inbox.wait()
                while inbox.out:
                    yield inbox.out.popleft()
            if answer is None:
                return
            settled = ask.settle(answer)
            if settled.denial is not None:
                self._denials.append(dict(settled.denial))
            for frame in settled.frames:
                yield frame
            if settled.ends:
                self._cut = True
                self._failed = settled.frames[-1].get("is_error") is True

    def _asks(self, step: Step) -> list[Ask]:
        if isinstance(step, Ask):
            return [step]
        if not isinstance(step, HookRun):
            return []
        body = {"subtype": "hook_callback", "input": dict(step.input), "tool_use_id": step.tool_use_id}
        return [Ask({**body, "callback_id": callback}) for callback in self._inbox.callbacks(step)]

    def _over(self) -> bool:
        return self._cut or self.closed or self._inbox.interrupted or self.exit_code is not None

    def _with_denials(self, frame: Frame) -> Frame:
        return {**frame, "permission_denials": self._denials} if frame.get("type") == "result" else frame

    def _swallows(self, line: Line) -> bool:
        """Whether this SDK's own transport loses what follows a line that is no frame."""
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

    def _complain(self, line: str) -> None:
        if not line:
            return
        self.stderr.append(line)
        if self._on_stderr is not None:
            self._on_stderr(line)
