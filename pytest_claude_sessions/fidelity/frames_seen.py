"""The frames of a run, cut down to the fields that session managers read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_READ = (
    "type",
    "subtype",
    "session_id",
    "is_error",
    "result",
    "errors",
    "num_turns",
    "error",
    "api_error_status",
    "terminal_reason",
    "stop_reason",
    "permission_denials",
    "cwd",
    "permissionMode",
    "apiKeySource",
    "claude_code_version",
    "hook_event",
    "hook_name",
    "exit_code",
    "trigger",
    "isReplay",
    "isSynthetic",
    "parent_tool_use_id",
)


def cut_down(frame: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one frame that are compared."""
    told = {key: frame[key] for key in _READ if key in frame}
    message = frame.get("message")
    if isinstance(message, dict):
        told["says"] = _said(message.get("content"))
        if message.get("model") == "<synthetic>":
            told["synthetic"] = True
    info = frame.get("rate_limit_info")
    if isinstance(info, dict):
        told["rate_limit_info"] = {key: value for key, value in info.items() if key != "resetsAt"}
        told["resets_at"] = type(info.get("resetsAt")).__name__
    event = frame.get("event")
    if isinstance(event, dict):
        told["event"] = event.get("type")
    for side in ("request", "response"):
        inner = frame.get(side)
        if isinstance(inner, dict):
            told[side] = {key: inner[key] for key in ("subtype", "error", "callback_id") if key in inner}
    return told


def read_output(out: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The frames on stdout, and the other lines."""
    frames: list[dict[str, Any]] = []
    rest: list[str] = []
    for line in out.split("\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            rest.append(line)
            continue
        if isinstance(value, dict) and "type" in value:
            frames.append(value)
        elif isinstance(value, list) and all(isinstance(part, dict) for part in value):
            rest.append("(an array of frames)")
            frames += value
        else:
            rest.append(line)
    return frames, rest


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    """Types and subtypes in order, as the facts write them."""
    return [str(frame.get("type")) + (f"/{frame['subtype']}" if "subtype" in frame else "") for frame in frames]


def sent_counts(frames: list[dict[str, Any]]) -> list[int]:
    """How many messages each answered request held: the loopback API and the fake say so in their reply."""
    counts = []
    for frame in frames:
        words = str(frame.get("result", "")).split() if frame.get("type") == "result" else []
        if words[:2] == ["reply", "to"] and len(words) == 4 and words[2].isdigit():
            counts.append(int(words[2]))
    return counts


def _said(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [block.get("text", block.get("type")) if isinstance(block, dict) else block for block in content]
