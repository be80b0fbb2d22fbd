"""The suite on two hosts by pytest-xdist's remote gateways, and in parts whose reports are merged."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.hosts import hosts
from benchmarks.pairs import Failed, inside_env
from benchmarks.result import Comparison, Limit, Row, compared
from benchmarks.scale import Scale

SUITE = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-conformance")
MANAGER = ("--claude-manager", "reference")
TYPED = "python -m pytest --claude-conformance --claude-manager reference"
PARTS = 2


def measure(scale: Scale, root: Path) -> Row:
    """The same requirements each time: alone, on two hosts, in two parts at once."""
    chosen = ["--claude-profile", "core"]
    if scale.short:
        chosen = [word for number in (1, 2) for word in ("--claude-requirement", f"STO-0{number}")]
    single = _seconds(root, [[*chosen, "--claude-report", str(root / "single.json")]])
    notes, comparisons, limits = [], [], []
    words = " ".join(chosen)
    try:
        with hosts(root / "hosts") as specs:
            gateways = [word for spec in specs for word in ("--tx", spec)]
            remote = [*chosen, "--dist", "load", *gateways, "--claude-report", str(root / "remote.json")]
            took = _seconds(root, [remote])
    except Failed as error:
        notes.append(f"Not measured on two hosts: {error}.")
    else:
        comparisons.append(_compared("on two hosts (network namespaces)", took, single, words, " --dist load --tx ..."))
        limits.append(_differences("verdicts that two hosts give and one process does not", root, "remote.json"))
    parts = [
        [*chosen, "--claude-shard", f"{number}/{PARTS}", "--claude-report", str(root / f"part-{number}.json")]
        for number in range(1, PARTS + 1)
    ]
    took = _seconds(root, parts)
    comparisons.append(_compared("in two parts at once", took, single, words, " --claude-shard K/2"))
    names = [str(root / f"part-{number}.json") for number in range(1, PARTS + 1)]
    _merged(root, names, "merged.json")
    limits.append(_differences("verdicts that the merged parts give and one process does not", root, "merged.json"))
    outcomes = _outcome(root, "single.json"), _outcome(root, "merged.json")
    limits.append(Limit("outcomes that differ between the merged parts and one process", len({*outcomes}) - 1, "", 0))
    _merged(root, names[:-1], "lost.json")
    limits.append(
        Limit("lost parts that do not make it incomplete", _outcome(root, "lost.json") != "incomplete", "", 0)
    )
    notes.append(
        "A part of a run, `--claude-shard K/N`, needs nothing but a machine; its JSON report and the others' become "
        "one with `python -m pytest_claude_sessions.report.merge`."
    )
    return Row(
        "shards",
        "The suite on more than one machine",
        comparisons=tuple(comparisons),
        limits=tuple(limits),
        notes=tuple(notes),
    )


def _seconds(root: Path, runs: list[list[str]]) -> float:
    """Wall time of runs at once, which have to end green."""
    started = time.perf_counter()
    processes = [
        subprocess.Popen(
            [*SUITE, *MANAGER, *words], cwd=root, env=inside_env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for words in runs
    ]
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise Failed(b"\n".join(told)[-3000:].decode("utf-8", "replace"))
    return time.perf_counter() - started


def _compared(what: str, ours: float, single: float, words: str, more: str) -> Comparison:
    commands = (f"{TYPED} {words}{more}", f"{TYPED} {words}")
    return compared(f"the suite {what}", "in one process", [ours], [single], bar=None, commands=commands)


def _merged(root: Path, names: list[str], whole: str) -> None:
    argv = [sys.executable, "-m", "pytest_claude_sessions.report.merge", *names, "-o", str(root / whole)]
    done = subprocess.run(argv, cwd=root, env=inside_env(), capture_output=True, text=True, check=False)
    if not (root / whole).is_file():
        raise Failed(f"the reports were not merged: {done.stderr}")


def _report(root: Path, name: str) -> Mapping[str, Any]:
    report: Mapping[str, Any] = json.loads((root / name).read_text("utf-8"))
    return report


def _outcome(root: Path, name: str) -> str:
    return str(_report(root, name)["outcome"])


def _differences(what: str, root: Path, name: str) -> Limit:
    found = [
        {entry["id"]: entry["verdict"] for entry in _report(root, each)["requirements"]}
        for each in ("single.json", name)
    ]
    return Limit(what, sum(found[1][key] != value for key, value in found[0].items()), "", 0)
