"""The frames of `--output-format stream-json`, each in the form of its release.

A frame is a dict whose keys stand in the order of the wire; `transcript.dump` makes the line of it.
"""

from __future__ import annotations

from .forms import fill, iso_time, new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .release import Release

    Frame = dict[str, Any]

INTERRUPTED = "[Request interrupted by user]"


def init(
    release: Release,
    *,
    session_id: str,
    cwd: str,
    model: str | None = None,
    permission_mode: str = "default",
    config_dir: str = "",
    project_dir: str = "",
    key_source: str = "none",
    pid: int = 0,
) -> Frame:
    """`system/init`, the first frame of every turn that starts.

    :param project_dir: directory of the transcripts; the newer releases name the memory directory in it.
    :param key_source: where the authentication comes from, "ANTHROPIC_API_KEY" or "none".
    """
    return _filled(
        release,
        "init",
        session_id=session_id,
        cwd=cwd,
        model=model,
        permission_mode=permission_mode,
        key_source=key_source,
        memory=f"{project_dir or config_dir}/memory/",
        socket=f"/tmp/cc-socks/{pid}.sock",
    )


def assistant(
    release: Release,
    *,
    session_id: str,
    text: str,
    now: float,
    model: str | None = None,
    uuid: str | None = None,
) -> Frame:
    """An answer of the model.

    :param now: epoch seconds.
    :param uuid: that of the transcript's record; a new one when None.
    """
    return _filled(
        release,
        "assistant",
        session_id=session_id,
        text=text,
        model=model,
        uuid=uuid or new_uuid(),
        timestamp=iso_time(now),
        message_id="msg_" + new_uuid()[:8],
    )


def result(
    release: Release,
    *,
    session_id: str,
    text: str,
    model: str | None = None,
    num_turns: int = 1,
    duration_ms: int = 1,
) -> Frame:
    """The `result/success` that ends an answered turn."""
    return _filled(
        release,
        "result",
        session_id=session_id,
        text=text,
        model=model,
        num_turns=num_turns,
        ms=duration_ms,
        cost=0.0001,
    )


def error_result(
    release: Release,
    *,
    session_id: str,
    errors: Sequence[str],
    subtype: str = "error_during_execution",
    is_error: bool = True,
) -> Frame:
    """The `result` of a start that failed before a turn, with its texts in `errors`.

    Releases before 2.1.50 never print one; there it takes the form of the first that does, for scripts that ask for it.
    """
    frame = _filled(release, "error_result", session_id=session_id, errors=list(errors))
    frame["subtype"] = subtype
    frame["is_error"] = is_error
    return frame


def api_error(
    release: Release,
    kind: Mapping[str, Any],
    *,
    session_id: str,
    text: str,
    now: float,
    uuid: str | None = None,
) -> Frame:
    """The assistant frame that tells of a failed request to the API.

    :param kind: `error`, `status`, `error_type`, `api_error` and `params` as `api_errors.ApiError.values` gives them.
    """
    return _filled(
        release,
        "api_error",
        session_id=session_id,
        text=text,
        uuid=uuid or new_uuid(),
        timestamp=iso_time(now),
        message_id=new_uuid(),
        **kind,
    )


def api_error_result(
    release: Release, kind: Mapping[str, Any], *, session_id: str, text: str, num_turns: int = 1
) -> Frame:
    """The `result/success` with `is_error` that ends a turn whose request failed."""
    return _filled(
        release,
        "api_error_result",
        session_id=session_id,
        text=text,
        num_turns=num_turns,
        ms=1,
        cost=0,
        **kind,
    )


def rate_limit_event(*, session_id: str, info: Mapping[str, Any]) -> Frame:
    """What a usage limit is announced with (facts/more-observations.json, from 2.1.112)."""
    return {
        "type": "rate_limit_event",
        "rate_limit_info": dict(info),
        "uuid": new_uuid(),
        "session_id": session_id,
    }


def hook_started(*, session_id: str, event: str, name: str, hook_id: str) -> Frame:
    """A hook begins to run."""
    return {
        "type": "system",
        "subtype": "hook_started",
        "hook_id": hook_id,
        "hook_name": name,
        "hook_event": event,
        "uuid": new_uuid(),
        "session_id": session_id,
    }


def hook_response(
    *,
    session_id: str,
    event: str,
    name: str,
    hook_id: str,
    stdout: str = "",
    stderr: str = "",
    exit_code: int = 0,
) -> Frame:
    """A hook has ended."""
    return {
        "type": "system",
        "subtype": "hook_response",
        "hook_id": hook_id,
        "hook_name": name,
        "hook_event": event,
        "output": stdout + stderr,
        "stdout": stdout,
        "stderr": stderr,
        "exit_code": exit_code,
        "outcome": "error" if exit_code else "success",
        "uuid": new_uuid(),
        "session_id": session_id,
    }


