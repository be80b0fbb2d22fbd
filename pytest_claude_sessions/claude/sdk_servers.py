"""MCP servers that the host runs in its own process and that are spoken to over stdin (`"type": "sdk"`)."""

from __future__ import annotations

from .forms import fill
from .json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .program import Program
    from .streaming import Host

_PREFIX = "mcp__"
_PROTOCOL = "2025-11-25"


class SdkServers:
    """The servers of a start that are reached through the host.

    :param program: the start.
    :param host: through whom they are reached.
    :ivar tools: server -> the names of its tools, as it told them.
    """

    def __init__(self, program: Program, host: Host) -> None:
        self._program = program
        self._host = host
        self._number = -1
        self.tools: dict[str, list[str]] = {}

    @classmethod
    def greeted(cls, program: Program, host: Host) -> SdkServers | None:
        """Greet every such server, of `--mcp-config` and of the host's `initialize`; None when there is none."""
        servers = cls(program, host)
        given = program.arguments.given.get("mcp-config", ())
        named = _named([given] if isinstance(given, str) else given)
        for name in dict.fromkeys([*named, *host.servers]):
            servers._greet(name)
        return servers if servers.tools else None

    def show(self, frame: dict[str, Any]) -> None:
        """Name them and their tools in an init frame."""
        form = self._program.behaviour["tool_use"]["sdk_server"]
        frame["mcp_servers"] = [*frame["mcp_servers"], *[fill(form, {"name": name}) for name in self.tools]]
        tools = [f"{_PREFIX}{name}__{tool}" for name in self.tools for tool in self.tools[name]]
        frame["tools"] = [*frame["tools"], *tools]

    def server_of(self, tool: str) -> str | None:
        """The server that has a tool of this name, `mcp__SERVER__TOOL`."""
        if not tool.startswith(_PREFIX):
            return None
        return next((name for name in self.tools if tool.startswith(f"{_PREFIX}{name}__")), None)

    def call(self, server: str, tool: str, given: dict[str, Any], tool_use_id: str) -> tuple[Any, bool]:
        """Use a tool; returns the content that it gave back, and whether that is an error."""
        params = {
            "name": tool[len(f"{_PREFIX}{server}__") :],
            "arguments": given,
            "_meta": {"claudecode/toolUseId": tool_use_id},
        }
        answer = self._say(server, "tools/call", params)
        result = answer.get("result") or {}
        content = result.get("content", [])
        if "error" in answer or result.get("isError"):
            texts = [block["text"] for block in content if "text" in block]
            return "\n".join(texts) or str((answer.get("error") or {}).get("message", "")), True
        # The program puts the type first, whatever the order it was told in.
        return [{"type": block.get("type"), **block} for block in content], False

    def _greet(self, name: str) -> None:
        program = self._program
        client = {"name": "claude-code", "version": program.release.version}
        said = self._say(name, "initialize", {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": client})
        if "result" not in said:
            return  # nobody is there: the server is left out
        self._message(name, {"method": "notifications/initialized", "jsonrpc": "2.0"})
        told = self._say(name, "tools/list", None).get("result") or {}
        self.tools[name] = [str(tool["name"]) for tool in told.get("tools", ())]

    def _say(self, server: str, method: str, params: dict[str, Any] | None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"method": method, "jsonrpc": "2.0", "id": self._number}
        return self._message(server, message if params is None else {"method": method, "params": params, **message})

    def _message(self, server: str, message: dict[str, Any]) -> dict[str, Any]:
        answer = self._host.request({"subtype": "mcp_message", "server_name": server, "message": message})
        said: dict[str, Any] = (answer.get("response") or {}).get("mcp_response") or {}
        return said


def _named(values: Iterable[str]) -> list[str]:
    names: list[str] = []
    for value in values:
        try:
            if not value.lstrip().startswith("{"):
                with open(value, encoding="utf-8") as file:
                    value = file.read()
            servers = loads(value).get("mcpServers") or {}
        except (OSError, ValueError):
            continue  # such a file is for the real program to refuse
        names += [name for name, server in servers.items() if server.get("type") == "sdk"]
    return names
