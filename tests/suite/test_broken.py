"""The suite's own proof: each broken manager fails the requirement that it was made for, for the right reason."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from tests.broken import Broken
from tests.broken.constant import CONSTANT, Constant

AREAS = ("store", "resume", "identity", "ttl", "quarantine", "metrics")
BROKEN: list[Broken] = [broken for area in AREAS for broken in import_module(f"tests.broken.{area}").BROKEN]


def conformance(pytester: pytest.Pytester, *options: str) -> tuple[dict, str]:
    """Run the suite in a process of its own; its report and what it printed."""
    report = pytester.path / "report.json"
    result = pytester.runpytest_subprocess(
        "--claude-conformance", "--claude-report", str(report), "-p", "no:cacheprovider", *options
    )
    text = result.stdout.str() + result.stderr.str()
    assert report.exists(), text
    return json.loads(report.read_text()), text


def verdict_of(report: dict, requirement: str) -> dict:
    return next(entry for entry in report["requirements"] if entry["id"] == requirement)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.requirement}-{broken.manager.__name__}")
def test_broken_manager_fails_what_it_was_made_for(pytester: pytest.Pytester, broken: Broken) -> None:
    report, text = conformance(
        pytester,
        "--claude-manager",
        broken.spec,
        "--claude-profile",
        "card",
        "--claude-requirement",
        broken.requirement,
        *broken.options,
    )
    entry = verdict_of(report, broken.requirement)
    assert entry["verdict"] == ("failed" if entry["level"] == "must" else "warned"), text
    assert broken.message in entry["message"]
    assert report["outcome"] == ("non-conformant" if entry["level"] == "must" else "partial")


def test_every_requirement_has_a_broken_manager() -> None:
    from pytest_claude_sessions.suite.registry import load_registry

    wanted = {requirement.id for requirement in load_registry().of(AREAS)}
    assert {broken.requirement for broken in BROKEN} == wanted


@pytest.fixture(scope="session")
def card_report(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The card profile on the unbroken reference manager."""
    import subprocess
    import sys

    report = tmp_path_factory.mktemp("card") / "report.json"
    command = [sys.executable, "-m", "pytest", "--claude-conformance", "--claude-manager", "reference"]
    command += ["--claude-profile", "card", "--claude-report", str(report), "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=report.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(report.read_text())


def test_reference_passes_the_card_profile(card_report: dict) -> None:
    assert card_report["outcome"] == "conformant"
    card = [entry for entry in card_report["requirements"] if entry["capability"] in AREAS]
    assert [entry["id"] for entry in card if entry["verdict"] != "passed" and entry["id"] != "RES-14"] == []


@pytest.mark.parametrize("subject", CONSTANT, ids=lambda subject: subject.__name__)
def test_constant_subject_passes_next_to_nothing(pytester: pytest.Pytester, subject: type[Constant]) -> None:
    Path(pytester.path, "claude-conformance.toml").write_text("call-timeout-s = 0.3\n")
    report, text = conformance(
        pytester, "--claude-manager", f"{subject.__module__}:{subject.__name__}", "--claude-profile", "card"
    )
    card = [entry for entry in report["requirements"] if entry["capability"] in AREAS]
    passed = [entry["id"] for entry in card if entry["verdict"] == "passed"]
    assert len(passed) / len(card) < 0.05, passed
    assert not [entry for entry in card if entry["verdict"] == "harness-error"], text
    assert report["outcome"] == "non-conformant"
