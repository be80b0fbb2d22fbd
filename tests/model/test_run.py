"""Model-based runs as pytest shows them: the story, the seed that repeats it, the short run of a profile."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.suite.registry import CONFORMANCE
from pytest_claude_sessions.suite.subject import REFERENCE
from tests.suite.managers import LITTLE_STORE

HOST = "cmd:" + shlex.join([sys.executable, "-m", "pytest_claude_sessions.door.host", REFERENCE])
NODE = "claude-conformance::model"

STORES = (
    LITTLE_STORE
    + """
from uuid import UUID

class Refused(ValueError):
    kind = "invalid_session_id"

class Careful(Store):
    def set_session(self, key, session_id):
        if not isinstance(session_id, str) or len(session_id) != 36:
            raise Refused(repr(session_id))
        try:
            UUID(session_id)
        except ValueError as error:
            raise Refused(str(error)) from error
        super().set_session(key, session_id)
        self.path.chmod(0o600)

class ForgetsAtTheStart(Careful):
    def __init__(self, environment):
        super().__init__(environment)
        self.path.unlink(missing_ok=True)

class Open(Careful):
    def set_session(self, key, session_id):
        super().set_session(key, session_id)
        self.path.chmod(0o644)
"""
)
PROFILE = '[profiles]\nsmall = ["store"]\n'
# What a little store does not claim: damaged files, several writers, a full disk, two config dirs.
NOT_CLAIMED = ("STO-05", "STO-06", "STO-08", "STO-10", "STO-13")


def expected_failures(*names: str) -> str:
    """They, in the form of the configuration file."""
    return "".join(f'[[expected-failures]]\nid = "{name}"\nreason = "a little store"\n' for name in names)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with little stores that differ."""
    pytester.makepyfile(stores=STORES)
    pytester.path.joinpath("claude-conformance.toml").write_text(PROFILE + expected_failures(*NOT_CLAIMED))
    return pytester


def run(project: pytest.Pytester, manager: str, *options: str) -> tuple[pytest.RunResult, dict]:
    report = project.path / "report.json"
    report.unlink(missing_ok=True)
    words = ["--claude-conformance", "--claude-manager", manager, "--claude-report", str(report)]
    if manager.startswith("stores:"):
        words += ["--claude-profile", "small"]
    result = project.runpytest_subprocess(*words, "-p", "no:cacheprovider", *options)
    return result, json.loads(report.read_text()) if report.exists() else {}


def story_of(result: pytest.RunResult) -> list[str]:
    """The lines from the steps to the command that repeats them."""
    lines = result.outlines
    begin = next(number for number, line in enumerate(lines) if line.startswith("steps: "))
    end = next(number for number, line in enumerate(lines) if line.startswith("repeat: "))
    return lines[begin : end + 1]


