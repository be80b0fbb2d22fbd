"""Derived ids: the vectors that were measured, and what must never differ."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.identity import LEGACY_ID, checked_id, derive


@pytest.mark.parametrize(
    ("workspace", "session_id"),
    [
        ("a1b2c3d4-0000-4000-8000-000000000001", "7708c591-5e83-52a5-aa90-d9dd59e528d7"),
        ("A1B2C3D4-0000-4000-8000-000000000001", "efc8e550-8be0-55b1-ae65-e336784142ea"),
        ("00000000-0000-0000-0000-000000000000", "24b669a5-7f58-5793-a835-7f8dddc52a73"),
        (None, LEGACY_ID),
        ("", LEGACY_ID),
        (" \n", LEGACY_ID),
    ],
)
def test_vectors(workspace: str | None, session_id: str) -> None:
    assert derive(workspace) == session_id


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1))
def test_any_name_gives_a_version_5_id_that_white_space_does_not_change(name: str) -> None:
    derived = derive(name)
    assert checked_id(derived) == derived
    assert derive(f" {name}\n") == derived
    if name.strip():
        assert uuid.UUID(derived).version == 5


@pytest.mark.parametrize(
    "bad", ["", "initial", "../../x", "--resume", "null", None, 7, LEGACY_ID + "\n", LEGACY_ID[:-1]]
)
def test_what_is_no_uuid_is_refused(bad: object) -> None:
    with pytest.raises(ManagerError) as refused:
        checked_id(bad)
    assert refused.value.kind == "invalid_session_id"
