"""What GitHub Actions is told: annotations, the step's summary, outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude_sessions.report.github import (
    LARGEST_SUMMARY,
    MOST,
    annotate,
    append_outputs,
    append_summary,
    show,
)
from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import load_registry

from .samples import HOSTILE, MIXED, report


def test_each_verdict_has_its_kind_of_annotation() -> None:
    lines = list(annotate(report(verdicts=MIXED), load_registry()))
    kinds = {line.split("title=")[1].split(" ")[0]: line.split(" ")[0] for line in lines}
    assert kinds == {
        "STO-01": "::error",
        "STO-02": "::warning",
        "STO-03": "::warning",
        "STO-04": "::error",
        "STO-05": "::notice",
    }


def test_words_of_a_manager_are_no_commands() -> None:
    made = report(verdicts={"STO-01": verdict.FAILED})
    next(entry for entry in made["requirements"] if entry["id"] == "STO-01")["message"] = (
        f"100%\r\n::set-env::{HOSTILE}"
    )
    lines = list(annotate(made, load_registry()))
    assert len(lines) == 1
    assert lines[0].startswith("::error title=STO-01 failed::100%25%0A::set-env::<script>")
    assert not set(lines[0]) & {"\n", "\r", "\x1b", "\u202e"}


def test_no_more_than_github_shows() -> None:
    all_of_it = dict.fromkeys(load_registry().requirements, verdict.FAILED)
    lines = list(annotate(report(verdicts=all_of_it), load_registry()))
    assert sum(line.startswith("::error") for line in lines) < MOST
    assert lines[-1] == (
        f"::warning title=claude-conformance::{len(all_of_it) - len(lines) + 1} more: see the summary of the step"
    )


def test_outputs_cannot_be_ended_by_their_value(tmp_path: Path) -> None:
    path = tmp_path / "output"
    append_outputs(path, {"a": "1\nend\nb=2"})
    append_outputs(path, {"c": "3"})
    lines = path.read_text().splitlines()
    name, end = lines[0].split("<<")
    assert name == "a"
    assert lines[1:4] == ["1", "end", "b=2"]
    assert lines[4] == end
    assert end not in "1 end b=2"
    assert lines[5].startswith("c<<")


def test_summary_is_appended_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    append_summary(path, "first\n")
    append_summary(path, "ö" * LARGEST_SUMMARY)
    data = path.read_bytes()
    assert data.startswith(b"first\n")
    assert len(data) <= LARGEST_SUMMARY
    assert data.decode().endswith("(The rest is too long for a step's summary.)\n")


def test_nothing_without_github(tmp_path: Path) -> None:
    assert show(report(verdicts=MIXED), load_registry(), {}) == []
    written = tmp_path / "summary"
    assert show(report(verdicts=MIXED), load_registry(), {"GITHUB_STEP_SUMMARY": str(written)}) == []
    assert written.read_text().startswith("# little store 1.2: non-conformant")


def test_run_in_github_actions(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(
        nothing="""
        class Nothing:
            capabilities = {"store"}

            def __init__(self, environment):
                pass
        """
    )
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(pytester.path / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = pytester.runpytest_subprocess(
        "--claude-conformance", "--claude-manager=nothing:Nothing", "--claude-requirement=STO-01"
    )
    assert [line for line in result.outlines if line.startswith("::error title=STO-01 failed::STO-01 (must)")]
    assert "STO-01" in pytester.path.joinpath("GITHUB_STEP_SUMMARY").read_text()
    output = pytester.path.joinpath("GITHUB_OUTPUT").read_text().splitlines()
    assert output[output.index(next(line for line in output if line.startswith("outcome<<"))) + 1] == "non-conformant"
