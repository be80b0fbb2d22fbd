"""`--claude-coverage`: what no requirement reached is listed, in this process, in a driver and under pytest-xdist."""

from __future__ import annotations

import json
import os
import sys
from importlib import resources

import coverage
import jsonschema
import pytest

STORES = """
import json

class Store:
    capabilities = {"store"}
    name = "store"

    def __init__(self, environment):
        self.path = environment.state_dir / "ids.json"

    def read(self):
        if self.path.exists():
            return json.loads(self.path.read_text())
        return {}

    def get_session(self, key):
        if key:
            return self.read().get(key)

    def set_session(self, key, session_id):
        self.path.write_text(json.dumps({**self.read(), key: session_id}))

    def never(self):
        text = "no requirement"
        return text + " comes here"

if __name__ == "__main__":
    raise SystemExit("not a program")
"""
# The lines of `never`, which the listing must name.
_FIRST = STORES.strip().splitlines().index("    def never(self):") + 2
NEVER = [_FIRST, _FIRST + 1]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a package of two modules, one of which nothing imports."""
    package = pytester.mkpydir("my_project")
    (package / "stores.py").write_text(STORES.strip() + "\n")
    (package / "unused.py").write_text("x = 1\n\n\ndef f():\n    return x\n")
    return pytester


def run(project: pytest.Pytester, *options: str, manager: str = "my_project.stores:Store") -> pytest.RunResult:
    return project.runpytest_subprocess(
        "--claude-conformance",
        f"--claude-manager={manager}",
        "--claude-requirement=STO-01",
        "--claude-coverage=my_project",
        "--claude-report=report.json",
        *(("-p", "tests.measured") if "COVERAGE_PROCESS_CONFIG" in os.environ else ()),
        *options,
    )


def found(project: pytest.Pytester) -> dict[str, tuple[list[int], list[list[int]]]]:
    report = json.loads(project.path.joinpath("report.json").read_text())
    schema = resources.files("pytest_claude_sessions.conformance").joinpath("report.schema.json")
    jsonschema.validate(report, json.loads(schema.read_text("utf-8")))
    return {entry["path"]: (entry["lines"], entry["branches"]) for entry in report["coverage"]["files"]}


def assert_told(project: pytest.Pytester, result: pytest.RunResult) -> None:
    files = found(project)
    lines, branches = files[os.path.join("my_project", "stores.py")]
    assert set(NEVER) <= set(lines)
    source = STORES.strip().splitlines()
    assert not [n for n in lines if "def " in source[n - 1] or "self.path.write_text" in source[n - 1]]
    assert [source[start - 1].strip() for start, end in branches if end < 0] == ["if key:"]
    text = result.stdout.str()
    assert "what no requirement reached of my_project" in text
    assert f"{NEVER[0]}-{NEVER[1]}" in text
    assert "->exit" in text


def test_lines_and_branches_that_no_requirement_reached_are_listed(project: pytest.Pytester) -> None:
    result = run(project)
    result.assert_outcomes(passed=2)
    assert_told(project, result)
    assert "unused.py: nothing of it was reached" in " ".join(result.stdout.str().split())


def test_driver_in_python_measures_itself(project: pytest.Pytester) -> None:
    result = run(project, manager=f"cmd:{sys.executable} -m pytest_claude_sessions.door.host my_project.stores:Store")
    result.assert_outcomes(passed=2)
    assert_told(project, result)


def test_driver_measures_itself_when_the_run_is_itself_measured(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under `coverage run` or pytest-cov, which tell all children to measure what was asked of them."""
    other = coverage.Coverage(data_file="other", config_file=False, source_pkgs=["elsewhere"])
    monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", other.config.serialize())
    monkeypatch.setenv("COVERAGE_FILE", "other")
    result = run(project, manager=f"cmd:{sys.executable} -m pytest_claude_sessions.door.host my_project.stores:Store")
    result.assert_outcomes(passed=2)
    assert_told(project, result)


def test_workers_are_put_together(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    result = run(project, "-p", "xdist.plugin", "-n", "2")
    result.assert_outcomes(passed=2)
    assert_told(project, result)


def test_package_that_was_imported_before_is_not_charged_with_its_import(project: pytest.Pytester) -> None:
    project.makeconftest("import my_project.stores")
    run(project).assert_outcomes(passed=2)
    lines, _ = found(project)[os.path.join("my_project", "stores.py")]
    source = STORES.strip().splitlines()
    assert set(NEVER) <= set(lines)
    assert not [n for n in lines if source[n - 1].startswith(("import", "class", "    def", "    capabilities"))]


def test_nothing_remains_of_it(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the environment, nor on the disk."""
    project.makeconftest(
        """
        import atexit, glob, os, tempfile

        names = ("PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")
        before = {name: os.environ.get(name) for name in names}

        def told():
            same = {name: os.environ.get(name) for name in before} == before
            print("SAME" if same else "CHANGED", glob.glob(os.path.join(tempfile.gettempdir(), "claude-reach-*")))

        atexit.register(told)
        """
    )
    project.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(project.path / "temporary"))
    result = run(project)
    assert "SAME []" in result.outlines


def test_unknown_package_is_a_usage_error(project: pytest.Pytester) -> None:
    result = run(project, "--claude-coverage=my_projcet")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--claude-coverage: there is no package or module 'my_projcet'" in result.stderr.str()
    result = run(project, "--claude-coverage=src/my_project")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'src/my_project' is not the name of a package" in result.stderr.str()


def test_driver_of_another_package_is_told(project: pytest.Pytester) -> None:
    manager = f"cmd:{sys.executable} -m pytest_claude_sessions.door.host my_project.stores:Store"
    result = run(project, "--claude-coverage=elsewhere", manager=manager)
    assert "nothing of elsewhere was reached: is it the manager's package?" in " ".join(result.stdout.str().split())
