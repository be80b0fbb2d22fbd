"""Releases of the real program: the one that the installed SDK carries, or any that npm has, kept in a cache."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..claude.release import NEWEST, UnknownRelease, parse_version
from ..real_program import bundled_program, told_version, version_in

PACKAGE = "@anthropic-ai/claude-code"
SDK = "sdk"
"""Asks for the release that the installed SDK carries."""


class NotInstalled(Exception):
    """A release cannot be had; the text is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A real program that can be started.

    :param argv: what it is started with
    :param release: its version
    :param source: "sdk" or "npm"
    """

    argv: Sequence[str]
    release: str
    source: str


def default_cache() -> Path:
    """Where releases are kept when nobody says: below XDG_CACHE_HOME, else ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home, "pytest-claude-sessions", "releases")


def find_release(wanted: str, cache: Path | None = None) -> Installed:
    """The real program of a release, installed where it is not there yet.

    :param wanted: a version, or "sdk" for the one that the installed SDK carries
    :param cache: directory of installed releases; None for :func:`default_cache`
    :raises NotInstalled: when it cannot be had
    """
    bundled = bundled_program()
    if wanted == SDK:
        if bundled is None:
            raise NotInstalled(
                "no claude-agent-sdk with a program of its own is installed: pip install claude-agent-sdk"
            )
        return Installed([str(bundled)], version_of([str(bundled)]), SDK)
    try:
        parse_version(wanted)
    except UnknownRelease as error:
        raise NotInstalled(f"{wanted!r} is not a release: give three numbers such as {NEWEST}, or {SDK!r}") from error
    if bundled is not None and bundled_release() == wanted:
        return Installed([str(bundled)], wanted, SDK)
    return _from_npm(wanted, cache or default_cache())


def version_of(argv: Sequence[str]) -> str:
    """The version that a program tells of itself.

    :raises NotInstalled: when it does not run or tells none
    """
    try:
        told = told_version(argv)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{argv[-1]} does not run: {error}") from error
    release = version_in(told)
    if release is None:
        raise NotInstalled(f"{argv[-1]} does not say its version: {told[:80]!r}")
    return release


def bundled_release() -> str | None:
    """The release that the installed SDK carries; None where there is none."""
    bundled = bundled_program()
    if bundled is None:
        return None
    try:
        text = bundled.parent.with_name("_cli_version.py").read_text(encoding="utf-8")
    except OSError:
        return version_of([str(bundled)])
    found = re.search(r"\d+\.\d+\.\d+", text)
    return found.group() if found else version_of([str(bundled)])


def _from_npm(release: str, cache: Path) -> Installed:
    place = cache / release
    program = place / "node_modules" / ".bin" / "claude"
    if not program.exists():
        _install(release, place)
        if not program.exists():
            raise NotInstalled(f"npm installed {PACKAGE}@{release} without a program at {program}")
    real = program.resolve()
    if real.suffix in (".js", ".mjs", ".cjs"):
        return Installed([_needed("node"), str(real)], release, "npm")
    return Installed([str(real)], release, "npm")


def _install(release: str, place: Path) -> None:
    npm = _needed("npm")
    place.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, then moved there at once: another run that looks meanwhile finds all of it or nothing.
    making = Path(tempfile.mkdtemp(prefix=f".{release}-", dir=place.parent))
    try:
        _npm_install(npm, release, making)
        with contextlib.suppress(OSError):  # another run was first
            making.rename(place)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _npm_install(npm: str, release: str, place: Path) -> None:
    command = [npm, "install", "--prefix", str(place), "--no-audit", "--no-fund", "--no-save", f"{PACKAGE}@{release}"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"npm did not install {PACKAGE}@{release} within 15 minutes: try again") from None
    if done.returncode:
        if re.search(r"E404|ETARGET|notarget", done.stderr):
            raise NotInstalled(f"npm has no {PACKAGE}@{release}: `npm view {PACKAGE} versions` lists those that it has")
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise NotInstalled(f"npm install {PACKAGE}@{release} failed: {(lines or ['no reason given'])[0].strip()}")


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise NotInstalled(f"{program} is not on PATH: install Node.js 18 or later, or play the release {SDK!r}")
    return found
