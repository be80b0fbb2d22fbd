"""Reports to show: made by hand, so that every verdict and every odd text is in them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_claude_sessions.report.document import digest
from pytest_claude_sessions.suite import verdict
from pytest_claude_sessions.suite.registry import load_registry

HOSTILE = (
    "<script>document.title='owned'</script>\x1b[31m\x1b]0;title\x07 \u202e&lt;<img src=x onerror=alert(1)> ``` \udc80"
)
SECONDS = 1_790_000_000.0


def start(
    after: float, took: float | None, outcome: str, argv: tuple[str, ...] = ("-p",), **more: Any
) -> dict[str, Any]:
    """A start of Claude as the report tells it."""
    return {
        "argv": list(argv),
        "prompt": "hello",
        "session_id": "11111111-1111-4111-8111-111111111111",
        "outcome": outcome,
        "exit": None if took is None else 0,
        "started_at": SECONDS + after,
        "ended_at": None if took is None else SECONDS + after + took,
        **more,
    }


def failure(requirement: str, **more: Any) -> dict[str, Any]:
    """A failure as the report tells it."""
    return {
        "test": f"claude-conformance::store::{requirement}[a-check]",
        "given": "an id stored, then a restart",
        "expected": "'7e0b'",
        "seen": f"None {HOSTILE}",
        "tree": ["added state/ids.json (12 B, 0600)", "removed state/old.json (1 B)", "changed config/x (2 B)"],
        "starts": [
            start(0, 0.5, "answered"),
            start(1, 0.25, "not_found", ("-p", "--resume", "x")),
            start(2, None, "running"),
        ],
        "artifacts": "",
        "repeat": f"pytest --claude-conformance --claude-requirement {requirement}",
        **more,
    }


def report(name: str = "little store", verdicts: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    """A report of a run with the profile `core` plus `ttl`.

    :param verdicts: by requirement id; `passed` is what a claimed one has otherwise
    :param changed: other fields; the digest is that of the whole
    """
    given = verdicts or {}
    registry = load_registry()
    claimed = ("resume", "store", "ttl")
    requirements = []
    for requirement in registry.requirements.values():
        usual = verdict.PASSED if requirement.capability in claimed else verdict.NOT_CLAIMED
        found = given.get(requirement.id, usual)
        entry: dict[str, Any] = {
            "id": requirement.id,
            "level": requirement.level,
            "capability": requirement.capability,
            "verdict": verdict.COULD_NOT_RUN if found == "not-selected" else found,
            "seconds": 0.25,
            "tests": [f"claude-conformance::{requirement.area}::{requirement.id}[a-check]"],
            "message": {"passed": "", "not-selected": "not selected"}.get(found, f"why {requirement.id}"),
        }
        if found in (verdict.FAILED, verdict.WARNED, verdict.EXPECTED_FAILURE):
            entry["failures"] = [failure(requirement.id)]
        requirements.append(entry)
    failed = [entry["id"] for entry in requirements if entry["verdict"] == verdict.FAILED]
    data: dict[str, Any] = {
        "schema": 1,
        "spec": registry.spec,
        "suite_version": "0.1.0",
        "created": "2026-11-21T10:00:00+00:00",
        "outcome": verdict.NON_CONFORMANT if failed else verdict.CONFORMANT,
        "reasons": [f"{name} failed" for name in failed],
        "profile": "core",
        "required": ["resume", "store"],
        "subject": {
            "name": name,
            "version": "1.2",
            "language": "python",
            "capabilities": list(claimed),
            "options": {"clock": "injected"},
        },
        "environment": {
            "python": "3.11.7",
            "platform": "Linux",
            "pytest": "9.0.0",
            "claude": {"kind": "fake", "release": "2.1.329"},
        },
        "requirements": requirements,
        "expected_failures": [
            {"id": key, "reason": "on the list", "issue": "#7", "until": None}
            for key, value in given.items()
            if value == verdict.EXPECTED_FAILURE
        ],
        "counts": {},
        **changed,
    }
    counts = Counter(entry["verdict"] for entry in data["requirements"])
    data["counts"] = {key: counts.get(key, 0) for key in verdict.VERDICTS}
    return {**data, "digest": digest(data)}


MIXED = {
    "STO-01": verdict.FAILED,
    "STO-02": verdict.WARNED,
    "STO-03": verdict.COULD_NOT_RUN,
    "STO-04": verdict.HARNESS_ERROR,
    "STO-05": verdict.EXPECTED_FAILURE,
    "STO-06": "not-selected",
}