def conversation_reset(*, session_id: str, now: float) -> Frame:
    """The conversation was replaced inside the connection, as by /clear (measured on 2.1.329).

    :param session_id: that of the outgoing conversation; the new one is named by the frames that follow.
    """
    uuid = new_uuid()
    return {
        "type": "conversation_reset",
        "new_conversation_id": uuid,
        "uuid": uuid,
        "trigger": "clear",
        "user_message_uuid": new_uuid(),
        "timestamp": iso_time(now),
        "session_id": session_id,
    }


def interrupted_text(in_tool: bool) -> str:
    """What an interrupt leaves behind, as a text; `in_tool` when a tool use was refused by it."""
    return INTERRUPTED[:-1] + " for tool use]" if in_tool else INTERRUPTED


def interrupted(*, session_id: str, now: float, uuid: str | None = None, in_tool: bool = False) -> Frame:
    """The user frame that an interrupt leaves behind (measured on 2.1.329)."""
    return {
        "type": "user",
        "message": {"role": "user", "content": [{"type": "text", "text": interrupted_text(in_tool)}]},
        "parent_tool_use_id": None,
        "session_id": session_id,
        "uuid": uuid or new_uuid(),
        "timestamp": iso_time(now),
    }


def fed_back(*, session_id: str, text: str, now: float) -> Frame:
    """What a Stop hook said, as the user message that the model goes on with."""
    return {
        "type": "user",
        "message": {"role": "user", "content": [{"type": "text", "text": text}]},
        "parent_tool_use_id": None,
        "session_id": session_id,
        "uuid": new_uuid(),
        "timestamp": iso_time(now),
        "isSynthetic": True,
    }


def stop_hook_trouble(*, session_id: str) -> Frame:
    """A Stop hook has failed, or does not let the turn end (measured on 2.1.112 and 2.1.330)."""
    return {
        "type": "system",
        "subtype": "notification",
        "key": "stop-hook-error",
        "text": "stop hook problem · ctrl+o to see",
        "priority": "immediate",
        "session_id": session_id,
        "uuid": new_uuid(),
    }


def title_changed(*, session_id: str, title: str) -> Frame:
    """The title of a conversation that was found by it (measured on 2.1.330)."""
    return {
        "type": "system",
        "subtype": "session_title_changed",
        "title": title,
        "uuid": new_uuid(),
        "session_id": session_id,
    }


def interrupt_result(release: Release, *, session_id: str, in_tool: bool = False) -> Frame:
    """The `result/error_during_execution` of a turn that was interrupted, `in_tool` by the refusal of a tool use."""
    frame = _filled(release, "interrupt_result", session_id=session_id, ms=1)
    if in_tool:
        frame["num_turns"] += 1
        if "terminal_reason" in frame:
            frame["terminal_reason"] = "aborted_tools"
        if frame.get("errors"):
            said = "[ede_diagnostic] result_type=user last_content_type=n/a stop_reason=tool_use"
            frame["errors"] = [said]
    return frame


def block(
    release: Release, content: Mapping[str, Any], *, session_id: str, now: float, model: str | None, uuid: str
) -> Frame:
    """An assistant frame with one content block of any kind."""
    frame = assistant(release, session_id=session_id, text="", now=now, model=model, uuid=uuid)
    frame["message"]["content"] = [dict(content)]
    return frame


def tool_result(
    release: Release, content: Mapping[str, Any], raw: Any, *, session_id: str, now: float, uuid: str
) -> Frame:
    """The user frame with what a tool gave back.

    :param content: the `tool_result` block.
    :param raw: `tool_use_result`, the tool's own value.
    """
    return _filled(
        release,
        "user",
        content=[dict(content)],
        parent=None,
        session_id=session_id,
        uuid=uuid,
        timestamp=iso_time(now),
        tool_use_result=raw,
        tool_result_meta=None,
    )


def control_response(request_id: str, response: Mapping[str, Any] | None = None) -> Frame:
    """The answer to a control request that succeeded."""
    inner: Frame = {"subtype": "success", "request_id": request_id}
    if response is not None:
        inner["response"] = dict(response)
    return {"type": "control_response", "response": inner}


def control_error(request_id: str, error: str) -> Frame:
    """The answer to a control request that failed or is not known."""
    return {
        "type": "control_response",
        "response": {"subtype": "error", "request_id": request_id, "error": error},
    }


def _filled(release: Release, form: str, /, **values: Any) -> Frame:
    if values.get("model") is None:
        values["model"] = release.behaviour["model"]
    values["version"] = release.version
    frame: Frame = fill(release.behaviour["frame:" + form], values)
    return frame
