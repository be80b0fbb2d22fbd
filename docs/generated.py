"""The parts of the reference that are made from code and registry: a page names one in `<!-- made: NAME -->`."""

from __future__ import annotations

import argparse
import inspect
import json
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any, cast

import pytest

from pytest_claude_sessions import fixtures, hookspecs
from pytest_claude_sessions.manager import CAPABILITIES, KINDS
from pytest_claude_sessions.options import CRASH, add_options
from pytest_claude_sessions.suite.check import checks_of
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.registry import CONFORMANCE, load_registry

_MARK = re.compile(r"<!-- made: (\w+) -->")


def fill_in(app: object, name: str, source: list[str]) -> None:
    """Sphinx's `source-read`: replace the marks of a page."""
    source[0] = filled(source[0])


def filled(text: str) -> str:
    """A page's text with its marks replaced.

    :raises KeyError: for a mark that names nothing
    """
    return _MARK.sub(lambda found: "\n".join(PARTS[found.group(1)]()), text)


def requirements() -> Iterator[str]:
    """Every requirement with its reason, sources and checks."""
    registry = load_registry()
    by_capability: dict[str, list[Any]] = {}
    for requirement in registry.requirements.values():
        by_capability.setdefault(requirement.capability, []).append(requirement)
    for capability, entries in by_capability.items():
        profiles = ", ".join(name for name, capabilities in registry.profiles.items() if capability in capabilities)
        yield from (f"## {capability}", "", f"Profiles: {profiles}.", "")
        for requirement in entries:
            yield from (f"### {requirement.id}", "", f"**{requirement.level}**: {_text(requirement.statement)}", "")
            if requirement.cause:
                yield from (f"*Usual cause of failing it:* {_text(requirement.cause)}", "")
            told = [f"failure modes {', '.join(map(str, requirement.modes))}"] if requirement.modes else []
            told += [f"asked for by sources {', '.join(requirement.sources)}"] if requirement.sources else []
            if told:
                yield from (f"*Why:* {'; '.join(told)}.", "")
            for check in checks_of(requirement.id, requirement.capability, (CRASH,)):
                first = (inspect.getdoc(check.function) or check.name).splitlines()[0]
                cases = f" ({len(check.cases)} cases)" if check.cases else ""
                asked = f" (with `{check.only_with}`)" if check.only_with else ""
                yield f"* `{requirement.id}[{check.name}]`{cases}{asked}: {_text(first)}"
            yield ""


def options() -> Iterator[str]:
    """Every option of the command line."""
    group = _Group()
    add_options(cast(pytest.Parser, group))
    for names, settings in group.options:
        metavar = settings.get("metavar", "")
        yield from (f"### `{' '.join([*names, metavar]).strip()}`", "", _sentence(settings["help"]), "")
    for name, told in group.inis:
        yield from (f"### `{name}` (in pytest's configuration)", "", _sentence(told), "")


def fixture_list() -> Iterator[str]:
    """Every fixture, with what its docstring says."""
    for name, value in vars(fixtures).items():
        if name.startswith("claude_"):
            function = inspect.unwrap(getattr(value, "__wrapped__", None) or value._get_wrapped_function())
            yield from (f"### `{name}`", "", _text(inspect.getdoc(function) or ""), "")


def hooks() -> Iterator[str]:
    """Every hook."""
    for name, value in vars(hookspecs).items():
        if name.startswith("pytest_") and inspect.isfunction(value):
            yield from (f"### `{name}{inspect.signature(value)}`", "", _text(inspect.getdoc(value) or ""), "")


def methods() -> Iterator[str]:
    """Every method of a manager, by capability."""
    shown: set[str] = set()
    for capability, names in CAPABILITIES.items():
        yield from (f"### {capability}", "")
        for name in names:
            if name in shown:
                yield f"* `{name}`: see above"
                continue
            shown.add(name)
            function = getattr(ManagerHandle, name)
            taken = ", ".join(part for part in inspect.signature(function).parameters if part != "self")
            signature = "request" if name == "dispatch" else taken
            yield f"* `{name}({signature})`: {_text((inspect.getdoc(function) or '').splitlines()[0])}"
        yield ""


def kinds() -> Iterator[str]:
    """The closed list of a refusal's kinds."""
    yield ", ".join(f"`{kind}`" for kind in KINDS) + "."


def report_schema() -> Iterator[str]:
    """The JSON Schema of the report."""
    text = resources.files(CONFORMANCE).joinpath("report.schema.json").read_text("utf-8")
    yield from ("```json", json.dumps(json.loads(text), indent=2), "```")


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "requirements": requirements,
    "options": options,
    "fixtures": fixture_list,
    "hooks": hooks,
    "methods": methods,
    "kinds": kinds,
    "report_schema": report_schema,
}


class _Group:
    """Takes the options instead of pytest's parser."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.inis: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> _Group:
        return self

    def addoption(self, *names: str, **settings: Any) -> None:
        argparse.ArgumentParser(add_help=False).add_argument(*names, **settings)
        self.options.append((names, settings))

    def addini(self, name: str, told: str, *_: object, **__: object) -> None:
        self.inis.append((name, told))


def _text(text: str) -> str:
    return re.sub(r"([<>*_\\[\]|])", r"\\\1", text) if "`" not in text else text


def _sentence(text: str) -> str:
    return _text(text[0].upper() + text[1:]) + "."
