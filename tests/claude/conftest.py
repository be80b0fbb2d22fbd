"""A world for the fake: an executable, a config dir, a working directory."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.cli import ClaudeCli

STREAM = ("--output-format", "stream-json", "--verbose")


@dataclass(frozen=True)
class Ran:
    """One finished start."""

    status: int
    out: str
    err: str

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.split("\n") if line.startswith("{")]

    @property
    def types(self) -> list[str]:
        return [f["type"] + ("/" + f["subtype"] if "subtype" in f else "") for f in self.frames]

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(f["session_id"] for f in self.frames if f.get("session_id")))


class World:
    """Where the fake runs."""

    def __init__(self, root: Path, release: str | None) -> None:
        self.root = root
        self.cli = ClaudeCli.make(root / "cli", release=release)
        self.config_dir = root / "home" / "cfg"
        self.cwd = root / "repo"
        self.cwd.mkdir(parents=True)
        self.config_dir.mkdir(parents=True)
        self.extra: dict[str, str] = {}

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "CLAUDE_CONFIG_DIR": str(self.config_dir),
            "TZ": "UTC",
            **self.cli.env,
            **self.extra,
        }

    def run(self, *words: str, stdin: str | bytes = "", cwd: Path | None = None, wrap: Sequence[str] = ()) -> Ran:
        done = subprocess.run(
            [*wrap, str(self.cli.path), *words],
            cwd=cwd or self.cwd,
            env=self.env,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def turn(self, prompt: str = "hello", *words: str, cwd: Path | None = None, wrap: Sequence[str] = ()) -> Ran:
        return self.run("-p", prompt, *STREAM, *words, cwd=cwd, wrap=wrap)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.cli.path), *words],
            cwd=self.cwd,
            env=self.env,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    @property
    def project(self) -> Path:
        return self.config_dir / "projects" / re.sub("[^A-Za-z0-9]", "-", str(self.cwd))

    def path(self, session_id: str) -> Path:
        return self.project / f"{session_id}.jsonl"

    def records(self, session_id: str) -> list[dict[str, Any]]:
        # Not splitlines: a prompt may hold U+2028, which stands in the file as it is.
        return [json.loads(line) for line in self.path(session_id).read_text().split("\n")[:-1]]


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """Worlds, each in a directory of its own."""
    count = 0

    def make(release: str | None = None) -> World:
        nonlocal count
        count += 1
        return World(tmp_path.resolve() / f"w{count}", release)

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world of the newest release."""
    return make_world()
