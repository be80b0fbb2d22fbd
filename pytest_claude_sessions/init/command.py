"""`python -m pytest_claude_sessions.init`: asks nothing, overwrites nothing, and says what to do next."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from ..nearest import nearest
from ..options import CONFIG_FILE, TABLE
from ..suite.registry import load_registry
from .adapter import adapter

MODULE = "claude_manager"
USAGE_ERROR = 2
CI_FILES: Mapping[str, str] = {
    "github": ".github/workflows/claude-conformance.yml",
    "gitlab": ".gitlab/claude-conformance.yml",
}
_CONFIGURATION = """# What the conformance suite of pytest-claude-sessions tries: pytest --claude-conformance
manager = "{module}:factory"
profile = "{profile}"

# A failure that is known, until it is mended or its date is past:
# [[expected-failures]]
# id = "RES-04"
# reason = "dead ids are retried, see the issue"
# issue = "https://example.org/issues/1"
# until = 2027-12-31
"""


class Refused(Exception):
    """Something is there already, or was asked for wrongly; one line, with the remedy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files.

    :param arguments: of the command line, None for this process's own
    :returns: the exit status: 2 when nothing was written
    """
    registry = load_registry()
    parser = argparse.ArgumentParser(
        prog="python -m pytest_claude_sessions.init",
        description="Write a configuration, an adapter and a CI job for the conformance suite into a project.",
        allow_abbrev=False,
    )
    parser.add_argument("directory", nargs="?", type=Path, default=Path(), help="the project (default: here)")
    parser.add_argument(
        "--profile", default="core", help=f"capabilities to begin with: {', '.join(registry.profiles)} (default: core)"
    )
    parser.add_argument("--ci", choices=(*CI_FILES, "none"), help="the job's kind (default: what the project has)")
    options = parser.parse_args(arguments)
    try:
        if options.profile not in registry.profiles:
            raise Refused(f"there is no profile {options.profile!r}{nearest(options.profile, registry.profiles)}")
        files = _files(options.directory, options.profile, options.ci)
        _refuse_to_overwrite(options.directory, files)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return USAGE_ERROR
    for name, text in files.items():
        path = options.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never over a file that came meanwhile.
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        print(f"written: {path}")
    print("\nNow run\n\n    pytest --claude-conformance -x\n")
    print(f"and write the method of {MODULE}.py that it names; then again.")
    if CI_FILES["gitlab"] in files:
        print(f"Include the job in .gitlab-ci.yml:\n\n    include:\n      - local: {CI_FILES['gitlab']}")
    return 0


def job(kind: str) -> str:
    """The CI job, which docs/ci/ has as well.

    :param kind: `github` or `gitlab`
    """
    return resources.files(__package__).joinpath(f"templates/{kind}.yml").read_text("utf-8")


def _files(directory: Path, profile: str, ci: str | None) -> dict[str, str]:
    if not directory.is_dir():
        raise Refused(f"there is no directory {directory}")
    name = directory.resolve().name.replace("\\", "").replace('"', "") or "manager"
    files = {
        CONFIG_FILE: _CONFIGURATION.format(module=MODULE, profile=profile),
        f"{MODULE}.py": adapter(name, load_registry().profiles[profile]),
    }
    kind = ci or ("gitlab" if (directory / ".gitlab-ci.yml").exists() else "github")
    if kind != "none":
        files[CI_FILES[kind]] = job(kind)
    return files


def _refuse_to_overwrite(directory: Path, files: Mapping[str, str]) -> None:
    there = [name for name in files if (directory / name).exists() or (directory / name).is_symlink()]
    if there:
        raise Refused(f"{', '.join(there)}: there already, and nothing is overwritten; move it away first")
    try:
        table = tomllib.loads((directory / "pyproject.toml").read_text("utf-8")).get("tool", {}).get(TABLE)
    except (OSError, ValueError):
        table = None
    if table is not None:
        raise Refused(f"pyproject.toml has a table [tool.{TABLE}], which {CONFIG_FILE} would hide")