def test_failing_sequence_is_told_in_few_numbered_steps(project: pytest.Pytester) -> None:
    result, report = run(project, "stores:ForgetsAtTheStart", "--claude-model=60", NODE)
    story = story_of(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = [line.strip() for line in story]
    assert told[0] == "steps:       1. a new id id-1 is stored for 'alpha'"
    assert told[1].startswith("2. ")
    assert [line for line in told if line.startswith("expected:")] == ["expected:    'alpha' gives id-1"]
    assert [line for line in told if line.startswith("seen:")] == ["seen:        it gives None"]
    assert len([line for line in told if line[0].isdigit()]) <= 2, "after the first, two more steps at most"
    entry = next(entry for entry in report["requirements"] if entry["id"] == "STO-02")
    assert entry["verdict"] == "failed"
    assert report["outcome"] == "non-conformant"
    assert report["model"]["breaches"] == "STO-02"
    assert report["model"]["story"][0] == "a new id id-1 is stored for 'alpha'"


def test_command_that_is_printed_finds_the_same_again(project: pytest.Pytester) -> None:
    first, _ = run(project, "stores:ForgetsAtTheStart", "--claude-model=60", "--claude-model-seed=7", NODE)
    story = story_of(first)
    words = shlex.split(story[-1].removeprefix("repeat:"))
    assert words[:2] == ["pytest", "--claude-conformance"]
    assert {"--claude-model=60", "--claude-model-seed=7"} <= set(words)
    again = project.runpytest_subprocess(*words[1:], "-p", "no:cacheprovider")
    assert story_of(again) == story


def test_hypothesis_seed_counts_where_there_is_no_other(project: pytest.Pytester) -> None:
    pytest.importorskip("_hypothesis_pytestplugin", reason="hypothesis' own plug-in for pytest is not installed")
    options = ("-p", "_hypothesis_pytestplugin", "--hypothesis-seed=11", "--claude-model=60", NODE)
    _, report = run(project, "stores:ForgetsAtTheStart", *options)
    assert report["model"]["seed"] == 11


def test_manager_that_holds_is_told_with_the_number_of_sequences(project: pytest.Pytester) -> None:
    result, report = run(project, "stores:Careful", "--claude-model=40", NODE)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    tried = report["model"]["tried"]
    assert 30 <= tried <= 40, "what is drawn twice is tried once"
    assert report["model"]["verdict"] == "passed"
    result.stdout.fnmatch_lines([f"*model*{tried} sequences held*"])
    assert not project.path.joinpath(".hypothesis").exists()


def test_breach_of_a_should_is_a_warning(project: pytest.Pytester) -> None:
    result, report = run(project, "stores:Open", "--claude-model=40", NODE)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert (report["model"]["verdict"], report["model"]["breaches"]) == ("warned", "STO-12")
    result.stdout.fnmatch_lines(["*should: STO-12*"])


def test_expected_failure_is_not_found_anew(project: pytest.Pytester) -> None:
    path = project.path / "claude-conformance.toml"
    path.write_text(path.read_text() + expected_failures("STO-01", "STO-02", "STO-03", "STO-04", "STO-09"))
    _, report = run(project, "stores:ForgetsAtTheStart", "--claude-model=40", NODE)
    assert report["model"]["verdict"] == "passed"


@pytest.mark.parametrize("manager", ["reference", HOST], ids=["in-process", "stdio"])
def test_profile_has_a_short_run_behind_both_doors(pytester: pytest.Pytester, manager: str) -> None:
    result, report = run(pytester, manager, "--claude-profile", "card", NODE)
    result.assert_outcomes(passed=1)
    told = report["model"]
    assert told["test"] == "claude-conformance::model::sequences[short]"
    assert (told["verdict"], told["tried"]) == ("passed", told["sequences"])
    assert told["longest"] < 10


def test_core_has_no_short_run(project: pytest.Pytester) -> None:
    _, report = run(project, "stores:Careful", "--claude-requirement", "STO-01")
    assert "model" not in report


BLOCKED = "import sys\nsys.modules['hypothesis'] = None\n"


def test_without_hypothesis_the_short_run_says_that_it_was_not_made(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BLOCKED)
    result, report = run(pytester, "reference", "--claude-profile", "card", NODE, "-rs")
    result.assert_outcomes(skipped=1)
    assert report["model"]["verdict"] == "could-not-run"
    assert "pip install 'pytest-claude-sessions[model]'" in report["model"]["message"]
    result.stdout.fnmatch_lines(["*model*not made: hypothesis is not installed*"])


def test_without_hypothesis_asking_for_the_model_is_a_wrong_option(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BLOCKED)
    result, _ = run(pytester, "reference", "--claude-model")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--claude-model needs hypothesis: pip install 'pytest-claude-sessions?model?'*"])


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_number_of_sequences_must_be_one(pytester: pytest.Pytester, number: str) -> None:
    result, _ = run(pytester, "reference", f"--claude-model={number}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--claude-model: '{number}' is not a number of sequences*"])


def test_report_of_a_model_based_run_fits_the_schema(project: pytest.Pytester) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    from importlib.resources import files

    schema = json.loads(files(CONFORMANCE).joinpath("report.schema.json").read_text("utf-8"))
    _, report = run(project, "stores:ForgetsAtTheStart", "--claude-model=60", NODE)
    assert report["model"]["story"]
    jsonschema.validate(report, schema)


def test_world_of_a_sequence_is_thrown_away(
    project: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "worlds"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    run(project, "stores:Careful", "--claude-model=10", NODE)
    assert list(place.glob("claude-conformance-*")) == []


def test_number_may_be_left_out_before_a_path(pytester: pytest.Pytester) -> None:
    result, _ = run(pytester, "reference", "--collect-only", "-q", "--claude-model", NODE)
    result.stdout.fnmatch_lines(["claude-conformance::model::sequences"])
    result, _ = run(pytester, "reference", "--collect-only", "-q", "--claude-requirement", "STO-01", "--claude-model")
    result.stdout.fnmatch_lines(["claude-conformance::model::sequences"])
