"""A config dir with 10,000 transcripts, against writing the same bytes with plain `open` and `write`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pairs import in_turn, save

from pytest_claude_sessions.config_dir import ConfigDir

CONVERSATIONS = 10_000

with tempfile.TemporaryDirectory() as name:
    root = Path(name)
    made = ConfigDir(root / "made")
    made.create()
    made.fill(conversations=CONVERSATIONS, turns=1)
    contents = [(path.relative_to(made.path), path.read_bytes()) for path in made.path.rglob("*.jsonl")]
    assert len(contents) == CONVERSATIONS
    directories = {(root / "plain" / relative).parent for relative, _ in contents}

    def fixture() -> None:
        shutil.rmtree(root / "made")
        again = ConfigDir(root / "made")
        again.create()
        again.fill(conversations=CONVERSATIONS, turns=1)

    def plain() -> None:
        shutil.rmtree(root / "plain", ignore_errors=True)
        for directory in directories:
            directory.mkdir(parents=True)
        for relative, content in contents:
            with open(root / "plain" / relative, "wb") as stream:
                stream.write(content)

    ours, theirs = in_turn(fixture, plain, rounds=7)
save("config_dir", ours, theirs, bar=2.0, transcripts=CONVERSATIONS)
