"""A fake of Claude Code's config directory: builders, damage, a reader, and a guard of the real one.

Every name is imported on first use. `dir()` lists none of them: freezegun asks every loaded module for all that
it lists, and would import the lot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .damage import DAMAGES as DAMAGES
    from .damage import Damage as Damage
    from .damage import UnknownDamage as UnknownDamage
    from .damage import fatal_damages as fatal_damages
    from .damage import harmless_damages as harmless_damages
    from .directory import ConfigDir as ConfigDir
    from .directory import ConversationExists as ConversationExists
    from .filling import Filled as Filled
    from .guard import Guard as Guard
    from .guard import RealConfigDirTouched as RealConfigDirTouched
    from .guard import Touch as Touch
    from .history import History as History
    from .history import HistoryEntry as HistoryEntry
    from .instant import NaiveTime as NaiveTime
    from .isolation import own_config_dir as own_config_dir
    from .memory import PyfakefsMissing as PyfakefsMissing
    from .memory import in_memory as in_memory
    from .odd_files import ODD_FILES as ODD_FILES
    from .odd_files import OddFile as OddFile
    from .transcript import NoTranscript as NoTranscript
    from .transcript import Skipped as Skipped
    from .transcript import Transcript as Transcript
    from .tree import Entry as Entry
    from .tree import Tree as Tree
    from .tree import snapshot as snapshot
    from .turns import Turn as Turn

_HOMES = {
    "ConfigDir": "directory",
    "ConversationExists": "directory",
    "DAMAGES": "damage",
    "Damage": "damage",
    "Entry": "tree",
    "Filled": "filling",
    "Guard": "guard",
    "History": "history",
    "HistoryEntry": "history",
    "NaiveTime": "instant",
    "NoTranscript": "transcript",
    "ODD_FILES": "odd_files",
    "OddFile": "odd_files",
    "PyfakefsMissing": "memory",
    "RealConfigDirTouched": "guard",
    "Skipped": "transcript",
    "Touch": "guard",
    "Transcript": "transcript",
    "Tree": "tree",
    "Turn": "turns",
    "UnknownDamage": "damage",
    "fatal_damages": "damage",
    "harmless_damages": "damage",
    "in_memory": "memory",
    "own_config_dir": "isolation",
    "snapshot": "tree",
}

__all__ = sorted(_HOMES)  # one table, so that the names cannot drift apart


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
