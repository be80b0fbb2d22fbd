"""Frames for one conversation: those of `claude/frames.py`, and those that only a connection shows."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ..claude import frames
from ..claude.forms import fill, iso_time, new_uuid
from ..claude.layout import encode_cwd
from .forms import forms_of
from .script import Answer, Settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..claude.release import Release
    from .script import Frame

CONFIG_DIR = "/home/user/.claude"
_STOPPED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."
)


class Composer:
    """Makes the frames of one conversation in the form of its release.

    Args:
        release: whose forms are used.
        session_id: what the frames name; it changes when the conversation is reset.
        cwd: working directory that `system/init` names.
        model: None takes the release's own.
    """

    def __init__(self, release: Release, session_id: str, cwd: str, model: str | None = None) -> None:
        self.release = release
        self.session_id = session_id
        self.cwd = cwd
        self.model = model or str(release.behaviour["model"])
        self.forms = forms_of(release)
        self.permission_mode = "default"
        self._results = 0

    @property
    def project_dir(self) -> str:
        """Where the program would keep the transcripts; nothing is there."""
        return f"{CONFIG_DIR}/projects/{encode_cwd(self.cwd, bool(self.release.behaviour['long_paths']))}"

    def init(self, session_id: str | None = None) -> Frame:
        return frames.init(
            self.release,
            session_id=session_id or self.session_id,
            cwd=self.cwd,
            model=self.model,
            permission_mode=self.permission_mode,
            project_dir=self.project_dir,
            key_source="ANTHROPIC_API_KEY",
        )

    def text(self, text: str, parent: str | None = None, session_id: str | None = None) -> Frame:
        frame = frames.assistant(
            self.release, session_id=session_id or self.session_id, text=text, now=time.time(), model=self.model
        )
        if parent is not None:
            frame["parent_tool_use_id"] = parent
        return frame

    def block(self, block: Mapping[str, Any], parent: str | None = None) -> Frame:
        """An assistant frame with one content block of any kind; the program prints one frame a block."""
        frame = self.text("", parent)
        frame["message"]["content"] = [dict(block)]
        if block["type"] == "thinking":
            frame.update(self.forms["thinking"])
        return frame

    def user(
        self,
        content: str | list[dict[str, Any]],
        *,
        parent: str | None = None,
        tool_use_result: object = None,
        tool_result_meta: object = None,
    ) -> Frame:
        return self._filled(
            "user",
            content=content,
            parent=parent,
            tool_use_result=tool_use_result,
            tool_result_meta=tool_result_meta,
        )

    def tool_result(
        self, tool_use_id: str, content: str | list[dict[str, Any]], *, is_error: bool, raw: object, parent: str | None
    ) -> Frame:
        """What a tool gave back; the keys of the block stand in another order for an error, as measured."""
        block = {"type": "tool_result", "content": content, "is_error": is_error}
        block = {**block, "tool_use_id": tool_use_id} if is_error else {"tool_use_id": tool_use_id, **block}
        if raw is None and is_error and isinstance(content, str):
            raw = f"Error: {content}"
        return self.user([block], parent=parent, tool_use_result=raw)

    def result(self, text: str, num_turns: int, session_id: str | None = None) -> Frame:
        frame = frames.result(
            self.release,
            session_id=session_id or self.session_id,
            text=text,
            model=self.model,
            num_turns=num_turns,
        )
        return self.numbered(frame)

    def error_result(self, errors: Sequence[str], session_id: str | None = None) -> Frame:
        return self.numbered(
            frames.error_result(self.release, session_id=session_id or self.session_id, errors=errors)
        )

    def numbered(self, frame: Frame) -> Frame:
        """A result with its number among the results, where the release counts them."""
        if "result_index" in frame:
            frame["result_index"] = self._results
        self._results += 1
        return frame

    def partial(self, text: str, pieces: Sequence[str], parent: str | None) -> Iterator[Frame]:
        """A text as `--include-partial-messages` prints it: events around the assistant frame, as measured."""
        status = self.forms["stream_status"]
        if status is not None:
            yield fill(status, {"session_id": self.session_id})
        whole = self.text(text, parent)
        message = {**whole["message"], "content": [], "stop_reason": None, "stop_sequence": None}
        start = {"type": "message_start", "message": message}
        yield self._event(start, message["id"], parent, ttft_ms=1, thinking_display="updates")
        block = {"type": "text", "text": ""}
        yield self._event({"type": "content_block_start", "index": 0, "content_block": block}, message["id"], parent)
        for piece in pieces:
            delta = {"type": "text_delta", "text": piece}
            yield self._event({"type": "content_block_delta", "index": 0, "delta": delta}, message["id"], parent)
        yield whole
        yield self._event({"type": "content_block_stop", "index": 0}, message["id"], parent)
        stop = {"stop_reason": "end_turn", "stop_sequence": None}
        usage = {"output_tokens": 5}
        yield self._event({"type": "message_delta", "delta": stop, "usage": usage}, message["id"], parent)
        yield self._event({"type": "message_stop"}, message["id"], parent)

    def hook(
        self, event: str, name: str, *, stdout: str, stderr: str, exit_code: int, session_id: str | None = None
    ) -> Iterator[Frame]:
        """The frames of a hook that ran; releases before 2.1.50 print one, and in another form."""
        form = self.forms["hook_frames"]
        session_id = session_id or self.session_id
        hook_id = new_uuid()
        if form["started"]:
            yield frames.hook_started(session_id=session_id, event=event, name=name, hook_id=hook_id)
        if form["response"] is not None:
            values = {"session_id": session_id, "event": event, "name": name}
            yield fill(form["response"], {**values, "stdout": stdout, "stderr": stderr, "exit_code": exit_code})
            return
        yield frames.hook_response(
            session_id=session_id,
            event=event,
            name=name,
            hook_id=hook_id,
            stdout=stdout,
            stderr=stderr,
            exit_code=exit_code,
        )

    def reset(self, session_id: str) -> Iterator[Frame]:
        """The conversation is replaced: what the release prints of it, under the outgoing id."""
        for name in self.forms["reset_frames"]:
            if name == "conversation_reset":
                yield frames.conversation_reset(session_id=self.session_id, now=time.time())
            else:
                yield {
                    "type": "system",
                    "subtype": name,
                    "tasks": [],
                    "uuid": new_uuid(),
                    "session_id": self.session_id,
                }
        self.session_id = session_id

    def state(self, state: str) -> Frame:
        return self._filled("session_state", state=state)

    def permission_request(
        self, tool: str, input: Mapping[str, Any], tool_use_id: str, suggestions: Sequence[Mapping[str, Any]]
    ) -> Frame:
        """The body of `can_use_tool`."""
        description = input.get("description")
        return self._filled(
            "can_use_tool",
            tool=tool,
            input=dict(input),
            id=tool_use_id,
            suggestions=[dict(suggestion) for suggestion in suggestions],
            description=description if isinstance(description, str) else None,
            blocked_path=None,
            reason=None,
        )

    def permission_settled(self, answer: Answer, granted: Frame) -> Settled:
        """What follows the answer to `can_use_tool`: the tool's result, a refusal, or the end of the turn.

        The texts were measured on 2.1.329 with callbacks that allow, deny, interrupt and raise.
        """
        if answer.allowed:
            return Settled((granted,))
        request = answer.request
        tool_use_id = granted["message"]["content"][0]["tool_use_id"]
        denial = {"tool_name": request["tool_name"], "tool_use_id": tool_use_id, "tool_input": request["input"]}
        response = answer.response or {}
        if response.get("interrupt"):
            refusal = self.tool_result(tool_use_id, _STOPPED, is_error=True, raw="User rejected tool use", parent=None)
            stop = self.interrupted(" for tool use", why="aborted_tools", stop="tool_use")
            stop[-1]["permission_denials"] = [denial]
            return Settled((refusal, *stop), denial, ends=True)
        if answer.error is not None:
            reason = f"Tool permission request failed: Error: {answer.error}"
        else:
            reason = str(response.get("message", response.get("reason", "")))
        refusal = self.tool_result(tool_use_id, reason, is_error=True, raw=None, parent=None)
        return Settled((refusal,), denial)

    def interrupted(
        self, by: str = "", *, why: str = "aborted_streaming", stop: str | None = None
    ) -> tuple[Frame, Frame]:
        """What an interrupt leaves: a user frame and the result of the turn."""
        note = self.user([{"type": "text", "text": f"[Request interrupted by user{by}]"}])
        form = fill(self.forms["interrupted"], {"why": why})
        result = self.error_result([])
        del result["errors"]
        errors = [str(error).replace("$stop", stop or "null") for error in form.pop("errors", ())]
        result.update(form, **({"errors": errors} if "errors" in self.forms["interrupted"] else {}))
        if "stop_reason" in result:
            result["stop_reason"] = stop
        return note, result

    def hook_input(self, event: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a hook gets: what every hook gets, then what is given."""
        return {
            "session_id": self.session_id,
            "transcript_path": f"{self.project_dir}/{self.session_id}.jsonl",
            "cwd": self.cwd,
            "permission_mode": self.permission_mode,
            "hook_event_name": event,
            **given,
        }

    def _event(
        self,
        event: Mapping[str, Any],
        message_id: str,
        parent: str | None,
        ttft_ms: int | None = None,
        thinking_display: str | None = None,
    ) -> Frame:
        return self._filled(
            "stream_event",
            event=event,
            message_id=message_id,
            parent=parent,
            ttft_ms=ttft_ms,
            thinking_display=thinking_display,
        )

    def _filled(self, form: str, /, **values: Any) -> Frame:
        values.setdefault("session_id", self.session_id)
        frame: Frame = fill(self.forms[form], {**values, "timestamp": iso_time(time.time())})
        return frame


def pieces(text: str) -> list[str]:
    """A text in the pieces that it is streamed in: words with the space before them."""
    return re.findall(r"\s*\S+|\s+$", text) or [text]
