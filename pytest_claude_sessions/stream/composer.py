"""Frames for one conversation: those of `claude/frames.py`, and those that only a connection shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..claude import frames
from ..claude.forms import fill, iso_time, new_uuid
from ..claude.layout import encode_cwd
from .forms import forms_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..claude.release import Release
    from .script import Frame

CONFIG_DIR = "/home/user/.claude"


class Composer:
    """Makes the frames of one conversation in the form of its release.

    :param release: whose forms are used.
    :param session_id: what the frames name; it changes when the conversation is reset.
    :param cwd: working directory that `system/init` names.
    :param model: None takes the release's own.
    :ivar recorded: what a recorded program answered to each kind of control request.
    """

    def __init__(self, release: Release, session_id: str, cwd: str, model: str | None = None) -> None:
        self.release = release
        self.session_id = session_id
        self.cwd = cwd
        self.model = model or str(release.behaviour["model"])
        self.forms = forms_of(release)
        self.permission_mode = "default"
        self.recorded: Mapping[str, Sequence[Frame]] = {}
        self._results = 0

    def copy(self) -> Composer:
        """One that stays as this one is now, whatever a reset or the SDK changes later."""
        made = Composer(self.release, self.session_id, self.cwd, self.model)
        made.recorded = self.recorded
        return made

    @property
    def project_dir(self) -> str:
        """Where the program would keep the transcripts; nothing is there."""
        return f"{CONFIG_DIR}/projects/{encode_cwd(self.cwd, bool(self.release.behaviour['long_paths']))}"

    def init(self, session_id: str | None = None) -> Frame:
        """`system/init`; another id makes it an ephemeral one."""
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
        """An assistant frame with text."""
        frame = frames.assistant(
            self.release,
            session_id=session_id or self.session_id,
            text=text,
            now=time.time(),
            model=self.model,
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
        """A user frame: a tool's result, or a note of the program."""
        return self.filled(
            "user",
            content=content,
            parent=parent,
            tool_use_result=tool_use_result,
            tool_result_meta=tool_result_meta,
        )

    def tool_result(
        self,
        tool_use_id: str,
        content: str | list[dict[str, Any]],
        *,
        is_error: bool,
        raw: object = None,
        parent: str | None = None,
    ) -> Frame:
        """What a tool gave back; the keys of the block stand in another order for an error, as measured."""
        block = {"type": "tool_result", "content": content, "is_error": is_error}
        block = {**block, "tool_use_id": tool_use_id} if is_error else {"tool_use_id": tool_use_id, **block}
        if raw is None and is_error and isinstance(content, str):
            raw = f"Error: {content}"
        return self.user([block], parent=parent, tool_use_result=raw)

    def result(self, text: str, num_turns: int, session_id: str | None = None) -> Frame:
        """`result/success`."""
        frame = frames.result(
            self.release,
            session_id=session_id or self.session_id,
            text=text,
            model=self.model,
            num_turns=num_turns,
        )
        return self.numbered(frame)

    def error_result(self, errors: Sequence[str], session_id: str | None = None) -> Frame:
        """A result with its texts in `errors`."""
        return self.numbered(frames.error_result(self.release, session_id=session_id or self.session_id, errors=errors))

    def numbered(self, frame: Frame) -> Frame:
        """A result with its number among the results, where the release counts them."""
        if "result_index" in frame:
            frame["result_index"] = self._results
        self._results += 1
        return frame

    def rate_limit(self, status: str, resets_at: float | None, kind: str, fields: Mapping[str, Any]) -> Frame:
        """A `rate_limit_event`; `fields` are more of its info."""
        info: dict[str, Any] = {"status": status}
        if resets_at is not None:
            info["resetsAt"] = int(resets_at)
        info.update({"rateLimitType": kind, **fields, "isUsingOverage": False})
        return frames.rate_limit_event(session_id=self.session_id, info=info)

    def hook(
        self,
        event: str,
        name: str,
        *,
        stdout: str,
        stderr: str,
        exit_code: int,
        session_id: str | None = None,
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
        if self.release.behaviour["reset_frame"]:
            yield frames.conversation_reset(session_id=self.session_id, now=time.time())
            changed = {"type": "system", "subtype": "background_tasks_changed", "tasks": []}
            yield {**changed, "uuid": new_uuid(), "session_id": self.session_id}
        self.session_id = session_id

    def state(self, state: str) -> Frame:
        """`session_state_changed`, which the newest prints for an SDK that asked for it."""
        return self.filled("session_state", state=state)

    def interrupted(
        self, by: str = "", *, tool_results: int = 0, why: str = "aborted_streaming", stop: str | None = None
    ) -> tuple[Frame, Frame]:
        """What an interrupt leaves: a user frame and the result of the turn.

        :param by: end of the user frame's text.
        :param tool_results: how many the turn had so far.
        :param why: `terminal_reason`, from 2.1.112 on.
        :param stop: `stop_reason`.
        """
        note = self.user([{"type": "text", "text": f"[Request interrupted by user{by}]"}])
        form = fill(self.forms["interrupted"], {"why": why})
        result = self.error_result([])
        del result["errors"]
        if "errors" in form:
            form["errors"] = [error.replace("$stop", stop or "null") for error in form["errors"]]
        if form["num_turns"]:
            form["num_turns"] += tool_results
        if "stop_reason" in result:
            result["stop_reason"] = stop
        return note, {**result, **form}

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

    def filled(self, form: str, /, **values: Any) -> Frame:
        """A form of `forms.json` with these values, the conversation's id and the time."""
        values.setdefault("session_id", self.session_id)
        frame: Frame = fill(self.forms[form], {**values, "timestamp": iso_time(time.time())})
        return frame
