"""The JSON report: what the published schema says, and a digest that tells one that was edited."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest

from pytest_claude_sessions.report.document import as_text, digest

from .samples import MIXED, report

FORGETFUL = """
class Forgetful:
    capabilities = {"store"}
    name = "forgetful"

    def __init__(self, environment):
        (environment.state_dir / "made").touch()

    def get_session(self, key):
        return None

    def set_session(self, key, session_id):
        pass
"""


def schema() -> dict:
    return json.loads(resources.files("pytest_claude_sessions.conformance").joinpath("report.schema.json").read_text())


def test_report_of_a_run_follows_its_schema_and_holds_the_failures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(forgetful=FORGETFUL)
    pytester.runpytest_subprocess(
        "--claude-conformance",
        "--claude-manager=forgetful:Forgetful",
        "--claude-requirement=STO-01",
        "--claude-report=report.json",
    )
    made = json.loads(pytester.path.joinpath("report.json").read_text())
    jsonschema.validate(made, schema())
    assert made["digest"] == digest(made)
    entry = next(entry for entry in made["requirements"] if entry["id"] == "STO-01")
    assert entry["verdict"] == "failed"
    failure = entry["failures"][0]
    assert failure["test"] in entry["tests"]
    assert failure["expected"] in entry["message"]
    assert any("state/made" in line for line in failure["tree"])
    assert failure["repeat"].endswith("--claude-requirement STO-01")
    others = [entry for entry in made["requirements"] if entry["verdict"] != "failed"]
    assert others
    assert not any("failures" in entry for entry in others)


def test_what_a_manager_lets_slip_is_masked(pytester: pytest.Pytester) -> None:
    slips = "raise RuntimeError('ANTHROPIC_API_KEY=sk-ant-a-made-up-one-0123456789')"
    pytester.makepyfile(forgetful=FORGETFUL.replace("return None", slips))
    pytester.runpytest_subprocess(
        "--claude-conformance",
        "--claude-manager=forgetful:Forgetful",
        "--claude-requirement=STO-01",
        "--claude-report=report.json",
    )
    text = pytester.path.joinpath("report.json").read_text()
    assert "ANTHROPIC_API_KEY=***" in text
    assert "made-up-one" not in text
    assert json.loads(text)["digest"] == digest(json.loads(text))


def test_digest_is_that_of_all_other_fields() -> None:
    made = report(verdicts=MIXED)
    jsonschema.validate(made, schema())
    assert digest(json.loads(as_text(made))) == made["digest"]
    assert digest({**made, "outcome": "conformant"}) != made["digest"]
