"""Directories are put back as they were."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_claude_sessions.config_dir import snapshot
from pytest_claude_sessions.crash.world import Saved


def test_everything_is_put_back(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below" / "file").write_bytes(b"\0text")
    (tree / "below" / "file").chmod(0o640)
    os.utime(tree / "below" / "file", (1, 2))
    (tree / "link").symlink_to("nowhere")
    before = snapshot(tree)
    saved = Saved([tree], tmp_path / "copies")
    (tree / "below" / "file").unlink()
    (tree / "link").unlink()
    (tree / "link").mkdir()
    (tree / "link" / "more").write_text("more")
    (tree / "new").write_text("new")
    for _ in range(2):
        saved.put_back()
        assert before.diff(snapshot(tree)) == []
