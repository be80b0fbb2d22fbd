"""The parts of a run become one report: with the outcome that a single run has, and never a better one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.report.document import digest
from pytest_claude_sessions.report.merge import USAGE_ERROR, main, merge
from pytest_claude_sessions.report.reading import WrongReport, read_report
from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import load_registry
from tests.suite.managers import LITTLE_STORE

from .samples import failure, report

CLAIMED = ("resume", "store", "ttl")
PLANNED = [each.id for each in load_registry().requirements.values() if each.capability in CLAIMED]
FOUND = st.sampled_from(
    (verdict.PASSED, verdict.FAILED, verdict.WARNED, verdict.COULD_NOT_RUN, verdict.HARNESS_ERROR, "needs-fake")
)


def results_of(found: Mapping[str, str]) -> dict[str, verdict.CheckResult]:
    """One check for each requirement."""
    return {
        name: verdict.CheckResult(
            name,
            name,
            verdict.COULD_NOT_RUN if each == "needs-fake" else each,
            0.5,
            "" if each == verdict.PASSED else f"why {name}",
            needs_fake=each == "needs-fake",
            failure={"seen": "x"} if each == verdict.FAILED else None,
        )
        for name, each in found.items()
    }


def plan_of(names: list[str], **more: Any) -> verdict.Plan:
    given: dict[str, Any] = {"required": frozenset(("resume", "store")), "claimed": frozenset(CLAIMED), **more}
    return verdict.Plan(items={name: (name,) for name in names}, **given)


def judged(found: Mapping[str, str], names: list[str], **more: Any) -> list[verdict.RequirementResult]:
    plan = plan_of(names, **more)
    results = {name: result for name, result in results_of(found).items() if name in names}
    return verdict.judge_requirements(load_registry().requirements.values(), plan, results)


def part(found: Mapping[str, str], number: int, of: int, *, strict: bool = False, **beside: Any) -> dict[str, Any]:
    """The report of a part, as a run writes it."""
    names = PLANNED[number - 1 :: of]
    results = judged(found, names)
    data = report()
    data["requirements"] = [
        {
            "id": result.requirement.id,
            "level": result.requirement.level,
            "capability": result.requirement.capability,
            "verdict": result.verdict,
            "seconds": result.seconds,
            "tests": list(result.tests),
            "message": result.message,
            **({"failures": [failure(result.requirement.id)]} if result.failures else {}),
        }
        for result in results
    ]
    data["shard"] = {
        "number": number,
        "of": of,
        "planned": PLANNED,
        "executed": [result.requirement.id for result in results if result.executed],
        "needs_fake": [result.requirement.id for result in results if result.needs_fake],
        "strict": strict,
        "narrowed": False,
        "beside": {"outcome": verdict.CONFORMANT, "reasons": [], **beside},
    }
    data["outcome"] = verdict.NON_CONFORMANT if verdict.FAILED in found.values() else verdict.PARTIAL
    counts = Counter(result.verdict for result in results)
    data["counts"] = {name: counts[name] for name in verdict.VERDICTS}
    return {**data, "digest": digest(data)}


@given(found=st.fixed_dictionaries(dict.fromkeys(PLANNED[::5], FOUND)), of=st.integers(1, 5), strict=st.booleans())
def test_whole_has_the_outcome_of_a_single_run(found: dict[str, str], of: int, strict: bool) -> None:
    every = {**dict.fromkeys(PLANNED, verdict.PASSED), **found}
    single = judged(every, PLANNED)
    outcome = verdict.decide(plan_of(PLANNED), single, strict=strict)
    whole = merge([part(every, number, of, strict=strict) for number in range(1, of + 1)])
    assert (whole["outcome"], tuple(whole["reasons"])) == (outcome.name, outcome.reasons)
    assert [entry["verdict"] for entry in whole["requirements"]] == [result.verdict for result in single]
    assert whole["counts"] == {name: Counter(result.verdict for result in single)[name] for name in verdict.VERDICTS}
    assert whole["digest"] == digest(whole)
    assert "shard" not in whole


@given(of=st.integers(2, 4), lost=st.integers(1, 4))
def test_lost_part_makes_it_incomplete(of: int, lost: int) -> None:
    lost = min(lost, of)
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    whole = merge([part(every, number, of) for number in range(1, of + 1) if number != lost])
    assert whole["outcome"] == verdict.INCOMPLETE
    assert whole["reasons"][0] == f"part {lost} of {of} is missing"
    missing = {entry["id"]: entry["message"] for entry in whole["requirements"] if entry["verdict"] == "could-not-run"}
    assert missing == dict.fromkeys(PLANNED[lost - 1 :: of], f"not executed: part {lost} of {of} is missing")


def test_failure_beside_a_lost_part_stays_a_failure() -> None:
    found = {**dict.fromkeys(PLANNED, verdict.PASSED), PLANNED[0]: verdict.FAILED}
    whole = merge([part(found, 1, 2)])
    assert whole["outcome"] == verdict.NON_CONFORMANT
    assert f"{PLANNED[0]} failed" in whole["reasons"]
    [failed] = [entry for entry in whole["requirements"] if entry["id"] == PLANNED[0]]
    assert failed["failures"]


def test_what_lies_beside_the_requirements_counts() -> None:
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    escaped = {"outcome": verdict.INCOMPLETE, "reasons": ["claude was refused a connection to example.org"]}
    filtered = {"outcome": verdict.PARTIAL, "reasons": ["only STO-01 was asked for"]}
    assert merge([part(every, 1, 2), part(every, 2, 2, **filtered)])["outcome"] == verdict.PARTIAL
    whole = merge([part(every, 1, 2, **escaped), part(every, 2, 2, **filtered)])
    assert (whole["outcome"], whole["reasons"]) == (verdict.INCOMPLETE, escaped["reasons"])


def test_breach_that_another_part_met_counts() -> None:
    """A model-based run is in the first part and may breach any requirement."""
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    first, second = part(every, 1, 2), part(every, 2, 2)
    entry = next(entry for entry in first["requirements"] if entry["id"] == PLANNED[1])
    entry.update(verdict=verdict.FAILED, message="the model says otherwise")
    whole = merge([second, first])
    assert whole["outcome"] == verdict.NON_CONFORMANT
    assert whole["reasons"] == [f"{PLANNED[1]} failed"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"profile": "full"}, "differ in 'profile'"),
        ({"spec": "0.1"}, "specification 0.1"),
        ({"suite_version": "9.9"}, "differ in 'suite_version'"),
        (
            {"subject": {"name": "other", "version": "", "language": "", "capabilities": [], "options": {}}},
            "managers that differ in 'name'",
        ),
    ],
)
def test_parts_of_other_runs_are_refused(changed: dict[str, Any], why: str) -> None:
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    with pytest.raises(WrongReport, match=why):
        merge([part(every, 1, 2), {**part(every, 2, 2), **changed}])


def test_same_part_twice_and_a_whole_run_are_refused() -> None:
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    with pytest.raises(WrongReport, match="part 1 is there twice"):
        merge([part(every, 1, 2), part(every, 1, 2)])
    with pytest.raises(WrongReport, match="--claude-shard"):
        merge([part(every, 1, 2), report()])
    with pytest.raises(WrongReport, match="'of' of 'shard'"):
        merge([part(every, 1, 2), part(every, 2, 3)])


def test_command_writes_the_whole_and_counts_missing_files_as_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = dict.fromkeys(PLANNED, verdict.PASSED)
    names = [str(tmp_path / f"part-{number}.json") for number in (1, 2)]
    for number, name in enumerate(names, start=1):
        Path(name).write_text(json.dumps(part(every, number, 2)))
    whole = tmp_path / "whole.json"
    assert main([*names, "-o", str(whole), "-o", str(tmp_path / "whole.md")]) == 0
    assert read_report(whole)["outcome"] == verdict.CONFORMANT
    assert (tmp_path / "whole.md").read_text().startswith("# little store 1.2: conformant")
    Path(names[1]).unlink()
    assert main([*names, "-o", str(whole)]) == 1
    told = capsys.readouterr()
    assert "its part counts as lost" in told.err
    assert "outcome: incomplete" in told.out
    assert read_report(whole)["outcome"] == verdict.INCOMPLETE
    whole.unlink()
    Path(names[0]).unlink()
    assert main([*names, "-o", str(whole)]) == USAGE_ERROR
    assert not whole.exists()


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(stores=LITTLE_STORE)
    pytester.path.joinpath("claude-conformance.toml").write_text('[profiles]\nsmall = ["store"]\n')
    return pytester


def run(project: pytest.Pytester, name: str, manager: str, *options: str) -> dict[str, Any]:
    words = ["--claude-conformance", "--claude-manager", f"stores:{manager}", "--claude-profile", "small"]
    for requirement in ("STO-01", "STO-02", "STO-03"):
        words += ["--claude-requirement", requirement]
    project.runpytest_subprocess(*words, "--claude-report", str(project.path / name), *options)
    found: dict[str, Any] = json.loads((project.path / name).read_text())
    return found


@pytest.mark.parametrize("manager", ["Store", "Forgetful"])
def test_parts_of_a_real_run(project: pytest.Pytester, manager: str) -> None:
    single = run(project, "single.json", manager)
    parts = [run(project, f"part-{number}.json", manager, "--claude-shard", f"{number}/3") for number in (1, 2, 3)]
    assert all(each["outcome"] in ("partial", "non-conformant") for each in parts)
    whole = merge(parts)
    assert (whole["outcome"], whole["reasons"]) == (single["outcome"], single["reasons"])
    assert verdicts(whole) == verdicts(single)
    assert single["outcome"] == ("partial" if manager == "Store" else "non-conformant")
    assert merge(parts[1:])["outcome"] == ("incomplete" if manager == "Store" else "non-conformant")
    schema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    text = (Path(__file__).parents[2] / "conformance" / "report.schema.json").read_text()
    for each in (*parts, whole):
        schema.validate(each, json.loads(text))


def verdicts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(entry["id"], entry["verdict"]) for entry in found["requirements"]]


@pytest.mark.parametrize("wrong", ["1", "0/2", "3/2", "a/b", "1/", "-1/2"])
def test_wrong_part_is_told_in_one_line(project: pytest.Pytester, wrong: str) -> None:
    words = ["--claude-conformance", "--claude-manager", "stores:Store", f"--claude-shard={wrong}"]
    result = project.runpytest_subprocess(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --claude-shard: '{wrong}' is no part of a whole, such as 1/3, 2/3 and 3/3"])
