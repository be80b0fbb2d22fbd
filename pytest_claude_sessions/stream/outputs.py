"""The ways out of a stream: raw frames, lines, typed messages, a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..claude.transcript import dump
from .script import Exit, Line, Stderr

if TYPE_CHECKING:
    from collections.abc import Callable

    from claude_agent_sdk import Message

    from .composer import Composer
    from .script import Frame, Script
    from .transport import StreamTransport


class Outputs:
    """What a stream can be read as."""

    _compose: Composer
    _script: Script

    def frames(self) -> list[Frame]:
        """The raw frames of all turns, in order; the list is new, the frames are the stream's own."""
        return [step for step in self._script.shown() if isinstance(step, dict)]

    def lines(self) -> list[str]:
        """Every line of stdout without its end, noise and broken ones too."""
        return [_line(step) for step in self._script.shown()]

    def stdout(self) -> str:
        """All of stdout, for a file or a pipe; a last line that broke off has no end."""
        return "".join(_line(step) + "\n" * _is_complete(step) for step in self._script.shown())

    def stderr(self) -> list[str]:
        """The lines of stderr."""
        return [step.text for step in self._script.steps() if isinstance(step, Stderr)]

    @property
    def exit_code(self) -> int:
        """The exit status of `claude -p` that printed this; minus the number of the signal that killed it."""
        codes = [step.code for step in self._script.steps() if isinstance(step, Exit)]
        return codes[-1] if codes else int(bool(self._script.turns) and self._script.turns[-1].failed)

    def messages(self) -> list[Message]:
        """The frames as typed messages of the installed SDK, through its own parser, less those it does not know.

        :raises SdkMissing: when claude-agent-sdk is not installed.
        :raises MessageParseError: what the parser itself raises; before SDK 0.1.40 also for a type that it does not
            know.
        """
        from .sdk import load

        parse = load("claude_stream.messages()").parse
        return [message for message in map(parse, self.frames()) if message is not None]

    def transport(
        self,
        *,
        stderr: Callable[[str], None] | None = None,
        prompt: str | None = None,
        strict: bool = True,
    ) -> StreamTransport:
        """A transport for `query(..., transport=...)` and `ClaudeSDKClient(transport=...)`: one start of the program.

        Turns are used up: a second transport goes on where the first one stopped, so that a retry meets the next
        turn; `rewind` begins again.

        :param stderr: called with each line of stderr, as `ClaudeAgentOptions.stderr` is (the SDK gives a transport
            of one's own no options).
        :param prompt: the prompt of `query("...")` for `prompts`, with an SDK before 0.1.31, which does not write it.
        :param strict: a prompt for which no turn is left raises `ScriptExhausted`; False answers it as without a
            script.
        :raises SdkMissing: when claude-agent-sdk is not installed.
        """
        from .sdk import load

        load("claude_stream.transport()")
        from .transport import StreamTransport

        return StreamTransport(self._script, self._compose.copy(), stderr=stderr, prompt=prompt, strict=strict)

    def rewind(self) -> Self:
        """The next transport begins with the first turn again."""
        self._script.used = 0
        return self


def _line(step: Frame | Line) -> str:
    return step.text if isinstance(step, Line) else dump(step)


def _is_complete(step: Frame | Line) -> bool:
    return not isinstance(step, Line) or step.complete
