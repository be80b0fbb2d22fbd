"""A run as pytest shows it: node ids, selection, verdicts, exit status, the report; the same under pytest-xdist."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .managers import LITTLE_STORE

STORES = (
    LITTLE_STORE
    + """
class NotServed:
    capabilities = {"store"}

    def __init__(self, environment):
        pass

class Chatty(Store):
    def get_session(self, key):
        print("looking for", key)
        return super().get_session(key)

class Litters(Store):
    def __init__(self, environment):
        super().__init__(environment)
        (environment.state_dir.parent / "litter").write_text("left behind")

class Forks(Store):
    def __init__(self, environment):
        super().__init__(environment)
        import subprocess
        subprocess.Popen(["sleep", "600"], start_new_session=True)
"""
)

PROFILE = '[profiles]\nsmall = ["store"]\n'


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a few managers, and a profile of its own."""
    pytester.makepyfile(stores=STORES)
    pytester.path.joinpath("claude-conformance.toml").write_text(PROFILE)
    return pytester


def run(project: pytest.Pytester, manager: str, *options: str) -> tuple[pytest.RunResult, dict]:
    report = project.path / "report.json"
    report.unlink(missing_ok=True)
    result = project.runpytest_subprocess(
        "--claude-conformance",
        "--claude-manager",
        f"stores:{manager}",
        "--claude-profile",
        "small",
        "--claude-report",
        str(report),
        "-p",
        "no:cacheprovider",
        *options,
    )
    return result, json.loads(report.read_text()) if report.exists() else {}


def verdicts(report: dict) -> dict[str, str]:
    return {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["id"].startswith("STO")}


