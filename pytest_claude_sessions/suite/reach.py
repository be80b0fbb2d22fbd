"""`--claude-coverage PACKAGE`: which lines and branches of the manager no requirement reached.

Measured are the manager's import and the checks, not what else a run does. A driver, and a manager that a check starts
in a process of its own, measure themselves: their environment tells them to, when they are Python and have coverage.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..door.inprocess import InProcessDoor
from ..options import WrongOption

if TYPE_CHECKING:
    import pytest

    from ..door import Door

WORKER_KEY = "claude_reach"
"""Under which a worker of pytest-xdist is told the directory of them all."""

_SITE = """
# Starts coverage in a driver, then hands over to the sitecustomize that this one stands before.
import os, sys
sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
del sys.modules["sitecustomize"]
try:
    import coverage
except ImportError:
    open(os.path.join(os.path.dirname(__file__), "without-coverage"), "w").write(sys.executable)
else:
    coverage.process_startup()
try:
    import sitecustomize
except ImportError:
    pass
"""
# Plain facts for coverage, told by us where they matter.
_NO_WARNINGS = ["module-not-imported", "module-not-measured", "no-data-collected", "already-imported", "couldnt-parse"]


@dataclass(frozen=True, slots=True)
class Unreached:
    """What no requirement reached of one file.

    :param path: relative to where pytest was started, when it is below
    :param lines: their numbers
    :param branches: from line to line; a negative one is the end of a function or module
    :param statements: how many lines of code the file has
    """

    path: str
    lines: tuple[int, ...]
    branches: tuple[tuple[int, int], ...]
    statements: int

    @property
    def told(self) -> str:
        """Lines as ranges, then branches."""
        if self.statements and len(self.lines) == self.statements:
            return "nothing of it was reached"
        ends = [f"{start}->{'exit' if end < 0 else end}" for start, end in self.branches]
        return ", ".join([*ranges(self.lines), *ends])


def make_reach(config: pytest.Config, package: str) -> Reach:
    """The measurement of this process; pytest's end undoes what it changes.

    :param package: the manager's package or module
    """
    given = getattr(config, "workerinput", {}).get(WORKER_KEY)
    directory = Path(given or tempfile.mkdtemp(prefix="claude-reach-"))
    if not given:
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    reach = Reach(package, directory)
    config.add_cleanup(reach.forget_children)
    return reach


class Reach:
    """The measurement of one process of a run.

    :param package: the manager's package or module
    :param directory: where each process leaves its data
    """

    def __init__(self, package: str, directory: Path) -> None:
        from coverage import Coverage

        self.package = package
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self._before = {name for name in sys.modules if name == package or name.startswith(f"{package}.")}
        self._coverage = Coverage(
            data_file=str(directory / "data"),
            data_suffix=True,
            branch=True,
            source_pkgs=[package],
            config_file=False,
            messages=False,
        )
        self._coverage.set_option("run:disable_warnings", _NO_WARNINGS)
        self._environment: dict[str, str | None] = {}

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what is done meanwhile, also by threads that are started."""
        self._coverage.start()
        try:
            yield
        finally:
            self._coverage.stop()

    def follow(self, door: Door) -> None:
        """From now on, children that are Python measure themselves; until :meth:`save`.

        :raises WrongOption: when a manager of this process has no such package
        """
        if isinstance(door, InProcessDoor):
            _check_package(self.package)
        site = self.directory / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(_SITE, "utf-8")
        settings = self.directory / "coveragerc"
        settings.write_text(
            f"[run]\nbranch = true\nparallel = true\nsource_pkgs = {self.package}\npatch = _exit\nsigterm = true\n"
            f"data_file = {self.directory / 'data'}\ndisable_warnings = {', '.join(_NO_WARNINGS)}\n",
            "utf-8",
        )
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        self._set("PYTHONPATH", path)
        self._set("COVERAGE_PROCESS_START", str(settings))
        # A run that is itself measured hands these to its children, and they go before.
        self._set("COVERAGE_PROCESS_CONFIG", None)
        self._set("COVERAGE_FILE", None)

    def save(self) -> None:
        """Leave this process's data in the directory, and the environment as it was."""
        self.forget_children()
        self._coverage.save()

    def forget_children(self) -> None:
        """Make the environment what it was."""
        for name, value in tuple(self._environment.items()):
            self._set(name, value)
        self._environment.clear()

    def _set(self, name: str, value: str | None) -> None:
        """Set or take away a variable; what it was is kept."""
        self._environment.setdefault(name, os.environ.get(name))
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    def result(self, root: Path) -> Result:
        """What all processes together reached.

        :param root: paths are told relative to it
        """
        from coverage import Coverage
        from coverage.exceptions import CoverageException

        whole = Coverage(data_file=str(self.directory / "whole"), branch=True, config_file=False, messages=False)
        whole.set_option("run:disable_warnings", _NO_WARNINGS)
        told = self.directory / "whole.json"
        marker = self.directory / "site" / "without-coverage"
        without = marker.read_text("utf-8") if marker.is_file() else ""
        try:
            whole.combine([str(path) for path in self.directory.glob("data.*")])
            whole.json_report(outfile=str(told), ignore_errors=True)
        except CoverageException:
            return Result(self.package, (), without)
        files = json.loads(told.read_text("utf-8"))["files"]
        at_import = {
            str(Path(file).resolve())
            for name in self._before
            if (file := getattr(sys.modules.get(name), "__file__", None))
        }
        found = [_unreached(Path(path), data, root, at_import) for path, data in sorted(files.items())]
        return Result(self.package, tuple(found), without)


