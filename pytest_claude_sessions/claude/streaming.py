"""`--input-format stream-json`: user messages and control requests over stdin, as the SDKs drive the program."""

from __future__ import annotations

import os
import select

from . import frames
from .forms import new_uuid
from .json_text import loads
from .misbehaviour import Crash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .program import Program


class Interrupted(Exception):
    """The host wants the turn to end.

    :ivar in_tool: it said so when it was asked whether a tool may be used.
    """

    def __init__(self, in_tool: bool = False) -> None:
        super().__init__()
        self.in_tool = in_tool


class Host:
    """Whoever is at the other end of stdin.

    :param program: the start.
    :ivar closed: stdin has come to its end.
    :ivar servers: MCP servers that the host runs itself, as its `initialize` names them (the TypeScript SDK does).
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._kept = b""
        self._waiting: list[dict[str, Any]] = []
        self._answers: dict[str, Any] = {}
        self._callbacks: dict[str, list[tuple[str | None, str]]] = {}
        self._rules = program.behaviour["streaming"]
        self.closed = False
        self.servers: list[str] = []

    def message(self) -> dict[str, Any] | None:
        """The next user message, None when there will be no more.

        :raises Crash: for a line that is no JSON, or a message of another role.
        """
        while not self._waiting and not self.closed:
            self._read()
        return self._waiting.pop(0) if self._waiting else None

    def pause(self, seconds: float) -> None:
        """Let time pass inside a turn, with an ear for the host.

        :raises Interrupted: when it wants the turn to end.
        """
        if self.closed:
            select.select([], [], [], seconds)
        elif select.select([0], [], [], seconds)[0]:
            self._read()

    def call_hooks(
        self, event: str, payload: dict[str, Any], tool: str | None = None, tool_use_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Call the hooks that the host registered for an event, one after the other.

        :param tool: the tool's name, which the matchers are tried on; None matches every one.
        :param tool_use_id: of the tool use that it is about.
        :returns: What they answered, without those that failed.
        """
        answers = []
        for matcher, callback in self._callbacks.get(event, ()):
            if tool is not None and not _matches(matcher, tool):
                continue
            request = {"subtype": "hook_callback", "callback_id": callback, "input": payload}
            answer = self.request({**request, "tool_use_id": tool_use_id or new_uuid()})
            if isinstance(answer.get("response"), dict):
                answers.append(answer["response"])
        return answers

    def listens(self, event: str) -> bool:
        """Whether the host registered a hook for an event."""
        return bool(self._callbacks.get(event))

    def request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the host for something and wait for the answer; a closed stdin answers with an error (measured).

        :returns: Its "response", or its "error" with the text.
        :raises Interrupted: when it wants the turn to end meanwhile.
        """
        asked = new_uuid()
        self._program.out.frame({"type": "control_request", "request_id": asked, "request": request})
        while asked not in self._answers and not self.closed:
            self._read()
        answer: dict[str, Any] = self._answers.pop(asked, {"error": "Stream closed"})
        return answer

    def _read(self) -> None:
        data = os.read(0, 1 << 16)
        *lines, self._kept = (self._kept + data).split(b"\n")
        if not data:
            self.closed = True
            lines = [self._kept] if self._kept else []
        for line in lines:
            if line.strip() or self._rules["blank_line"] == "refused":
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            sent = loads(line.decode("utf-8", "surrogatepass"))
            kind = sent.get("type")
        except (ValueError, AttributeError):
            text = self._rules["garbage"].replace("$line", line.decode("utf-8", "replace"))
            raise Crash(1, text.replace("$length", str(len(line))) + "\n", "usage") from None
        if kind == "user":
            role = sent.get("message", {}).get("role")
            if role != "user":
                raise Crash(1, f"Error: Expected message role 'user', got '{role}'\n", "usage")
            content = sent["message"].get("content")
            if self._rules.get("one_block") and isinstance(content, list) and len(content) != 1:
                text = f"Error: Expected message content to have exactly one item, got {len(content)}\n"
                raise Crash(1, text, "usage")
            self._waiting.append(sent)
        elif self._rules.get("users_only"):
            raise Crash(1, f"Error: Expected message type 'user', got '{kind}'\n", "usage")
        elif kind == "control_request":
            self._control(str(sent.get("request_id")), sent.get("request", {}))
        elif kind == "control_response":
            self._answers[sent["response"].get("request_id")] = sent["response"]
        elif kind != "keep_alive" and self._rules["unknown_type"] == "refused":
            raise Crash(1, f"Error: Expected message type 'user' or 'control', got '{kind}'\n", "usage")

    def _control(self, asked: str, request: dict[str, Any]) -> None:
        program = self._program
        subtype = request.get("subtype")
        answer: dict[str, Any] | None = None
        if subtype == "initialize":
            self.servers = [str(name) for name in request.get("sdkMcpServers") or ()]
            for event, matchers in (request.get("hooks") or {}).items():
                named = [(m.get("matcher"), name) for m in matchers for name in m.get("hookCallbackIds", ())]
                self._callbacks.setdefault(event, []).extend(named)
            answer = _initialized(program)
        elif subtype == "set_permission_mode":
            program.permission_mode = str(request.get("mode"))
            answer = {"mode": program.permission_mode}
        elif subtype == "set_model":
            program.model = request.get("model")
            answer = {"model": program.model or program.behaviour["model"]}
        elif subtype == "interrupt":
            answer = {"still_queued": []}
        elif subtype == "mcp_status":
            answer = {"mcpServers": []}
        elif subtype == "get_context_usage":
            answer = {"categories": [], "totalTokens": 0, "maxTokens": 200000}
        elif subtype == "rewind_files":
            program.out.frame(frames.control_error(asked, "File rewinding is not enabled."))
            return
        elif subtype not in _POLITE:
            if self._rules["unknown_control"] == "ignored":
                return
            program.out.frame(frames.control_error(asked, f"Unsupported control request subtype: {subtype}"))
            return
        program.out.frame(frames.control_response(asked, answer))
        if subtype == "interrupt" and program.turns.busy:
            raise Interrupted


_POLITE = frozenset(
    {"mcp_message", "set_max_thinking_tokens", "stop_task", "mcp_reconnect", "mcp_toggle", "mcp_set_servers"}
)


def converse(program: Program) -> tuple[str, int]:
    """Answer every message of the host until it closes stdin; returns outcome and exit status."""
    host = Host(program)
    program.open()
    program.host = host
    program.steps.pause = host.pause
    replay = program.arguments.has("replay-user-messages")
    ok, cut_off = True, False
    while (sent := host.message()) is not None:
        content = sent["message"].get("content", "")
        text = content
        if isinstance(content, list):
            text = "\n".join([block.get("text", "") for block in content if isinstance(block, dict)])
        program.turns.replay = sent if replay else None
        if not program.turns.number:
            program.connect_servers(host)
        try:
            ok, cut_off = program.turns.run(content, text), False
        except Interrupted as interrupted:
            program.turns.interrupted(streaming=True, in_tool=interrupted.in_tool)
            cut_off = True
    if not program.turns.number:
        program.journal.entry["session_id"] = None
        if "no_turn" in program.behaviour["streaming"]:
            raise Crash(1, program.behaviour["streaming"]["no_turn"] + "\n", "usage")
    outcome, status = program.ending(ok)
    return ("interrupted", program.behaviour["streaming"]["interrupted_status"]) if cut_off else (outcome, status)


def _matches(matcher: str | None, tool: str) -> bool:
    if not matcher or matcher == "*":
        return True
    import re

    return re.fullmatch(matcher, tool) is not None


def _initialized(program: Program) -> dict[str, Any]:
    key = "ANTHROPIC_API_KEY" if os.environ.get("ANTHROPIC_API_KEY") else "none"
    return {
        "commands": [],
        "agents": [],
        "output_style": "default",
        "available_output_styles": ["default"],
        "models": [{"value": "default", "displayName": "Default (recommended)", "description": ""}],
        "account": {"tokenSource": "none", "apiKeySource": key},
        "pid": os.getpid(),
    }
