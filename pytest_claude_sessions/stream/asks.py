"""What the program asks of the SDK in the middle of a turn; only a transport can ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..claude.forms import new_uuid
from .permission import permission
from .script import Ask, HookRun, tool_results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .composer import Composer
    from .script import Script


class Asks:
    """Control requests of the program; each method returns the stream."""

    _compose: Composer
    _script: Script

    def asks_permission(
        self,
        tool: str = "Bash",
        input: Mapping[str, Any] | None = None,
        *,
        result: str | list[dict[str, Any]] = "",
        raw: object = None,
        id: str | None = None,
        suggestions: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """A tool use for which the SDK's `can_use_tool` is asked.

        Allowed, `result` is what the tool gives back; denied, the refusal is, and the turn's result lists it; denied
        with `interrupt`, the turn ends there. `frames`, `lines` and `messages` show it as allowed.

        :param tool: of the tool use.
        :param input: of the tool use.
        :param result: the content of the tool's result.
        :param raw: `tool_use_result`, the tool's own value.
        :param id: of the tool use; None makes one.
        :param suggestions: `permission_suggestions` of the request.
        """
        given = dict(input or {})
        tool_use_id = id or new_tool_use_id()
        make = self._compose.copy()
        use = {"type": "tool_use", "id": tool_use_id, "name": tool, "input": given}
        granted = make.tool_result(tool_use_id, result, is_error=False, raw=raw)
        before = tool_results(self._script.current())
        self._script.add(make.block(use))
        self._script.add(
            permission(
                make,
                tool,
                given,
                tool_use_id=tool_use_id,
                suggestions=suggestions,
                granted=granted,
                tool_results=before,
            )
        )
        return self

    def runs_hook(
        self, event: str, *, tool_name: str | None = None, tool_use_id: str | None = None, **input: Any
    ) -> Self:
        """The callbacks that the SDK registered for an event are called; none registered, nothing happens.

        What they answer is in the transport's `answers` and has no further effect: script the consequence.

        :param event: such as "PreToolUse".
        :param tool_name: what the matchers are tried on, and part of the input.
        :param tool_use_id: of the tool use that it is about.
        :param input: the rest of the input, such as `prompt="..."` or `tool_input={...}`.
        """
        named = {} if tool_name is None else {"tool_name": tool_name}
        given = self._compose.hook_input(event, {**named, **input})
        self._script.add(HookRun(event, tool_name, tool_use_id, given))
        return self

    def asks(self, request: Mapping[str, Any]) -> Self:
        """Any control request to the SDK, such as `mcp_message`; the answer is in the transport's `answers`."""
        self._script.add(Ask(dict(request)))
        return self


def new_tool_use_id() -> str:
    """An id in the form of the API's."""
    return "toolu_" + new_uuid().replace("-", "")[:24]
