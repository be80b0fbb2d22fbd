"""The hooks of the plug-in; everything else is imported when an option or a fixture is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .options import add_options

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ["pytest_claude_sessions.fixtures"]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from . import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    if early_config.known_args_namespace.claude_conformance:
        from .suite.collection import with_suite

        args[:] = with_suite(args)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    name, form = config.getoption("claude_explain"), config.getoption("claude_requirements")
    if name is not None:
        from .suite.explanation import explain

        return explain(name)
    if form is not None:
        from .suite.listing import list_requirements

        return list_requirements(config, form)
    return None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    only_tells = config.getoption("claude_explain") or config.getoption("claude_requirements")
    if config.getoption("claude_conformance") and not only_tells:
        from .suite.run import register

        register(config)


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> pytest.Collector | Sequence[pytest.Collector] | None:
    run = parent.config.pluginmanager.get_plugin("claude-conformance")
    return run.collect(file_path, parent) if run is not None else None
