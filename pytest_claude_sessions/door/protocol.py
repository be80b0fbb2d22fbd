"""Methods of SPEC 4 with their parameters, and how values cross the stdio door (SPEC 5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..manager import (
    DispatchRequest,
    DispatchResult,
    Installed,
    Mount,
    RateLimited,
    SessionEntry,
    TmuxSession,
)

PROTOCOL = 1
REFUSED = -32000
"""The JSON-RPC error code of a refusal; `data.kind` tells which."""


def instant(text: str) -> datetime:
    """An aware datetime from RFC 3339."""
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _optional(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else decode(value)


def _listed(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [decode(value) for value in values]


def _value(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {value!r:.80}")
    return value


def _record(kind: type, **decoders: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Read a value of SPEC 4 from an object, or from anything that has its attributes."""

    def decode(value: Any) -> Any:
        if value is None:
            raise TypeError(f"a {kind.__name__} is expected, not null")
        names = [field.name for field in fields(kind)]
        if isinstance(value, Mapping):
            known = {name: value[name] for name in names if name in value}
        else:
            known = {name: getattr(value, name) for name in names if hasattr(value, name)}
        return kind(**{name: decoders.get(name, _value)(part) for name, part in known.items()})

    return decode


def _result(value: Any) -> DispatchResult:
    result: DispatchResult = _record(DispatchResult, warnings=lambda w: tuple(w or ()), text=lambda t: t or "")(value)
    for name, kinds in (("ok", bool), ("resumed", bool), ("text", str), ("session_id", (str, type(None)))):
        if not isinstance(getattr(result, name), kinds):
            raise TypeError(f"{name} of a DispatchResult is {getattr(result, name)!r}")
    return result


def _moment(value: Any) -> Any:
    return instant(value) if isinstance(value, str) else value


_ENTRY = _record(SessionEntry, timestamp=_moment)
_DISPATCH_REQUEST = _record(DispatchRequest, cwd=Path)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of SPEC 4.

    :param parameters: names in order, each with the decoder of what comes over the wire
    :param answer: reads the result, from the wire or from an in-process manager
    """

    parameters: Mapping[str, Callable[[Any], Any]]
    answer: Callable[[Any], Any]


METHODS: Mapping[str, Method] = {
    "get_session": Method({"key": _value}, _value),
    "set_session": Method({"key": _value, "session_id": _value}, _value),
    "sweep_stale_sessions": Method({}, _value),
    "dispatch": Method({"request": _DISPATCH_REQUEST}, _result),
    "derive_session_id": Method({"workspace_id": _value}, _text),
    "quarantine_invalid": Method({"session_id": _value, "cwd": Path}, _optional(Path)),
    "metrics": Method({}, dict),
    "mount_plan": Method(
        {"host_config_dir": Path, "container_config_dir": Path}, _listed(_record(Mount, source=Path, target=Path))
    ),
    "prepare_host": Method({"host_config_dir": Path}, _value),
    "mounts_match": Method(
        {
            "actual": _listed(_record(Mount, source=Path, target=Path)),
            "host_config_dir": Path,
            "container_config_dir": Path,
        },
        _value,
    ),
    "check_persistence": Method({}, list),
    "install_lifecycle_settings": Method(
        {"retention_days": _value},
        _record(Installed, path=_optional(Path), warnings=lambda w: tuple(w or ())),
    ),
    "idle_state": Method({}, _value),
    "list_sessions": Method({"limit": _value}, _listed(_ENTRY)),
    "find_sessions": Method({"text": _value, "limit": _value}, _listed(_ENTRY)),
    "current_session": Method({"cwd": _optional(Path)}, _optional(_ENTRY)),
    "resolve_session": Method({"prefix": _value}, _value),
    "resume_session": Method({"session_id": _value, "prompt": _value}, _result),
    "rate_limited_sessions": Method({}, _listed(_record(RateLimited, cwd=Path, resets_at=_optional(_moment)))),
    "recover_rate_limited": Method({}, _listed(_result)),
    "tmux_start": Method({"cwd": Path, "session_id": _value}, _record(TmuxSession)),
    "tmux_list": Method({}, _listed(_record(TmuxSession))),
    "tmux_kill": Method({"name": _value}, _value),
    "export_session": Method({"session_id": _value, "destination": Path}, Path),
}


def to_wire(value: Any) -> Any:
    """A value as JSON holds it: paths and instants as text, `NaN` and the infinities as strings (SPEC 4)."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_wire(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_wire(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(part) for part in value]
    return value
