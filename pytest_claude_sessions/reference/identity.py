"""Ids: which are valid, and which one belongs to a workspace (source 000, ID-01 to ID-06)."""

from __future__ import annotations

import re
import uuid
from typing import TypeGuard

from ..manager import ManagerError

LEGACY_ID = "cd32e253-ca16-4fd3-9825-d837e74ae3c2"
"""What every workspace used before ids were derived; still the id where there is no workspace (ID-06)."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_id(session_id: object) -> TypeGuard[str]:
    """Whether it is a UUID as text, with nothing before or after it."""
    return isinstance(session_id, str) and _UUID.fullmatch(session_id) is not None


def checked_id(session_id: object) -> str:
    """The id, or a refusal: nothing else may reach a path, an option or the store (STO-09, QUA-13)."""
    if is_id(session_id):
        return session_id
    raise ManagerError("invalid_session_id", f"{session_id!r:.80} is not a session id: a UUID is expected")


def derive(workspace_id: str | None) -> str:
    """The id of a workspace: the same in every process, another for every workspace."""
    name = (workspace_id or "").strip()
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"coder-workspace://{name}")) if name else LEGACY_ID
