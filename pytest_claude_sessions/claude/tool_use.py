"""A tool use inside a turn, as the script's `uses_tool` asks for one.

The tool itself is not run: the script says what it gives back, but for a tool of the host's own MCP servers. What is
asked of the host on the way is measured on 1.0.128 to 2.1.329: its PreToolUse hooks, its permission, its server, its
PostToolUse hooks.
"""

from __future__ import annotations

from . import frames
from .forms import fill, new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .program import Program
    from .transcript import Turn

STOPPED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."
)


class _Denied(Exception):
    """The tool may not be used; `text` is what the model is told instead."""

    def __init__(self, text: str, *, listed: bool = True, ends: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.listed = listed
        self.ends = ends


class ToolUse:
    """One use of a tool.

    :param program: the start.
    :param turn: makes the records.
    :param step: the script's: "tool", "input", "result", "is_error".
    :param named: the session id that frames name.
    :param write: appends records to the transcript.
    """

    def __init__(
        self,
        program: Program,
        turn: Turn,
        step: Mapping[str, Any],
        named: str,
        write: Callable[[list[Any]], None],
    ) -> None:
        self._program = program
        self._turn = turn
        self._write = write
        self._named = named
        self._id = "toolu_" + new_uuid().replace("-", "")[:24]
        self._tool = str(step.get("tool") or "Bash")
        self._given: dict[str, Any] = dict(step.get("input") or {})
        self._result: Any = step.get("result", "")
        self._failed = bool(step.get("is_error"))
        self._servers = program.servers
        self._server = self._servers.server_of(self._tool) if self._servers is not None else None
        self._rules = program.behaviour["tool_use"]

    def happen(self, denials: list[dict[str, Any]]) -> None:
        """Use the tool: ask whoever is to be asked, print the frames, write the records.

        :param denials: where a refusal is noted down.
        :raises Interrupted: when the host refuses it and wants the turn to end.
        """
        asked = {"tool_name": self._tool, "tool_use_id": self._id, "tool_input": dict(self._given)}
        used = self._say_use()
        try:
            if not self._allowed_by_hook():
                self._ask_permission()
            content, failed = self._run()
        except _Denied as denied:
            if denied.listed:
                denials.append(asked)
            raw = "User rejected tool use" if denied.ends else f"Error: {denied.text}"
            self._say_result(denied.text, True, raw, used)
            if denied.ends:
                from .streaming import Interrupted

                raise Interrupted(in_tool=True) from None
            return
        if not failed:
            self._call_hooks("PostToolUse", tool_response=content)
        self._say_result(content, failed, f"Error: {content}" if failed else content, used)

    def _run(self) -> tuple[Any, bool]:
        if self._server is None or self._servers is None:
            return self._result, self._failed
        return self._servers.call(self._server, self._tool, self._given, self._id)

    def _allowed_by_hook(self) -> bool:
        for answer in self._call_hooks("PreToolUse"):
            said = answer.get("hookSpecificOutput") or {}
            decision = said.get("permissionDecision")
            if decision == "deny" or answer.get("decision") == "block":
                reason = str(said.get("permissionDecisionReason") or answer.get("reason") or "")
                text = self._rules["denied_by_hook"].replace("$tool", self._tool).replace("$reason", reason)
                raise _Denied(text, listed=self._rules["hook_denials_listed"])
            if decision == "allow":
                return True
        return False

    def _ask_permission(self) -> None:
        """Ask the host, where it wants to be asked."""
        program = self._program
        host = program.host
        if host is None or program.arguments.text("permission-prompt-tool") != "stdio":
            return
        if program.permission_mode == "bypassPermissions":
            return
        description = self._given.get("description")
        request = fill(
            program.behaviour["request:can_use_tool"],
            {
                "tool": self._tool,
                "input": self._given,
                "id": self._id,
                "mcp_server": self._told_server(),
                "suggestions": [],
                "description": description if isinstance(description, str) else None,
                "blocked_path": None,
                "reason": None,
            },
        )
        answer = host.request(request)
        said = answer.get("response") or {}
        if said.get("behavior") == "allow" or said.get("allow") is True:  # SDK 0.1.0 says the latter
            self._given = said.get("updatedInput") or self._given
            return
        if said.get("interrupt"):
            raise _Denied(STOPPED, ends=True)
        if "error" in answer:
            raise _Denied(f"Tool permission request failed: Error: {answer['error']}")
        raise _Denied(str(said.get("message", said.get("reason", ""))))

    def _call_hooks(self, event: str, **more: Any) -> list[dict[str, Any]]:
        program = self._program
        host = program.host
        form = program.behaviour["host_hooks"].get(event)
        if host is None or form is None or not host.listens(event):
            return []
        values = {
            "session_id": program.session.id,
            "transcript_path": program.session.path,
            "cwd": program.cwd,
            "prompt_id": self._turn.values["prompt_id"],
            "permission_mode": program.permission_mode,
            "tool_name": self._tool,
            "tool_input": self._given,
            "tool_use_id": self._id,
            "mcp_server": self._told_server(),
        }
        return host.call_hooks(event, fill(form, {**values, **more}), self._tool, self._id)

    def _told_server(self) -> dict[str, str] | None:
        return None if self._server is None else {"name": self._server, "source": "sdk"}

    def _say_use(self) -> str:
        """The model wants the tool; returns the UUID of its record."""
        program, turn, uuid = self._program, self._turn, new_uuid()
        block = {"type": "tool_use", "id": self._id, "name": self._tool, "input": dict(self._given)}
        late = turn.late_records() if turn.prompt_comes_late else []
        record = turn.record("assistant", {"reply": "", "message_id": "msg_" + new_uuid()[:8], "uuid": uuid})
        record["message"]["content"] = [block]
        if record["message"].get("stop_reason"):
            record["message"]["stop_reason"] = "tool_use"
        self._write([*late, record])
        now = program.clock.now()
        program.out.frame(
            frames.block(program.release, block, session_id=self._named, now=now, model=program.model, uuid=uuid)
        )
        return uuid

    def _say_result(self, content: Any, failed: bool, raw: Any, used: str) -> None:
        program, turn, uuid = self._program, self._turn, new_uuid()
        # The keys stand in another order for an error, as measured.
        block = {"type": "tool_result", "content": content, "is_error": failed}
        block = {**block, "tool_use_id": self._id} if failed else {"tool_use_id": self._id, **block}
        if not failed and not isinstance(content, str):
            del block["is_error"]
        record = turn.record("tool_result", {"content": [block], "uuid": uuid, "raw": raw, "used": used})
        self._write([record])
        now = program.clock.now()
        program.out.frame(frames.tool_result(program.release, block, raw, session_id=self._named, now=now, uuid=uuid))
