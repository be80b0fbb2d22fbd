"""What the program answers to the SDK's control requests, release by release (`control:*` in `forms.json`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..claude import frames
from ..claude.forms import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .composer import Composer
    from .script import Frame


def answers(composer: Composer, request_id: str, request: Mapping[str, Any]) -> Iterator[Frame]:
    """The frames that a control request sets off: its answer and what the release prints around it.

    A release before 2.1.50 says nothing to a request that it does not know, and the SDK waits for its own time-out.

    :param composer: whose release, model and permission mode the answer tells, and which it changes.
    :param request: the body with its `subtype`.
    """
    subtype = str(request.get("subtype"))
    if composer.recorded.get(subtype):
        _apply(composer, subtype, request)
        answered = composer.recorded[subtype][0]
        yield {**answered, "response": {**answered["response"], "request_id": request_id}}
        return
    form = composer.forms.get(f"control:{subtype}", composer.forms["control:"])
    if form is None:
        return
    only = form.get("only")
    if only is not None and request.get(only["field"]) not in only["values"]:
        form = only
    if "error" in form:
        yield _refusal(request_id, form, request)
        return
    _apply(composer, subtype, request)
    values = _values(composer, request)
    if "before" in form:
        yield {**composer.user(form["before"].format(model=composer.model)), "isReplay": True}
    answer = frames.control_response(request_id, fill(form["response"], values))
    answer["response"].update(fill(form.get("beside", {}), values))
    yield answer
    if form.get("twice"):  # measured: 1.0.128 to 2.1.0 answer a mode once more, without a body
        yield frames.control_response(request_id)
    if "after" in form:
        yield fill(form["after"], values)


def _apply(composer: Composer, subtype: str, request: Mapping[str, Any]) -> None:
    if subtype == "set_permission_mode":
        composer.permission_mode = str(request.get("mode"))
    elif subtype == "set_model":
        composer.model = str(request.get("model") or composer.release.behaviour["model"])


def _values(composer: Composer, request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mode": composer.permission_mode,
        "permission_mode": composer.permission_mode,
        "model": composer.model,
        "version": composer.release.version,
        "session_id": composer.session_id,
        "pid": os.getpid(),
        "hooks_applied": True if request.get("hooks") else None,
    }


def _refusal(request_id: str, form: Mapping[str, Any], request: Mapping[str, Any]) -> Frame:
    answer = frames.control_error(request_id, form["error"].format_map({"task_id": "", "serverName": "", **request}))
    if "error_code" in form:
        answer["response"]["error_code"] = form["error_code"]
    return answer
