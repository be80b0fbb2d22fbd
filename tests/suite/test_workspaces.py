"""A manager of workspaces alone is held to `resume` by them: it passes, or is caught, as one with keys is."""

from __future__ import annotations

import json

import pytest

MANAGER = """
from dataclasses import replace
from pathlib import Path
from pytest_claude_sessions.reference.manager import ReferenceManager

class Workspaces(ReferenceManager):
    capabilities = frozenset({"identity", "resume"})

    def get_session(self, key):
        raise AssertionError("there are no keys")

    def dispatch(self, request):
        assert request.key is None
        return super().dispatch(request)

class Amnesiac(Workspaces):
    '''Each turn is another workspace's.'''

    def dispatch(self, request):
        return super().dispatch(replace(request, workspace_id=f"{request.workspace_id} {request.prompt}"))

class Impatient(Workspaces):
    '''A failed turn ends the conversation.'''

    def dispatch(self, request):
        result = super().dispatch(request)
        if not result.ok:
            projects = Path(self.environment.config_dir, "projects")
            for path in projects.glob("*/*.jsonl"):
                path.rename(path.with_suffix(".gone"))
        return result
"""


def run(pytester: pytest.Pytester, manager: str, *requirements: str) -> dict[str, str]:
    pytester.makepyfile(workspaces=MANAGER)
    pytester.syspathinsert()
    wanted = [word for name in requirements for word in ("--claude-requirement", name)]
    pytester.runpytest_inprocess(
        "--claude-conformance", "--claude-manager", f"workspaces:{manager}", "--claude-report", "report.json", *wanted
    )
    report = json.loads((pytester.path / "report.json").read_text())
    return {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["id"].startswith("RES-")}


def test_the_reference_passes_by_its_workspaces(pytester: pytest.Pytester) -> None:
    verdicts = run(pytester, "Workspaces")
    assert len(verdicts) == 27
    assert {name: verdict for name, verdict in verdicts.items() if verdict != "passed"} == {}


@pytest.mark.parametrize(
    ("manager", "requirements"),
    [("Amnesiac", ("RES-02", "RES-03", "RES-16")), ("Impatient", ("RES-09", "RES-17"))],
)
def test_a_broken_one_is_caught(pytester: pytest.Pytester, manager: str, requirements: tuple[str, ...]) -> None:
    verdicts = run(pytester, manager, *requirements)
    assert {name: verdicts[name] for name in requirements} == dict.fromkeys(requirements, "failed")
