"""The suite's own proof: each broken manager fails the requirement that it was made for, for the right reason."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

import tests.broken
from pytest_claude_sessions.suite.registry import load_registry
from tests.broken import Broken
from tests.broken.constant import CONSTANT, Constant

BROKEN: list[Broken] = [
    broken
    for module in pkgutil.iter_modules(tests.broken.__path__, "tests.broken.")
    for broken in getattr(import_module(module.name), "BROKEN", ())
]


def _run_suite(directory: Path, arguments: list[str]) -> None:
    """What a forked process does: one conformance run, told into a file."""
    os.chdir(directory)
    # What the fork server handed over is inheritable: a process that a manager leaves behind would hold it open.
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            os.set_inheritable(int(name), int(name) < 3)
    told = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    sys.exit(int(pytest.main(arguments)))


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServerContext]:
    """Processes that begin with pytest and the suite in memory: hundreds of runs need not import them anew."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tests.broken.preload"])
    return context


def conformance(forks: ForkServerContext, directory: Path, *options: str) -> tuple[dict, str]:
    """Run the suite in a process of its own; its report and what it printed."""
    report = directory / "report.json"
    arguments = ["--claude-conformance", "--claude-report", str(report), "-p", "no:cacheprovider", *options]
    process = forks.Process(target=_run_suite, args=(directory, arguments))
    process.start()
    process.join()
    text = (directory / "output.txt").read_text()
    assert report.exists(), text
    return json.loads(report.read_text()), text


def verdict_of(report: dict, requirement: str) -> dict:
    return next(entry for entry in report["requirements"] if entry["id"] == requirement)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.requirement}-{broken.manager.__name__}")
def test_broken_manager_fails_what_it_was_made_for(forks: ForkServerContext, tmp_path: Path, broken: Broken) -> None:
    # A manager that hangs on purpose needs no minute to be believed.
    Path(tmp_path, "claude-conformance.toml").write_text("call-timeout-s = 10\n")
    report, text = conformance(
        forks,
        tmp_path,
        "--claude-manager",
        broken.spec,
        "--claude-requirement",
        broken.requirement,
        *broken.options,
    )
    entry = verdict_of(report, broken.requirement)
    assert entry["verdict"] == ("failed" if entry["level"] == "must" else "warned"), text
    assert broken.message in entry["message"]
    assert report["outcome"] == ("non-conformant" if entry["level"] == "must" else "partial")


def test_every_must_has_a_plain_slip_and_a_subtle_one() -> None:
    kinds: dict[str, set[bool]] = {}
    for broken in BROKEN:
        kinds.setdefault(broken.requirement, set()).add(bool(broken.subtle))
    musts = [name for name, requirement in load_registry().requirements.items() if requirement.level == "must"]
    assert [name for name in musts if kinds.get(name) != {True, False}] == []


def test_every_requirement_has_broken_managers() -> None:
    """A *must* has two, in case one of them is caught by chance."""
    registry = load_registry()
    made = [broken.requirement for broken in BROKEN]
    lacking = [
        name
        for name, requirement in registry.requirements.items()
        if made.count(name) < (2 if requirement.level == "must" else 1)
    ]
    assert lacking == []


@pytest.fixture(scope="session")
def card_report(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The card profile on the unbroken reference manager."""
    import subprocess

    report = tmp_path_factory.mktemp("card") / "report.json"
    command = [sys.executable, "-m", "pytest", "--claude-conformance", "--claude-manager", "reference"]
    command += ["--claude-profile", "card", "--claude-report", str(report), "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=report.parent, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(report.read_text())


def test_reference_passes_the_card_profile(card_report: dict) -> None:
    assert card_report["outcome"] == "conformant"
    card = {requirement.id for requirement in load_registry().of(load_registry().profiles["card"])}
    verdicts = {entry["id"]: entry["verdict"] for entry in card_report["requirements"] if entry["id"] in card}
    assert [name for name, verdict in verdicts.items() if verdict != "passed" and name != "RES-14"] == []


@pytest.mark.parametrize("subject", CONSTANT, ids=lambda subject: subject.__name__)
def test_constant_subject_passes_next_to_nothing(
    forks: ForkServerContext, tmp_path: Path, subject: type[Constant]
) -> None:
    Path(tmp_path, "claude-conformance.toml").write_text("call-timeout-s = 0.1\n")
    report, text = conformance(
        forks, tmp_path, "--claude-manager", f"{subject.__module__}:{subject.__name__}", "--claude-profile", "card"
    )
    card = {requirement.id for requirement in load_registry().of(load_registry().profiles["card"])}
    told = [entry for entry in report["requirements"] if entry["id"] in card]
    passed = [entry["id"] for entry in told if entry["verdict"] == "passed"]
    assert len(passed) / len(card) < 0.05, passed
    assert not [entry for entry in told if entry["verdict"] == "harness-error"], text
    assert report["outcome"] == "non-conformant"