def _check_package(name: str) -> None:
    """See to it that the package is there.

    :raises WrongOption: when it is not
    """
    from importlib.util import find_spec

    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise WrongOption(f"--claude-coverage: there is no package or module {name!r}: name the manager's own")


@dataclass(frozen=True, slots=True)
class Result:
    """What was reached of a package.

    :param files: all of its files
    :param without_coverage: the interpreter of a driver that has no coverage, empty when none was met
    """

    package: str
    files: tuple[Unreached, ...]
    without_coverage: str = ""

    @property
    def statements(self) -> int:
        """Lines of code."""
        return sum(file.statements for file in self.files)

    @property
    def reached(self) -> int:
        """Lines of code that a requirement reached."""
        return self.statements - sum(len(file.lines) for file in self.files)

    @property
    def measured(self) -> bool:
        """Whether anything was."""
        return self.reached > 0

    def as_json(self) -> Mapping[str, Any]:
        """Plain data, for the reports."""
        return {
            "package": self.package,
            "statements": self.statements,
            "reached": self.reached,
            "files": [
                {"path": file.path, "lines": list(file.lines), "branches": [list(branch) for branch in file.branches]}
                for file in self.files
                if file.lines or file.branches
            ],
        }


def _unreached(path: Path, data: Mapping[str, Any], root: Path, at_import: set[str]) -> Unreached:
    full = path.resolve()
    lines = set(data["missing_lines"])
    branches = [(start, end) for start, end in data.get("missing_branches", []) if start not in lines]
    if str(full) in at_import:
        # Imported before the measurement began: what a module does at its import was done.
        inside = _lines_of_functions(full)
        lines &= inside
        branches = [branch for branch in branches if branch[0] in inside]
    shown = str(full.relative_to(root)) if full.is_relative_to(root) else str(full)
    statements = len(data["executed_lines"]) + len(data["missing_lines"])
    return Unreached(shown, tuple(sorted(lines)), tuple(branches), statements)


def _lines_of_functions(path: Path) -> set[int]:
    """The lines of a module that do not run at its import."""
    inside: set[int] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside.update(range(node.body[0].lineno, (node.end_lineno or node.body[-1].lineno) + 1))
    return inside


def ranges(lines: Sequence[int]) -> list[str]:
    """Line numbers, those that follow each other as `first-last`."""
    told: list[str] = []
    first = last = 0
    for line in [*lines, 0]:
        if last and line != last + 1:
            told.append(str(first) if first == last else f"{first}-{last}")
            first = 0
        first, last = first or line, line
    return told
