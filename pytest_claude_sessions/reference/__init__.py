"""A session manager that is complete for what it declares, and good enough to copy from.

Standard library only. `--claude-manager reference` puts it under test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..environment import Environment
    from .manager import ReferenceManager


def reference(environment: Environment) -> ReferenceManager:
    """Make the reference manager for an environment; again with the same one is a restart."""
    from .manager import ReferenceManager

    return ReferenceManager(environment)
