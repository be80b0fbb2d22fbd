"""What all tests share: pytester, and no plug-in in its inner runs but ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from .measured import measure_isolated_starts

pytest_plugins = ["pytester"]

CHECKOUT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fidelity")
    group.addoption(
        "--fidelity",
        action="append",
        default=[],
        metavar="RELEASE",
        help="play the fidelity scenarios with this real release: a version, sdk, or all (repeatable)",
    )
    group.addoption("--fidelity-cache", metavar="DIR", help="where releases are installed")
    group.addoption("--fidelity-record", metavar="PATH", help="keep what came of it in this file")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "played_release" in metafunc.fixturenames:
        releases: list[str] = metafunc.config.getoption("--fidelity")
        if "all" in releases:
            from pytest_claude_sessions.claude.release import OBSERVED
            from pytest_claude_sessions.fidelity.install import SDK, bundled_release

            bundled = bundled_release()
            releases = [*([] if bundled is None or bundled in OBSERVED else [SDK]), *OBSERVED]
        metafunc.parametrize("played_release", releases or ["sdk"], indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Minutes a release, so only when they are asked for.
    if not config.getoption("--fidelity"):
        slow = [item for item in items if item.get_closest_marker("fidelity")]
        if slow:
            config.hook.pytest_deselected(items=slow)
            items[:] = [item for item in items if not item.get_closest_marker("fidelity")]


@pytest.fixture(autouse=True)
def _inner_runs_load_our_plugin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude_sessions.plugin")
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    # Inner runs are no steps of the CI that these tests run in.
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _coverage_reaches_isolated_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    measure_isolated_starts(monkeypatch)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is said of a child's modules: coverage comes into no child of the test."""
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)
