"""What a run shows in the terminal: narrow and wide, quiet and verbose, in CI and without; what the JUnit file says."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from .managers import LITTLE_STORE

STORES = LITTLE_STORE.replace("little store", "little \\x1b[31mstore")
PROFILE = '[profiles]\nsmall = ["store"]\n'


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a few managers."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(stores=STORES)
    pytester.path.joinpath("claude-conformance.toml").write_text(PROFILE)
    return pytester


@pytest.fixture(params=[("80", False), ("200", False), ("80", True)], ids=["narrow", "wide", "ci"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of some width, in CI or not."""
    width, in_ci = request.param
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.delenv("CI", raising=False)
    if in_ci:
        monkeypatch.setenv("CI", "true")


def run(project: pytest.Pytester, manager: str, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess(
        "--claude-conformance", f"--claude-manager=stores:{manager}", "--claude-profile=small", *options
    )


def summary(result: pytest.RunResult) -> list[str]:
    """The lines of the conformance summary."""
    first = next(number for number, line in enumerate(result.outlines) if "conformance of" in line and "===" in line)
    rest = result.outlines[first + 1 :]
    return rest[: next(number for number, line in enumerate(rest) if line.startswith("==="))]


def joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.usefixtures("terminal")
def test_summary_tells_capabilities_outcome_and_reasons(project: pytest.Pytester) -> None:
    result = run(project, "Forgetful", "-k", "STO-01 or STO-02")
    told = joined(summary(result))
    assert re.search(r"store 1 passed, 1 failed, \d+ not selected \(required\)", told)
    assert "resume not declared" in told
    assert "outcome: non-conformant because STO-02 failed" in told
    assert "\x1b" not in result.stdout.str()
    assert "conformance of little store with specification 1.0" in result.stdout.str()


def test_table_fits_a_narrow_terminal_and_reasons_stay_on_one_line(project: pytest.Pytester) -> None:
    lines = summary(run(project, "Store", "-k", "STO-01 or STO-08 or STO-11"))
    table = lines[: next(number for number, line in enumerate(lines) if line.startswith(("outcome", "  should")))]
    assert table
    assert [line for line in table if len(line) > 80] == []
    assert lines[-1].startswith("  because ")


@pytest.mark.usefixtures("terminal")
def test_quiet_leaves_out_what_is_as_it_should_be(project: pytest.Pytester) -> None:
    good = run(project, "Store", "-k", "STO-01", "-q")
    assert joined(summary_or_end(good)).startswith("outcome: partial")
    assert "claude-conformance 1.0:" not in good.stdout.str()
    bad = joined(summary_or_end(run(project, "Forgetful", "-k", "STO-02", "-q")))
    assert bad.startswith("store 1 failed")
    assert "not declared" not in bad


def summary_or_end(result: pytest.RunResult) -> list[str]:
    """The summary of a quiet run, whose last line has no rule around it."""
    first = next(number for number, line in enumerate(result.outlines) if "conformance of" in line and "==" in line)
    return result.outlines[first + 1 :]


def test_verbose_names_each_check_and_every_reason(project: pytest.Pytester) -> None:
    chosen = ("-k", "STO-01 or STO-02 or STO-04", "--tb=no")
    short = run(project, "Forgetful", *chosen)
    assert "PASSED" not in short.stdout.str()
    long = run(project, "Forgetful", *chosen, "-v")
    assert re.search(r"claude-conformance::store::STO-01\[[\w-]+\] PASSED", long.stdout.str())
    assert "claude-conformance 1.0: little store" in long.stdout.str()


def test_colours_follow_what_the_user_wants(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = run(project, "Forgetful", "-k", "STO-02", "--color=yes").stdout.str()
    assert "\x1b[31m\x1b[1moutcome: non-conformant" in coloured or "\x1b[1m\x1b[31moutcome: non-conformant" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(project, "Forgetful", "-k", "STO-02").stdout.str()


def test_failure_is_not_repeated_for_every_frame(project: pytest.Pytester) -> None:
    text = run(project, "Forgetful", "-k", "STO-02").stdout.str()
    assert text.count("usual cause:") == text.count("repeat:      ") >= 1
    assert "Traceback" not in text


def test_junit_file_tells_requirement_level_and_verdict(project: pytest.Pytester) -> None:
    run(project, "Forgetful", "--junitxml=junit.xml", "-k", "STO-01 or STO-02")
    cases = list(ElementTree.parse(project.path / "junit.xml").iter("testcase"))
    found = {}
    for case in cases:
        properties = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
        found[properties["requirement"]] = (
            properties["level"],
            properties["verdict"],
            case.find("failure") is not None,
        )
    assert found["STO-01"] == ("must", "passed", False)
    assert found["STO-02"] == ("must", "failed", True)
    failure = next(case.find("failure") for case in cases if case.find("failure") is not None)
    assert failure is not None
    assert "given:" in (failure.text or "")


def test_list_of_requirements_with_their_state(project: pytest.Pytester) -> None:
    before = project.runpytest_subprocess("--claude-requirements")
    assert before.ret == 0
    assert re.search(r"^STO-02 +must +store +not run yet +What was stored", before.stdout.str(), re.M)
    run(project, "Forgetful", "-k", "STO-01 or STO-02")
    after = project.runpytest_subprocess("--claude-requirements").stdout.str()
    assert re.search(r"^STO-01 +must +store +passed ", after, re.M)
    assert re.search(r"^STO-02 +must +store +failed ", after, re.M)
    assert re.search(r"^STO-03 +must +store +not run yet ", after, re.M)
    data = json.loads(project.runpytest_subprocess("--claude-requirements=json").stdout.str())
    states = {entry["id"]: entry["state"] for entry in data["requirements"]}
    assert (states["STO-01"], states["STO-02"], states["STO-03"]) == ("passed", "failed", "not run yet")
    assert data["requirements"][0]["checks"] > 0
    run(project, "Store", "-k", "STO-03", "-p", "no:cacheprovider")
    assert "STO-03  must   store      not run yet" in project.runpytest_subprocess("--claude-requirements").stdout.str()


def test_unknown_form_of_the_list_is_refused(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--claude-requirements=xml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "invalid choice: 'xml'" in result.stderr.str()


def test_one_line_a_failure_where_that_is_asked_for(project: pytest.Pytester) -> None:
    result = run(project, "Forgetful", "-k", "STO-02", "--tb=line")
    line = r"^claude-conformance::store::STO-02\[[\w-]+\]: given .*: expected .*, seen .*$"
    if pytest.version_tuple < (9,):  # which cuts such a line after 50 characters
        line = r"^claude-conformance::store::STO-02\[[\w-]+$"
    told = re.findall(line, result.stdout.str(), re.M)
    assert len(told) == result.parseoutcomes()["failed"]
    assert "usual cause:" not in result.stdout.str()


def test_nothing_is_loaded_that_was_not_asked_for(project: pytest.Pytester, unmeasured: None) -> None:
    project.makeconftest(
        """
        import atexit, sys

        def pytest_unconfigure(config):
            atexit.register(lambda: print("MODULES", *sorted(sys.modules)))
        """
    )
    result = run(project, "Forgetful", "-k", "STO-01")
    loaded = set(next(line for line in result.outlines if line.startswith("MODULES")).split())
    ours = {name.removeprefix("pytest_claude_sessions.report.") for name in loaded if ".report." in name}
    assert ours <= {"plain", "view"}
    assert loaded.isdisjoint({"jinja2", "coverage", "pytest_claude_sessions.matrix", "pytest_claude_sessions.init"})


def test_page_without_its_library_is_refused_in_one_line(project: pytest.Pytester) -> None:
    project.makeconftest("import sys; sys.modules['jinja2'] = None")
    result = run(project, "Forgetful", "--claude-report=report.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "needs jinja2: pip install 'pytest-claude-sessions[html]'" in result.stderr.str()
