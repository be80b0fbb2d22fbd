"""A session manager that is complete for what it declares, and good enough to copy from.

Standard library only. `--claude-manager reference` puts it under test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .manager import ReferenceManager

if TYPE_CHECKING:
    from ..environment import Environment


def reference(environment: Environment) -> ReferenceManager:
    """Make the reference manager for an environment; again with the same one is a restart."""
    return ReferenceManager(environment)
