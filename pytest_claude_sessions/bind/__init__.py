"""What a container does to a config dir: read-only binds, full disks, directories of another owner.

Every name is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .disk import Filled as Filled
    from .disk import fill as fill
    from .owner import GivenAway as GivenAway
    from .owner import give_away as give_away
    from .readonly import Bound as Bound
    from .readonly import ReadOnlyBind as ReadOnlyBind
    from .unavailable import BindUnavailable as BindUnavailable

_HOMES = {
    "BindUnavailable": "unavailable",
    "Bound": "readonly",
    "Filled": "disk",
    "GivenAway": "owner",
    "ReadOnlyBind": "readonly",
    "fill": "disk",
    "give_away": "owner",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
