"""What can go wrong with a scripted stream, said so that the reader knows what to do next."""

from __future__ import annotations


class SdkMissing(ImportError):
    """`claude-agent-sdk` is needed for what was asked and is not installed.

    :ivar wanted: what was asked for.
    """

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(
            f"{wanted} needs claude-agent-sdk, which is not installed: pip install pytest-claude-sessions[sdk]",
            name="claude_agent_sdk",
        )


class ScriptExhausted(Exception):
    """A prompt came for which no turn is scripted any more.

    It is no `ProcessError`, so that a test does not take it for a failure of Claude.

    :ivar prompt: what was sent.
    :ivar scripted: how many turns the stream had.
    """

    def __init__(self, prompt: str | None, scripted: int) -> None:
        self.prompt = prompt
        self.scripted = scripted
        super().__init__(
            f"no turn is left for the prompt {prompt!r}: {scripted} were scripted and all are used; "
            "add .turn(...) for it, call .rewind() to start over, or make the transport with strict=False"
        )


class BadMoment(ValueError):
    """A point of a turn, or a form of report, that does not exist."""

    def __init__(self, what: str, given: object, known: tuple[str, ...]) -> None:
        super().__init__(f"{what} {given!r} is not known: expected one of {', '.join(known)}")
