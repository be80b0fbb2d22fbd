"""What loading the plug-in costs: nothing heavy is imported, from the start of an empty run to its very end."""

from __future__ import annotations

import pytest

HEAVY = (
    "claude_agent_sdk",
    "freezegun",
    "pyfakefs",
    "responses",
    "requests",
    "coverage",
    "asyncio",
    "http.server",
    "hypothesis",
)
OURS_AT_MOST = {
    "pytest_claude_sessions",
    "pytest_claude_sessions.plugin",
    "pytest_claude_sessions.options",
    "pytest_claude_sessions.hookspecs",
    "pytest_claude_sessions.fixtures",
}

REPORTS_MODULES = """
import atexit, sys

def pytest_unconfigure(config):
    # The last hook of a run; atexit comes after it.
    atexit.register(lambda: print("MODULES", *sorted(sys.modules)))
"""


def modules_after(pytester: pytest.Pytester, *options: str) -> set[str]:
    pytester.makeconftest(REPORTS_MODULES)
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=1)
    line = next(line for line in result.outlines if line.startswith("MODULES"))
    return set(line.split()[1:])


def test_trivial_run_imports_nothing_heavy(pytester: pytest.Pytester, unmeasured: None) -> None:
    modules = modules_after(pytester)
    assert "pytest_claude_sessions.plugin" in modules
    assert modules.isdisjoint(HEAVY)
    assert {name for name in modules if name.startswith("pytest_claude_sessions")} <= OURS_AT_MOST


def test_nothing_remains_when_it_is_switched_off(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    modules = modules_after(pytester, "-p", "no:claude_sessions")
    assert {name for name in modules if name.startswith("pytest_claude_sessions")} == set()
    result = pytester.runpytest_subprocess("-p", "no:claude_sessions", "--claude-conformance")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_its_options_are_in_the_help_and_its_fixtures_in_the_list(pytester: pytest.Pytester) -> None:
    help_text = pytester.runpytest_subprocess("--help").stdout.str()
    assert "--claude-conformance" in help_text
    fixtures = pytester.runpytest_subprocess("--fixtures").stdout.str()
    for name in (
        "claude_config_dir",
        "claude_readonly_bind",
        "claude_clock",
        "claude_stream",
        "claude_cli",
        "claude_api",
        "claude_environment",
    ):
        assert f"\n{name} " in fixtures


def test_freezing_the_time_imports_nothing_of_ours(pytester: pytest.Pytester) -> None:
    """freezegun asks every loaded module for all that it lists: a lazy package must not list what is not there yet."""
    pytester.makepyfile(
        """
        import importlib, sys

        def test_it(claude_clock):
            pass

        def test_freeze():
            packages = ["", ".api", ".bind", ".config_dir", ".stream"]
            for name in packages:
                importlib.import_module("pytest_claude_sessions" + name)
            from pytest_claude_sessions.clock import Clock
            before = set(sys.modules)
            with Clock() as clock:
                clock.freeze()
            new = {name for name in set(sys.modules) - before if name.startswith(("pytest_claude", "claude_agent"))}
            assert new <= {"pytest_claude_sessions.frozen_time"}
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