def test_suite_runs_instead_of_the_projects_own_tests(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_own(): pass")
    alone, report = run(project, "Store", "--claude-requirement", "STO-01", "-v")
    assert "test_own" not in alone.stdout.str()
    assert "claude-conformance::store::STO-01[" in alone.stdout.str()
    assert report["outcome"] == "partial"
    assert alone.ret == 0
    both, _ = run(project, "Store", "--claude-requirement", "STO-01", "-v", "test_own.py")
    assert "test_own.py::test_own" in both.stdout.str()
    assert "claude-conformance::store::STO-01[" in both.stdout.str()


def test_failure_tells_all_that_is_needed(project: pytest.Pytester) -> None:
    result, report = run(project, "Forgetful", "--claude-requirement", "STO-02")
    assert result.ret == 1
    assert report["outcome"] == "non-conformant"
    text = result.stdout.str()
    for label in ("given:", "expected:", "seen:", "tree:", "claude:", "usual cause:", "repeat:"):
        assert label in text
    assert "STO-02 (must): What was stored is still there after a restart." in text
    assert "pytest --claude-conformance --claude-manager stores:Forgetful --claude-profile small " in text
    assert "--claude-requirement STO-02" in text
    assert "Traceback" not in text


def test_capability_that_is_not_declared_or_not_served_fails(project: pytest.Pytester) -> None:
    missing, _ = run(project, "Store", "--claude-profile", "core", "-k", "STO-01")
    assert missing.ret == 1
    assert "requires the capability resume" in missing.stdout.str()
    not_served, report = run(project, "NotServed", "--claude-requirement", "STO-01")
    assert verdicts(report)["STO-01"] == "failed"
    assert "the manager has no method set_session()" in not_served.stdout.str()


@pytest.mark.parametrize("selection", [("-k", "STO-01"), ("--deselect", "claude-conformance::store::STO-02")])
def test_selection_makes_it_partial(project: pytest.Pytester, selection: tuple[str, str]) -> None:
    result, report = run(project, "Store", "--claude-requirement", "STO-01", *selection)
    assert result.ret == 0
    assert report["outcome"] == "partial"
    assert f"{selection[0]} was given" in report["reasons"]


def test_node_id_can_be_given_as_an_argument(project: pytest.Pytester) -> None:
    listed, _ = run(project, "Store", "--collect-only", "-q", "-k", "STO-01")
    node_id = next(line for line in listed.outlines if line.startswith("claude-conformance::store::STO-01["))
    result, report = run(project, "Store", node_id)
    result.assert_outcomes(passed=1)
    assert report["outcome"] == "partial"


def test_last_failed_and_exit_first_work(project: pytest.Pytester) -> None:
    command = ["--claude-conformance", "--claude-manager", "stores:Forgetful", "--claude-profile", "small"]
    first = project.runpytest_subprocess(*command, "-x", "-k", "STO-01 or STO-02")
    assert first.ret == 1
    assert first.parseoutcomes()["failed"] == 1
    again = project.runpytest_subprocess(*command, "--lf", "-v")
    assert again.parseoutcomes()["failed"] == 1
    assert "passed" not in again.parseoutcomes()


def test_expected_failure_is_partial_and_red_once_it_passes(project: pytest.Pytester) -> None:
    listed = PROFILE + '[[expected-failures]]\nid = "STO-02"\nreason = "on the list"\nissue = "#7"\n'
    project.path.joinpath("claude-conformance.toml").write_text(listed)
    failing, report = run(project, "Forgetful", "--claude-requirement", "STO-02")
    assert failing.ret == 0
    assert report["outcome"] == "partial"
    assert verdicts(report)["STO-02"] == "expected-failure"
    assert report["expected_failures"] == [{"id": "STO-02", "reason": "on the list", "issue": "#7", "until": None}]
    passing, report = run(project, "Store", "--claude-requirement", "STO-02")
    assert passing.ret == 1
    assert "take it off the list" in passing.stdout.str()


@pytest.mark.parametrize(
    ("manager", "charge"), [("Litters", "left behind: litter"), ("Forks", "still running: "), ("Chatty", "")]
)
def test_what_is_left_behind_is_charged_and_the_next_starts_clean(
    project: pytest.Pytester, manager: str, charge: str
) -> None:
    result, report = run(project, manager, "-k", "STO-01 or STO-04")
    verdict = "failed" if charge else "passed"
    assert {verdicts(report)["STO-01"], verdicts(report)["STO-04"]} == {verdict}
    assert charge in result.stdout.str()


def test_same_verdicts_under_xdist(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    alone, alone_report = run(project, "Forgetful")
    shared, shared_report = run(project, "Forgetful", "-p", "xdist.plugin", "-n", "2")
    assert verdicts(shared_report) == verdicts(alone_report)
    assert verdicts(alone_report)["STO-02"] == "failed"
    assert shared_report["outcome"] == alone_report["outcome"]
    assert shared.ret == alone.ret == 1


@pytest.mark.parametrize("chosen", [("--claude-requirement", "STO-01"), ("-k", "STO-01 or STO-03")], ids=["id", "-k"])
def test_lost_worker_is_never_green(project: pytest.Pytester, chosen: tuple[str, str]) -> None:
    """The controller knows what should have been executed, and that a worker was lost where a filter hides it."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    project.makeconftest(
        """
        import os

        def pytest_runtest_protocol(item):
            if "STO-01" in item.nodeid:
                os._exit(1)
        """
    )
    result, report = run(project, "Store", "-p", "xdist.plugin", "-n", "2", *chosen)
    assert result.ret == 1
    assert report["outcome"] in ("incomplete", "non-conformant")
    assert verdicts(report)["STO-01"] == "could-not-run"


def test_report_follows_its_schema(project: pytest.Pytester) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads(Path(__file__).parents[2].joinpath("conformance", "report.schema.json").read_text())
    _, report = run(project, "Store", "-k", "STO-01")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert report["subject"]["name"] == "little store"
    assert report["subject"]["version"] == "1.2"
    assert len(report["requirements"]) == 129
    assert sum(report["counts"].values()) == 129


def test_explain_prints_and_runs_nothing(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--claude-explain", "sto-02")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["STO-02 (must, capability store)", "What was stored*", "usual cause: *", "*claude-conformance::store::STO-02*"]
    )
    assert "collected" not in result.stdout.str()
    wrong = project.runpytest_subprocess("--claude-explain", "STO-2")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    assert "did you mean" in wrong.stderr.str()
