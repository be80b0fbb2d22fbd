"""What the suite says in other surroundings, held against what it says in none.

`python -m tests.strength.isolation card full` plays all of them and keeps the outcome in docs/strength/isolation.json.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .surroundings import ALL, CHECKOUT, Lacking, Launch, Surroundings

RESULTS = CHECKOUT / "docs" / "strength" / "isolation.json"
HANDFUL = ("STO-01", "STO-12", "TTL-02", "RES-02", "ID-04", "QUA-02")
"""One for each thing that surroundings touch: files, their modes, the clock, Claude's starts, names, transcripts."""


def asked_for(profile: str) -> tuple[str, ...]:
    """Pytest's words for a profile, or for the `handful` of requirements."""
    if profile != "handful":
        return ("--claude-profile", profile)
    return ("--claude-profile", "card", *(word for name in HANDFUL for word in ("--claude-requirement", name)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run said of one requirement.

    :param checks: node ids
    :param message: of a verdict that is not green; it names places of that run
    """

    name: str
    checks: tuple[str, ...]
    message: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a run said, without what differs from run to run.

    :param requirements: by id
    """

    outcome: str
    exit_status: int
    requirements: Mapping[str, Verdict]

    def differences(self, other: Verdicts) -> list[str]:
        """What another run says differently, a line each."""
        lines = []
        for name in sorted({*self.requirements, *other.requirements}):
            mine, its = self.requirements.get(name), other.requirements.get(name)
            if mine is None or its is None:
                lines.append(f"{name}: {'also' if mine is None else 'not'} checked")
            elif mine.name != its.name:
                message = " ".join((its.message or mine.message).split())
                lines.append(f"{name}: {mine.name} became {its.name} ({message:.400})")
            elif mine != its:
                differing = ", ".join(sorted({*mine.checks} ^ {*its.checks}))
                lines.append(f"{name}: not the same checks: {differing}")
        if (self.outcome, self.exit_status) != (other.outcome, other.exit_status):
            before, after = f"{self.outcome} ({self.exit_status})", f"{other.outcome} ({other.exit_status})"
            lines.append(f"outcome: {before} became {after}")
        return lines


def played(surroundings: Surroundings, asked: tuple[str, ...], room: Path) -> list[Verdicts]:
    """Run the suite on the reference manager in these surroundings.

    :param asked: pytest's words for what is checked
    :param room: an empty directory
    :raises Lacking: where it cannot be run, with the reason
    """
    lacking = [name for name in surroundings.plugins if find_spec(name) is None]
    if lacking:
        raise Lacking(f"not installed: {', '.join(lacking)} (`tox -e plugins` has them all)")
    with ExitStack() as stack:
        directory = room / surroundings.directory
        if surroundings.user is None:
            directory.mkdir()
        else:
            directory = stack.enter_context(_directory_of(surroundings.user))
        launch = surroundings.launch(directory)
        words = ["--claude-conformance", "--claude-manager", "reference", *asked, "--claude-report=report-1.json"]
        words += [*surroundings.options, "-q"]
        if "-p" not in surroundings.options or "cacheprovider" not in surroundings.options:
            words += ["-p", "no:cacheprovider"]
        run = subprocess.run(
            [*launch.python, *words],
            cwd=directory,
            env=_environment(surroundings, launch),
            umask=surroundings.umask,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        reports = [directory / f"report-{number}.json" for number in range(1, surroundings.reports + 1)]
        if missing := [report.name for report in reports if not report.is_file()]:
            raise AssertionError(f"no {', '.join(missing)} from status {run.returncode}:\n{run.stdout}{run.stderr}")
        return [_verdicts(json.loads(report.read_text("utf-8")), run.returncode) for report in reports]


def _environment(surroundings: Surroundings, launch: Launch) -> dict[str, str]:
    env: dict[str, str | None] = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    if not surroundings.plugins:
        env |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_claude_sessions.plugin"}
    env |= launch.env
    env |= surroundings.env
    return {name: value for name, value in env.items() if value is not None}


@contextmanager
def _directory_of(user: int) -> Iterator[Path]:
    """A directory of another user, who cannot reach a tmp_path."""
    with tempfile.TemporaryDirectory(prefix="surroundings-") as name:
        directory = Path(name)
        if os.geteuid() == 0:
            os.chown(directory, user, user)
        yield directory


def _verdicts(report: Mapping[str, Any], exit_status: int) -> Verdicts:
    return Verdicts(
        report["outcome"],
        exit_status,
        {
            entry["id"]: Verdict(entry["verdict"], tuple(sorted(entry["tests"])), entry["message"])
            for entry in report["requirements"]
        },
    )


@functools.cache
def plain_verdicts(asked: tuple[str, ...]) -> Verdicts:
    """What the plain run says, to which all others are held."""
    with tempfile.TemporaryDirectory() as room:
        return played(Surroundings("nothing special"), asked, Path(room))[0]


# ------------------------------------------------------------------ the page
def section(results: Mapping[str, Any]) -> Iterator[str]:
    """Order and isolation, as lines of the page.

    :param results: what `docs/strength/isolation.json` holds
    """
    yield from ("## Order and isolation", "")
    for profile, found in results["profiles"].items():
        played_ones = [entry for entry in found["surroundings"] if "lacking" not in entry]
        same = sum(not entry["differences"] for entry in played_ones)
        yield (
            f"* `{profile}` ({found['requirements']} requirements, {found['checks']} checks): the same verdicts in "
            f"{same} of {len(played_ones)} surroundings"
        )
    yield from ("", "Repeat it with `tox -e plugins`.", "")
    profiles = list(results["profiles"])
    yield f"| surroundings | {' | '.join(f'`{profile}`' for profile in profiles)} |"
    yield "|---" * (len(profiles) + 1) + "|"
    told: dict[str, dict[str, str]] = {}
    for profile, found in results["profiles"].items():
        for entry in found["surroundings"]:
            told.setdefault(entry["told"], {})[profile] = _cell(entry)
    for line, cells in told.items():
        texts = [line, *(cells.get(profile, "not played") for profile in profiles)]
        yield f"| {' | '.join(text.replace('|', '&#124;') for text in texts)} |"
    yield ""


def _cell(entry: Mapping[str, Any]) -> str:
    if "lacking" in entry:
        return f"not played: {entry['lacking']}"
    return "<br>".join(entry["differences"]) or "the same"


def play(profile: str, names: list[str], results: dict[str, Any]) -> bool:
    """Play some surroundings with a profile, keeping each outcome at once; whether all said the same.

    :param results: what is kept, changed in place
    """
    asked = asked_for(profile)
    plain = plain_verdicts(asked)
    kept = results["profiles"].setdefault(profile, {"surroundings": []})
    kept["outcome"] = plain.outcome
    kept["requirements"] = sum(bool(verdict.checks) for verdict in plain.requirements.values())
    kept["checks"] = sum(len(verdict.checks) for verdict in plain.requirements.values())
    all_the_same = True
    for name in names:
        entry: dict[str, Any] = {"name": name, "told": ALL[name].told}
        with tempfile.TemporaryDirectory() as room:
            try:
                found = played(ALL[name], asked, Path(room))
                entry["differences"] = [line for verdicts in found for line in plain.differences(verdicts)]
            except Lacking as lacking:
                entry["lacking"] = str(lacking)
        print(f"{profile}: {name}: {_cell(entry)}", flush=True)
        all_the_same &= not entry.get("differences")
        entries = {other["name"]: other for other in kept["surroundings"]} | {name: entry}
        kept["surroundings"] = [entries[each] for each in ALL if each in entries]
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return all_the_same


def main() -> int:
    """Play surroundings; the status is 1 when anything differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.isolation", description=main.__doc__)
    parser.add_argument("profiles", nargs="+", help="such as card, full; or handful, for a few requirements")
    parser.add_argument("--only", action="append", choices=ALL, help="these alone (repeatable; default: all)")
    parser.add_argument("--missing", action="store_true", help="those alone of which nothing is kept, or a difference")
    given = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {"profiles": {}}
    same = True
    for profile in given.profiles:
        entries = results["profiles"].get(profile, {}).get("surroundings", [])
        done = {entry["name"] for entry in entries if not entry.get("differences")} if given.missing else set()
        same &= play(profile, [name for name in given.only or ALL if name not in done], results)
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
