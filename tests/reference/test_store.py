"""The store: what a dict would hold, on the disk, for many processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pytest_claude_sessions.manager import ManagerError
from pytest_claude_sessions.reference.store import Row, SessionStore

ID = "11111111-2222-4333-8444-555555555555"


class StoreIsADict(RuleBasedStateMachine):
    """Any sequence of puts and removals leaves what a dict would hold, seen by a store opened anew."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name, "store.json")
        self.model: dict[str, Row] = {}

    @rule(key=st.text(max_size=30), used=st.integers(0, 2**50), cwd=st.none() | st.text(max_size=10))
    def put(self, key: str, used: int, cwd: str | None) -> None:
        row = Row(ID, used, cwd)
        SessionStore(self.path).put(key, row)
        earlier = self.model.get(key)
        self.model[key] = Row(ID, used, cwd if cwd is not None or earlier is None else earlier.cwd)

    @rule(limit=st.integers(0, 2**50))
    def remove(self, limit: int) -> None:
        removed = SessionStore(self.path).remove(lambda key, row: row.last_used_at < limit)
        before = len(self.model)
        self.model = {key: row for key, row in self.model.items() if row.last_used_at >= limit}
        assert removed == before - len(self.model)

    @invariant()
    def holds_the_same(self) -> None:
        assert SessionStore(self.path).rows() == self.model

    def teardown(self) -> None:
        self.directory.cleanup()


TestStoreIsADict = StoreIsADict.TestCase
TestStoreIsADict.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


@given(junk=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_set_aside_whole(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("store") / "store.json"
    path.write_bytes(junk)
    store = SessionStore(path)
    store.put("key", Row(ID, 1, None))
    assert store.row("key") == Row(ID, 1, None)
    kept = [p.read_bytes() for p in path.parent.iterdir() if ".corrupt" in p.name]
    try:
        readable = isinstance(json.loads(junk), dict)
    except ValueError:
        readable = False
    assert kept == ([] if readable else [junk])


def test_legacy_row_reads_as_never_used(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_text(json.dumps({"old": ID, "new": {"id": ID, "last_used_at": 5, "extra": [1]}, "odd": 7}))
    store = SessionStore(path)
    assert store.rows() == {"old": Row(ID, 0, None), "new": Row(ID, 5, None)}
    store.put("new", Row(ID, 6, "/work"))
    data = json.loads(path.read_text())
    assert data["new"] == {"id": ID, "last_used_at": 6, "extra": [1], "cwd": "/work"}
    assert data["odd"] == 7


def test_second_corrupt_store_does_not_overwrite_the_first(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    for junk in ("{one", "{two", "{three"):
        path.write_text(junk)
        assert SessionStore(path).row("key") is None
    assert sorted(p.read_text() for p in tmp_path.glob("*.corrupt*")) == ["{one", "{three", "{two"]


def test_file_that_became_a_directory_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.mkdir()
    (path / "inside").write_text("kept")
    SessionStore(path).put("key", Row(ID, 1, None))
    assert SessionStore(path).row("key") == Row(ID, 1, None)
    assert (tmp_path / "store.json.corrupt" / "inside").read_text() == "kept"


def test_unwritable_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ManagerError) as refused:
        SessionStore(tmp_path / "file" / "store.json").put("key", Row(ID, 1, None))
    assert refused.value.kind == "unwritable"
    assert "nothing was saved" in str(refused.value)


def test_files_are_private(tmp_path: Path) -> None:
    script = (
        "import os, pathlib; os.umask(0)\n"
        "from pytest_claude_sessions.reference.store import Row, SessionStore\n"
        f"SessionStore(pathlib.Path({str(tmp_path)!r}, 'made', 'store.json')).put('key', Row({ID!r}, 1, None))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert modes == {"made": "0o700", "store.json": "0o600", "store.json.lock": "0o600"}
