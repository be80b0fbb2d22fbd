"""What the model-based runs find by themselves: `python -m tests.strength.model_finds [AREA...]`.

Every broken manager of the areas is given `--claude-model`, no check beside it; who was found, by which requirement,
after how many sequences and in how many steps is kept in docs/strength/model.json. A manager that is there already
is not tried again, unless `--anew` is given.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import tests.broken
from pytest_claude_sessions.options import CRASH
from tests.broken import Broken

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "strength" / "model.json"
AREAS = {"store": "STO", "ttl": "TTL", "resume": "RES", "quarantine": "QUA"}
SEQUENCES = 200
SHRINKS = 12
TIMEOUT_S = 900.0
NODE = "claude-conformance::model::sequences"
SHARE_WANTED = 0.8


def broken_managers(areas: Sequence[str]) -> list[Broken]:
    """The broken managers whose requirement is of these areas, each requirement and manager once.

    Those that are broken at a crash point alone are left out: the model kills managers, and does not trace them.
    """
    prefixes = tuple(AREAS[area] for area in areas)
    found: dict[str, Broken] = {}
    for module in pkgutil.iter_modules(tests.broken.__path__, "tests.broken."):
        for broken in getattr(import_module(module.name), "BROKEN", ()):
            if broken.requirement.startswith(prefixes) and CRASH not in broken.options:
                found.setdefault(f"{broken.requirement} {broken.spec}", broken)
    return list(found.values())


def _run(directory: Path, arguments: list[str]) -> None:
    """What a forked process does: one model-based run, told into a file."""
    import pytest

    from pytest_claude_sessions.model import exploring

    os.chdir(directory)
    exploring.SHRINKS = SHRINKS
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            os.set_inheritable(int(name), int(name) < 3)
    told = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    tempfile.tempdir = str(directory)
    sys.exit(int(pytest.main(arguments)))


def try_one(forks: ForkServerContext, broken: Broken, sequences: int, place: Path) -> dict[str, Any]:
    """Run the model on one broken manager."""
    place.mkdir()
    place.joinpath("claude-conformance.toml").write_text("call-timeout-s = 10\n")
    report = place / "report.json"
    arguments = ["--claude-conformance", "--claude-manager", broken.spec, f"--claude-model={sequences}", NODE]
    arguments += ["--claude-report", str(report), "-p", "no:cacheprovider", "-W", "ignore", *broken.options]
    process = forks.Process(target=_run, args=(place, arguments))
    started = time.monotonic()
    process.start()
    try:
        process.join(TIMEOUT_S)
    finally:
        if process.is_alive():
            process.kill()
            process.join()
    entry: dict[str, Any] = {"requirement": broken.requirement, "manager": broken.spec}
    model = json.loads(report.read_text()).get("model") if report.exists() else None
    if model is not None:
        entry["found"] = model["verdict"] in ("failed", "warned")
        if entry["found"]:
            entry |= {name: model[name] for name in ("breaches", "sequence", "steps", "story", "expected", "seen")}
        elif model["verdict"] != "passed":
            entry["trouble"] = model["message"][:300]
    else:
        entry |= {"found": False, "trouble": place.joinpath("output.txt").read_text()[-600:]}
    entry["seconds"] = round(time.monotonic() - started, 1)
    shutil.rmtree(place, ignore_errors=True)
    return entry


def _is_open(entry: dict[str, Any] | None, missed: bool) -> bool:
    return entry is None or (missed and not entry["found"])


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['requirement']} {entry['manager']}"


def load(results: Path = RESULTS) -> dict[str, Any]:
    """The results so far."""
    if results.exists():
        data: dict[str, Any] = json.loads(results.read_text())
        return data
    return {"sequences": SEQUENCES, "of": 0, "managers": []}


def save(data: dict[str, Any], results: Path) -> None:
    """Write them, whole or not at all."""
    results.parent.mkdir(parents=True, exist_ok=True)
    draft = results.with_suffix(".new")
    draft.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    draft.replace(results)


@contextlib.contextmanager
def _worlds() -> Iterator[Path]:
    """Where the runs work: in memory where there is a file system for that, which takes half the time."""
    memory = Path("/dev/shm")
    place = tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None)
    try:
        yield Path(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Measure, and tell how it goes."""
    parser = argparse.ArgumentParser(prog="python -m tests.strength.model_finds", description=__doc__)
    parser.add_argument("areas", nargs="*", choices=[[], *AREAS], default=[], help="default: all")
    parser.add_argument("--sequences", type=int, default=SEQUENCES, help="sequences for each (default: %(default)s)")
    parser.add_argument("--only", action="append", default=[], help="managers whose name holds this")
    parser.add_argument("--anew", action="store_true", help="try also those that are in the results already")
    parser.add_argument("--missed", action="store_true", help="try also those that were not found")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where they are kept (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    managers = broken_managers(options.areas or list(AREAS))
    if options.only:
        managers = [broken for broken in managers if any(part in broken.spec for part in options.only)]
    data = load(options.results)
    known = {_name(entry): entry for entry in data["managers"]}
    wanted = {f"{broken.requirement} {broken.spec}": broken for broken in managers}
    every = {f"{broken.requirement} {broken.spec}" for broken in broken_managers(list(AREAS))}
    todo = {
        name: broken for name, broken in wanted.items() if options.anew or _is_open(known.get(name), options.missed)
    }
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(
        ["pytest", "hypothesis", "tests.broken.preload", "pytest_claude_sessions.model.drawing"]
    )
    with _worlds() as place:
        for number, (name, broken) in enumerate(todo.items(), 1):
            entry = try_one(forks, broken, options.sequences, place / "run")
            known[name] = entry
            data |= {"sequences": options.sequences, "of": len(every)}
            data["managers"] = [known[n] for n in sorted(known) if n in every]
            save(data, options.results)
            how = (
                f"{entry['breaches']} in {entry['steps']} steps"
                if entry["found"]
                else entry.get("trouble", "NOT FOUND")
            )
            print(f"{number}/{len(todo)} {name}: {how} ({entry['seconds']} s)", flush=True)
    share = sum(entry["found"] for entry in data["managers"]) / max(1, len(data["managers"]))
    print(f"{share:.1%} of {len(data['managers'])} broken managers were found, and there are {len(every)}")
    return 0 if share >= SHARE_WANTED and len(data["managers"]) == len(every) else 1


if __name__ == "__main__":
    sys.exit(main())
