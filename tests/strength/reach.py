"""Which items of the suite touch which lines of the manager, measured once with coverage, children included."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .project_copy import PACKAGE

if TYPE_CHECKING:
    from .mutants import Mutant

_ITEM = "STRENGTH_ITEM"


class Touching:
    """A plug-in of a run: what is executed from now on is noted under the item at hand, in children too."""

    def __init__(self, copy: str, directory: str) -> None:
        from coverage import Coverage

        place = Path(directory)
        place.mkdir(exist_ok=True)
        settings = place / "coveragerc"
        settings.write_text(
            f"[run]\nparallel = true\nbranch = false\ninclude = {copy}/{PACKAGE}/*\ndata_file = {place}/data\n"
            f"context = ${{{_ITEM}}}\npatch = _exit\nsigterm = true\ndisable_warnings = no-data-collected\n"
        )
        os.environ[_ITEM] = ""
        os.environ["COVERAGE_PROCESS_START"] = str(settings)
        self._coverage = Coverage(config_file=str(settings), messages=False)
        self._coverage.start()

    def pytest_runtest_setup(self, item: Any) -> None:
        os.environ[_ITEM] = item.nodeid
        self._coverage.switch_context(item.nodeid)

    def pytest_unconfigure(self) -> None:
        self._coverage.stop()
        self._coverage.save()


@dataclass(frozen=True, slots=True)
class Reach:
    """What touches what.

    :param lines: by module and line, the items
    :param seconds: by item, how long it takes
    """

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    @classmethod
    def of(cls, directory: Path, seconds: dict[str, float]) -> Reach:
        """From what :class:`Touching` left."""
        from coverage import CoverageData

        whole = CoverageData(basename=str(directory / "whole"))
        for path in sorted(directory.glob("data.*")):
            part = CoverageData(basename=str(path))
            part.read()
            whole.update(part)
        lines: dict[str, dict[int, list[str]]] = {}
        for file in whole.measured_files():
            touched = {
                line: sorted(_item(name) for name in names if _item(name) in seconds)
                for line, names in whole.contexts_by_lineno(file).items()
            }
            lines[Path(file).stem] = touched
        return cls(lines, seconds)

    def save(self, path: Path) -> None:
        """Keep it, each item by its number."""
        numbers = {name: number for number, name in enumerate(self.seconds)}
        lines = {
            module: {str(line): [numbers[name] for name in names] for line, names in touched.items()}
            for module, touched in self.lines.items()
        }
        path.write_text(json.dumps({"seconds": self.seconds, "lines": lines}))

    @classmethod
    def load(cls, path: Path) -> Reach:
        """Back from a file."""
        data = json.loads(path.read_text())
        names = list(data["seconds"])
        lines = {
            module: {int(line): [names[number] for number in numbers] for line, numbers in touched.items()}
            for module, touched in data["lines"].items()
        }
        return cls(lines, data["seconds"])

    def items_for(self, mutant: Mutant, source: str) -> list[str]:
        """The items that execute the statement of a mutant; those around it where nothing is known of it alone."""
        touched = self.lines.get(mutant.module, {})
        inside = function_lines(source)
        if mutant.line in inside:
            statement, function = inside[mutant.line]
            found = {name for line in statement for name in touched.get(line, ())}
            if found:
                return list(found)
            found = {name for line in function for name in touched.get(line, ())}
            if found:
                return list(found)
        # What is done at the import, and what runs where coverage does not see it.
        found = {name for line in inside for name in touched.get(line, ())}
        area = "tmux" if mutant.module.startswith("tmux") else ""
        return list(found) or [name for name in self.seconds if area in name]


def _item(context: str) -> str:
    return context.partition("|")[0] if context.startswith("claude-conformance") else context


def function_lines(source: str) -> dict[int, tuple[range, range]]:
    """By line within a function's body: the lines of its statement (of a compound one the head), and the function's."""
    found: dict[int, tuple[range, range]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            function = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            for line in function:
                found[line] = (range(line, line + 1), function)
            for statement in _statements(node):
                found.update(dict.fromkeys(statement, (statement, function)))
    return found


def _statements(function: ast.FunctionDef) -> Iterator[range]:
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and node is not function:
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else (node.end_lineno or node.lineno)
            yield range(node.lineno, max(end, node.lineno) + 1)
