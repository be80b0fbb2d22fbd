"""`pytest --claude-conformance --claude-crash`, as a project runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.ptrace import NoTracing, check_machine
from tests.suite.managers import LITTLE_STORE

ANEW = "an-id-anew-after or an-id-anew-ENOSPC"

CAREFUL = """
import os
from little import Store as InPlace
from pytest_claude_sessions.manager import ManagerError

class Store(InPlace):
    def read(self):
        import json
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def set_session(self, key, session_id):
        import json
        draft = self.path.with_suffix(".draft")
        try:
            draft.write_text(json.dumps({**self.read(), key: session_id}))
            draft.replace(self.path)
        except OSError as error:
            raise ManagerError("unwritable", str(error)) from error
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.path.joinpath("claude-conformance.toml").write_text('profile = "ids"\n[profiles]\nids = ["store"]\n')
    pytester.makepyfile(little=LITTLE_STORE, careful=CAREFUL)
    return pytester


def run(project: pytest.Pytester, manager: str, *options: str) -> tuple[pytest.RunResult, dict]:
    words = ["--claude-conformance", "--claude-manager", manager, "--claude-requirement", "STO-06"]
    done = project.runpytest_subprocess(*words, "--claude-report", "report.json", "-p", "no:cacheprovider", *options)
    return done, json.loads((project.path / "report.json").read_text())


def hosted(name: str) -> str:
    return f"cmd:{sys.executable} -m pytest_claude_sessions.door.host {name}:Store"


def test_points_are_counted(project: pytest.Pytester) -> None:
    done, report = run(project, "careful:Store", "--claude-crash", "-k", ANEW)
    assert done.ret == 0, done.stdout.str()
    crash = report["crash"]
    assert crash["form"] == "in-process"
    assert crash["tried"] == crash["survived"] == 6
    assert [(entry["work"], entry["kind"], entry["tried"]) for entry in crash["series"]] == [
        ("an-id-anew", "ENOSPC", 3),
        ("an-id-anew", "after", 3),
    ]
    done.stdout.fnmatch_lines(["*crash points (in-process): 6 tried, 6 survived (after 3, ENOSPC 3)*"])


def test_manager_that_writes_in_place_fails_with_the_point(project: pytest.Pytester) -> None:
    done, report = run(project, "little:Store", "--claude-crash", "-k", ANEW)
    assert done.ret == 1
    assert report["crash"]["survived"] < report["crash"]["tried"]
    done.stdout.fnmatch_lines(["*set_session, an id anew, killed just after change 1, open ids.json*"])
    done.stdout.fnmatch_lines(["*--claude-crash --claude-requirement STO-06*"])


def test_manager_whose_writes_are_not_seen_is_to_be_traced(project: pytest.Pytester) -> None:
    project.makepyfile(
        by_others=CAREFUL.replace("draft.write_text(", "self.by_another(draft, ").replace(
            "draft.replace(self.path)", ""
        )
        + """
    def by_another(self, draft, text):
        import subprocess
        subprocess.run(["cp", "/dev/stdin", str(self.path)], input=text.encode(), check=True)
"""
    )
    _, report = run(project, "by_others:Store", "--claude-crash", "-k", "an-id-anew-after")
    entry = next(entry for entry in report["requirements"] if entry["id"] == "STO-06")
    assert entry["verdict"] == "could-not-run"
    assert "no change of a file was seen (in-process)" in entry["message"]


@pytest.mark.parametrize(("name", "status"), [("careful", 0), ("little", 1)])
def test_driver_is_traced(project: pytest.Pytester, name: str, status: int) -> None:
    try:
        check_machine()
    except NoTracing as reason:
        pytest.skip(str(reason))
    done, report = run(project, hosted(name), "--claude-crash", "-k", "an-id-anew-after")
    assert done.ret == status, done.stdout.str()
    assert report["crash"]["form"] == "traced"
    assert (report["crash"]["survived"] == report["crash"]["tried"]) == (status == 0)


def test_machine_without_tracing_could_not_run_it(project: pytest.Pytester) -> None:
    project.makeconftest("import platform\nplatform.machine = lambda: 'riscv64'\n")
    done, report = run(project, hosted("careful"), "--claude-crash", "-k", "an-id-anew-after")
    assert "crash" not in report
    entry = next(entry for entry in report["requirements"] if entry["id"] == "STO-06")
    assert entry["verdict"] == "could-not-run"
    assert "on x86-64 alone" in entry["message"]
    done.stdout.fnmatch_lines(["*1 skipped*"])


def test_without_the_option_there_are_no_points(project: pytest.Pytester) -> None:
    plain = project.runpytest_subprocess(
        "--claude-conformance", "--claude-manager", "careful:Store", "--collect-only", "-q"
    )
    assert "each-change" not in plain.stdout.str()
    assert "STO-06[a-killed-writer" in plain.stdout.str()


def test_points_under_xdist(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    _, report = run(project, "careful:Store", "--claude-crash", "-k", ANEW, "-p", "xdist", "-n", "2")
    assert report["crash"]["tried"] == 6


def test_report_fits_its_schema(project: pytest.Pytester) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    _, report = run(project, "careful:Store", "--claude-crash", "-k", ANEW)
    schema = Path(__file__).parents[2] / "conformance" / "report.schema.json"
    jsonschema.validate(report, json.loads(schema.read_text()))
