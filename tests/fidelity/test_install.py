"""Releases that cannot be had are one clear line; npm itself is a stand-in here."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude_sessions.fidelity import install
from pytest_claude_sessions.fidelity.install import NotInstalled, find_release, version_of


@pytest.fixture
def path_of_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH of our own, and no bundled program."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(install, "bundled_program", lambda: None)
    return directory


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def npm(directory: Path, body: str) -> None:
    program(directory / "npm", body)


def test_a_release_is_installed_once_and_found_again(path_of_programs: Path, tmp_path: Path) -> None:
    claude = "node_modules/.bin/claude"
    npm(path_of_programs, f'mkdir -p "$3/node_modules/.bin"; echo x > "$3/{claude}"; echo "$7" >> "{tmp_path}/asked"')
    cache = tmp_path / "cache"
    first = find_release("2.1.160", cache)
    again = find_release("2.1.160", cache)
    assert first == again
    assert (list(first.argv), first.release, first.source) == ([str(cache / "2.1.160" / claude)], "2.1.160", "npm")
    assert (tmp_path / "asked").read_text() == "@anthropic-ai/claude-code@2.1.160\n"


def test_a_javascript_release_is_started_with_node(path_of_programs: Path, tmp_path: Path) -> None:
    node = program(path_of_programs / "node", "true")
    script = tmp_path / "cache" / "1.0.128" / "node_modules" / "claude" / "cli.js"
    program(script, "true")
    link = tmp_path / "cache" / "1.0.128" / "node_modules" / ".bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(script)
    assert list(find_release("1.0.128", tmp_path / "cache").argv) == [str(node), str(script)]


def test_a_release_that_npm_lacks(path_of_programs: Path, tmp_path: Path) -> None:
    npm(path_of_programs, "echo 'npm error code ETARGET' >&2; exit 1")
    with pytest.raises(NotInstalled, match=r"^npm has no @anthropic-ai/claude-code@9\.9\.9: .*versions") as caught:
        find_release("9.9.9", tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache" / "9.9.9").exists()


def test_an_npm_that_fails_is_quoted_in_one_line(path_of_programs: Path, tmp_path: Path) -> None:
    npm(path_of_programs, "printf 'npm error network down\\nnpm error more\\n' >&2; exit 1")
    with pytest.raises(NotInstalled, match=r"failed: npm error network down$"):
        find_release("2.1.160", tmp_path / "cache")


@pytest.mark.parametrize("missing", ["npm", "node"])
def test_a_machine_without_npm_or_node(
    missing: str, path_of_programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(path_of_programs))
    if missing == "node":
        program(tmp_path / "cache" / "1.0.0" / "node_modules" / ".bin" / "claude", "true")
        (tmp_path / "cache" / "1.0.0" / "node_modules" / ".bin" / "claude").rename(tmp_path / "cli.js")
        (tmp_path / "cache" / "1.0.0" / "node_modules" / ".bin" / "claude").symlink_to(tmp_path / "cli.js")
    with pytest.raises(NotInstalled, match=f"^{missing} is not on PATH: install Node.js"):
        find_release("1.0.0", tmp_path / "cache")


def test_without_an_sdk(path_of_programs: Path) -> None:
    with pytest.raises(NotInstalled, match="pip install claude-agent-sdk"):
        find_release("sdk")


@pytest.mark.parametrize("wrong", ["newest", "2.1", "v2.1.112", ""])
def test_what_is_no_release(wrong: str, path_of_programs: Path) -> None:
    with pytest.raises(NotInstalled, match="is not a release: give three numbers"):
        find_release(wrong)


def test_the_version_is_asked_for_in_a_home_of_its_own(tmp_path: Path) -> None:
    told = tmp_path / "told"
    claude = program(tmp_path / "claude", f'echo "$HOME $CLAUDE_CONFIG_DIR" > "{told}"; echo "2.1.112 (Claude Code)"')
    assert version_of([str(claude)]) == "2.1.112"
    home, config = told.read_text().split()
    assert config.startswith(home)
    assert not Path(home).exists()


def test_a_program_that_tells_no_version(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="does not say its version: 'hello"):
        version_of([str(program(tmp_path / "claude", "echo hello"))])
