"""Fixtures that behave like Claude Code, and a conformance suite for session managers.

Every name is imported on first use: the plug-in is loaded in other people's every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import MessagesApi as MessagesApi
    from .bind import ReadOnlyBind as ReadOnlyBind
    from .cli import ClaudeCli as ClaudeCli
    from .clock import Clock as Clock
    from .config_dir import ConfigDir as ConfigDir
    from .environment import Environment as Environment
    from .manager import DispatchRequest as DispatchRequest
    from .manager import DispatchResult as DispatchResult
    from .manager import ManagerError as ManagerError
    from .stream import Stream as Stream

_HOMES = {
    "ClaudeCli": "cli",
    "Clock": "clock",
    "ConfigDir": "config_dir",
    "DispatchRequest": "manager",
    "DispatchResult": "manager",
    "Environment": "environment",
    "ManagerError": "manager",
    "MessagesApi": "api",
    "ReadOnlyBind": "bind",
    "Stream": "stream",
}

__all__ = sorted(_HOMES)  # one table, so that the names cannot drift apart


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("pytest-claude-sessions")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
