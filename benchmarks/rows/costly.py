"""Profiles of the three costliest paths, as text beside the results: a turn, the suite, a fixture."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.pairs import CHECKOUT, Failed, inside_env
from benchmarks.result import RESULTS
from benchmarks.rows import fixture
from benchmarks.scale import Scale
from pytest_claude_sessions.cli import ClaudeCli
from pytest_claude_sessions.environment import make_environment

SHOWN = 45
LONGEST = 160


def measure(scale: Scale, root: Path) -> None:
    """Write them."""
    directory = RESULTS / "profiles"
    directory.mkdir(parents=True, exist_ok=True)
    fake = ClaudeCli.make(root / "cli")
    world = make_environment(root / "world", fake.path, fake.env)
    turn = [str(fake.path), "-p", "hello", "--output-format", "stream-json", "--verbose"]
    imports = [sys.executable, "-X", "importtime", "-ISXutf8", *turn]
    _keep(
        directory / "turn-importtime.txt", "python -X importtime claude -p hello", _stderr(imports, world, root), root
    )
    if shutil.which("strace"):
        counted = _stderr(["strace", "-c", "-f", *turn], world, root)
        _keep(directory / "turn-strace.txt", "strace -c -f claude -p hello", counted, root)
    chosen = ["claude-conformance::store"] if scale.short else ["claude-conformance::resume"]
    suite = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--claude-conformance", "--claude-manager", "reference"]
    _profiled(directory / "suite-cprofile.txt", [*suite, *chosen], root, root)
    project = fixture.tests(root / "project", scale.sizes(1000)[0])
    words = fixture.command(project)[1:]
    _profiled(directory / "fixture-cprofile.txt", words, project, root)


def _stderr(argv: list[str], world: object, root: Path) -> str:
    env = dict(getattr(world, "env", {}))
    done = subprocess.run(
        argv, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"{argv} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stderr


def _profiled(path: Path, words: list[str], cwd: Path, root: Path) -> None:
    """cProfile of a module's run, the lines that took the most time of their own."""
    kept = root / "profile.dat"
    env = {**inside_env(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_claude_sessions.plugin"}
    words = [word for word in words if word != "pytest_claude_sessions.plugin"]
    words = [word for place, word in enumerate(words) if word != "-p" or words[place + 1 :][:1] == ["no:cacheprovider"]]
    argv = [sys.executable, "-m", "cProfile", "-o", str(kept), *words]
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if not kept.exists():
        raise Failed(f"{argv}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    show = f"import pstats, sys; pstats.Stats(sys.argv[1]).sort_stats('tottime').print_stats({SHOWN})"
    told = subprocess.run([sys.executable, "-c", show, str(kept)], capture_output=True, text=True, check=True).stdout
    _keep(path, f"python -m cProfile {' '.join(words)}", told, root)


def _keep(path: Path, command: str, text: str, root: Path) -> None:
    # Nothing of the machine it was made on: directories are named by what they are.
    names = {str(root): "WORLD", str(CHECKOUT): "CHECKOUT", sys.prefix: "ENVIRONMENT", sys.base_prefix: "PYTHON"}
    told = f"$ {command}\n\n{text}"
    for place, name in sorted(names.items(), key=lambda item: -len(item[0])):
        told = told.replace(place, name)
    lines = [line.rstrip()[:LONGEST] for line in told.splitlines()]
    path.write_text("\n".join(lines) + "\n", "utf-8")
