"""`Stream`: what `claude -p --output-format stream-json` prints, written down turn by turn."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Self

from ..claude.forms import new_uuid
from ..claude.release import NEWEST, Release
from .asks import Asks, new_tool_use_id
from .composer import Composer
from .failures import Failures
from .outputs import Outputs
from .partial import partial
from .recordings import Recordings
from .script import Script, tool_results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .script import Frame, Step

CWD = "/home/user/repo"


class Stream(Asks, Failures, Outputs, Recordings):
    """A stream of one conversation, in the forms of any release: built by chaining, handed out in four ways.

    Each method appends what the program does next; a result, a crash or a hang ends the turn, and a transport gives
    every prompt the next turn. Without any turn it replies as the fake program does (SPEC 6).

    :param release: version whose forms are used; None is the newest known one.
    :param session_id: what the frames name; None makes a new one.
    :param cwd: the working directory that `system/init` names.
    :param model: None takes the release's own.
    :raises UnknownRelease: when `release` is no version.
    """

    def __init__(
        self,
        release: str | Release | None = None,
        session_id: str | None = None,
        *,
        cwd: str = CWD,
        model: str | None = None,
    ) -> None:
        if not isinstance(release, Release):
            release = _release(release or NEWEST)
        self._compose = Composer(release, session_id or new_uuid(), cwd, model)
        self._script = Script()

    @property
    def release(self) -> Release:
        """Whose forms are used."""
        return self._compose.release

    @property
    def session_id(self) -> str:
        """What the frames name from here on; `reset` changes it."""
        return self._compose.session_id

    # What the program prints.

    def init(self, session_id: str | None = None) -> Self:
        """`system/init`, which begins every turn; another id makes it an ephemeral one."""
        return self.frame(self._compose.init(session_id))

    def text(self, text: str, *, parent: str | None = None) -> Self:
        """An assistant frame with text; `parent` is the tool use of a subagent it belongs to."""
        return self.frame(self._compose.text(text, parent))

    def thinking(self, thinking: str, *, signature: str = "signature", parent: str | None = None) -> Self:
        """An assistant frame with thinking."""
        block = {"type": "thinking", "thinking": thinking, "signature": signature}
        return self.frame(self._compose.block(block, parent))

    def tool_use(
        self,
        name: str,
        input: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        parent: str | None = None,
    ) -> Self:
        """An assistant frame that uses a tool."""
        block = {"type": "tool_use", "id": id or new_tool_use_id(), "name": name, "input": dict(input or {})}
        return self.frame(self._compose.block(block, parent))

    def tool_result(
        self,
        content: str | list[dict[str, Any]] = "",
        *,
        id: str | None = None,
        is_error: bool = False,
        raw: object = None,
        parent: str | None = None,
    ) -> Self:
        """The user frame with what a tool gave back.

        :param id: the tool use; None is the turn's last one.
        :param raw: `tool_use_result`, the tool's own value, from 2.0.77 on.
        """
        frame = self._compose.tool_result(
            id or self._last_tool_use(), content, is_error=is_error, raw=raw, parent=parent
        )
        return self.frame(frame)

    def partial(self, text: str, *, pieces: Sequence[str] | None = None, parent: str | None = None) -> Self:
        """A text with the events of `--include-partial-messages` around it; None cuts it into words."""
        for frame in partial(self._compose, text, pieces, parent):
            self.frame(frame)
        return self

    def result(self, text: str | None = None, *, num_turns: int | None = None, **fields: Any) -> Self:
        """`result/success`, which ends the turn.

        :param text: None is the turn's last text.
        :param num_turns: None counts as the release does: one and one more for each tool result, or before 2.0.77 the
            messages of the conversation that the last answer answers.
        :param fields: put over those of the form, such as `structured_output=...`.
        """
        steps = self._script.current()
        if text is None:
            texts = [_text_of(step) for step in steps if isinstance(step, dict) and step.get("type") == "assistant"]
            text = next((text for text in reversed(texts) if text is not None), "")
        if num_turns is None:
            num_turns = self._number(steps)
        return self.frame({**self._compose.result(text, num_turns), **fields})

    def error_result(self, *errors: str, subtype: str = "error_during_execution", **fields: Any) -> Self:
        """A result with `is_error` and its texts, such as `error_max_turns`, which ends the turn."""
        return self.frame({**self._compose.error_result(errors), "subtype": subtype, **fields})

    def turn(self, reply: str, *, thinking: str | None = None) -> Self:
        """A whole answered turn: init, the reply, the result."""
        self.init()
        if thinking is not None:
            self.thinking(thinking)
        return self.text(reply).result()

    def hook(
        self,
        event: str = "SessionStart",
        *,
        name: str | None = None,
        stdout: str = "",
        stderr: str = "",
        exit_code: int = 0,
        session_id: str | None = None,
    ) -> Self:
        """The frames of a hook that the program ran itself; `name` is the event's with ":startup" for SessionStart."""
        name = name or (f"{event}:startup" if event == "SessionStart" else event)
        for frame in self._compose.hook(
            event, name, stdout=stdout, stderr=stderr, exit_code=exit_code, session_id=session_id
        ):
            self.frame(frame)
        return self

    def rate_limit(
        self,
        status: str = "allowed_warning",
        *,
        resets_at: float | None = None,
        kind: str = "five_hour",
        **fields: Any,
    ) -> Self:
        """A `rate_limit_event` in the middle of things; `usage_limit` is the turn that fails of it.

        :param resets_at: epoch seconds; None leaves it out.
        :param fields: more of `rate_limit_info`, such as `utilization=0.9`.
        """
        return self.frame(self._compose.rate_limit(status, resets_at, kind, fields))

    def reset(self, session_id: str | None = None) -> Self:
        """The conversation is replaced, as by /clear: the frames from here on name another id.

        2.1.329 announces it with a `conversation_reset`, whose `new_conversation_id` is NOT the new session id
        (measured: only the init after it names that, and only that has a transcript); 2.1.160 just prints the init.
        """
        for frame in list(self._compose.reset(session_id or new_uuid())):
            self.frame(frame)
        return self.init()

    def state(self, state: str) -> Self:
        """`session_state_changed`: "running", "idle" or "requires_action"; idle also after a result."""
        frame = self._compose.state(state)
        return self.frame(frame) if self._script.current() or state != "idle" else self.trailing(frame)

    def frame(self, frame: Mapping[str, Any]) -> Self:
        """Any frame, as it is."""
        self._script.add(dict(frame))
        return self

    def trailing(self, frame: Mapping[str, Any]) -> Self:
        """Any frame, behind the result of the turn before."""
        self._script.trail(dict(frame))
        return self

    def _number(self, steps: list[Step]) -> int:
        if self.release.behaviour["num_turns"] != "messages":
            return 1 + tool_results(steps)
        prompts = sum(not turn.at_start for turn in self._script.turns)
        said = sum(frame.get("type") in ("assistant", "user") for frame in self.frames())
        return max(prompts + said - 1, 1)

    def _last_tool_use(self) -> str:
        for step in reversed(self._script.current()):
            if isinstance(step, dict) and step.get("type") == "assistant":
                for block in step["message"]["content"]:
                    if block["type"] == "tool_use":
                        return str(block["id"])
        return new_tool_use_id()


@cache
def _release(version: str) -> Release:
    return Release.of(version)  # reads its table anew each time


def _text_of(frame: Frame) -> str | None:
    texts = [block["text"] for block in frame["message"]["content"] if block["type"] == "text"]
    return texts[-1] if texts else None
