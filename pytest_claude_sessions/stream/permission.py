"""Permission: what the program asks before it uses a tool, and what each answer leads to.

Measured on 2.1.329 with callbacks that allow, deny, deny with `interrupt` and raise, on older releases with one that
denies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..claude.tool_use import STOPPED
from .script import Answer, Ask, Settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .composer import Composer
    from .script import Frame


def permission(
    make: Composer,
    tool: str,
    input: Mapping[str, Any],
    *,
    tool_use_id: str,
    suggestions: Sequence[Mapping[str, Any]],
    granted: Frame,
    tool_results: int,
) -> Ask:
    """The request `can_use_tool`.

    :param make: a composer that nobody changes any more.
    :param suggestions: `permission_suggestions`.
    :param granted: the tool's result when it may run.
    :param tool_results: how many the turn had before.
    """
    description = input.get("description")
    request = make.filled(
        "can_use_tool",
        tool=tool,
        input=dict(input),
        id=tool_use_id,
        suggestions=[dict(suggestion) for suggestion in suggestions],
        description=description if isinstance(description, str) else None,
        blocked_path=None,
        mcp_server=None,
        reason=None,
    )
    denial = {"tool_name": tool, "tool_use_id": tool_use_id, "tool_input": dict(input)}

    def settle(answer: Answer) -> Settled:
        if answer.allowed:
            return Settled((granted,))
        response = answer.response or {}
        if response.get("interrupt"):
            refusal = make.tool_result(tool_use_id, STOPPED, is_error=True, raw="User rejected tool use")
            note, result = make.interrupted(
                " for tool use", tool_results=tool_results + 1, why="aborted_tools", stop="tool_use"
            )
            return Settled((refusal, note, {**result, "permission_denials": [denial]}), denial, ends=True)
        if answer.error is not None:
            reason = f"Tool permission request failed: Error: {answer.error}"
        else:
            reason = str(response.get("message", response.get("reason", "")))
        return Settled((make.tool_result(tool_use_id, reason, is_error=True),), denial)

    return Ask(request, settle)
