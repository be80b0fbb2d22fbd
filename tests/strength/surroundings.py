"""The surroundings that must change no verdict: order, processes, places, users, zones, options, plug-ins."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
NOBODY = 65534
PLUGINS = ("pytest_randomly", "random_order", "pytest_asyncio", "anyio", "pytest_timeout", "pytest_cov", "xdist")
"""The modules of the plug-ins beside which the suite must run."""


class Lacking(Exception):
    """The machine or the environment lacks what these surroundings need."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How pytest is started.

    :param python: the words before pytest's own
    :param env: variables on top of the environment; None takes one away
    """

    python: tuple[str, ...] = (sys.executable, "-m", "pytest")
    env: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is different from the plain run.

    :param told: what it is, in a few words
    :param options: more words for pytest
    :param env: variables on top of the environment; None takes one away
    :param umask: of the run
    :param directory: the name of the directory where pytest is started
    :param plugins: modules of the plug-ins that are needed; with any, all that are installed are loaded
    :param user: whose the directory is, None for the caller's
    :param launch: how pytest is started from that directory
    :param reports: how many runs report, as `report-N.json`
    """

    told: str
    options: tuple[str, ...] = ()
    env: Mapping[str, str | None] = field(default_factory=dict)
    umask: int = -1
    directory: str = "project"
    plugins: tuple[str, ...] = ()
    user: int | None = None
    launch: Callable[[Path], Launch] = lambda _: Launch()
    reports: int = 1


# ------------------------------------------------------------------ how pytest is started
def _as_another_user(directory: Path) -> Launch:
    if os.geteuid() != 0:
        raise Lacking("only root can run the suite as another user")
    env: dict[str, str | None] = {
        **_with_a_copy_of_the_package(directory),
        "HOME": str(directory),
        "TMPDIR": str(directory),
        # What measures this process leaves its data where another user may not write.
        "COVERAGE_PROCESS_CONFIG": None,
        "COVERAGE_PROCESS_START": None,
    }
    tried_env = {name: value for name, value in {**os.environ, **env}.items() if value is not None}
    probe = "import subprocess, sys, pytest, pytest_claude_sessions.plugin; subprocess.run([sys.executable, '-V'])"
    version = f"python3.{sys.version_info[1]}"
    # Root's interpreter may lie in a home that is closed to others.
    for python in (sys.executable, *filter(None, map(shutil.which, (version, f"/usr/bin/{version}")))):
        argv = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python)
        try:
            tried = subprocess.run([*argv, "-Bc", probe], env=tried_env, cwd=directory, capture_output=True)
        except FileNotFoundError:
            raise Lacking("setpriv (util-linux) is not on this machine") from None
        if tried.returncode == 0:
            return Launch((*argv, "-m", "pytest"), env)
    raise Lacking(f"another user can run no {version} of this machine")


def _as_root_of_a_namespace(_: Path) -> Launch:
    argv = ("unshare", "--user", "--map-root-user")
    try:
        subprocess.run([*argv, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise Lacking("this machine lets nobody make user namespaces, or has no unshare (util-linux)") from None
    return Launch((*argv, *Launch().python))


def _all_in_directories_with_spaces(directory: Path) -> Launch:
    """Interpreter, package, temporary files and home: no path without a space."""
    home = directory / "its home"
    home.mkdir()
    venv = directory / "its Python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, capture_output=True)
    env = {**_with_a_copy_of_the_package(directory), "TMPDIR": str(home), "HOME": str(home)}
    return Launch((str(venv / "bin" / "python"), "-m", "pytest"), env)


def _with_a_copy_of_the_package(directory: Path) -> dict[str, str]:
    """The variables that let a Python without this environment import the package, from below a directory."""
    package = directory / "its package" / "pytest_claude_sessions"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "pytest_claude_sessions", package, ignore=ignored)
    shutil.copytree(CHECKOUT / "conformance", package / "conformance", ignore=ignored)
    return {"PYTHONPATH": os.pathsep.join([str(package.parent), *site.getsitepackages()])}


def _twice_in_one_process(_: Path) -> Launch:
    program = (
        "import sys, pytest\n"
        "words = [word for word in sys.argv[1:] if not word.startswith('--claude-report=')]\n"
        "sys.exit(max(pytest.main([*words, f'--claude-report=report-{n}.json']) for n in (1, 2)))\n"
    )
    return Launch((sys.executable, "-c", program))


def _in_order_of(expression: str) -> Callable[[Path], Launch]:
    """The items in another order, without a plug-in that would have to be installed."""

    def launch(directory: Path) -> Launch:
        (directory / "order_of_the_items.py").write_text(
            f"import random\n\ndef pytest_collection_modifyitems(items):\n    items[:] = {expression}\n"
        )
        return Launch((*Launch().python, "-p", "order_of_the_items"), {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}."})

    return launch


def _order(told: str, expression: str) -> Surroundings:
    return Surroundings(told, launch=_in_order_of(expression))


def _plugin(told: str, *options: str, plugin: str) -> Surroundings:
    return Surroundings(told, options, plugins=(plugin,))


_ALL_PLUGINS = (
    *("-n", "2", "-W", "error", "--strict-markers", "--strict-config", "--import-mode=importlib"),
    *("--asyncio-mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
    *("--timeout=300", "--cov=pytest_claude_sessions", "--random-order"),
)
_RANDOMLY_OFF = ("-p", "no:randomly")

ALL: dict[str, Surroundings] = {
    "reversed": _order("in reversed order", "items[::-1]"),
    "shuffled-1": _order("in random order", "random.Random(1).sample(items, len(items))"),
    "shuffled-2": _order("in another random order", "random.Random(2).sample(items, len(items))"),
    "twice": Surroundings("twice in one process", launch=_twice_in_one_process, reports=2),
    "xdist": Surroundings("in two processes (`-n 2`)", ("-p", "xdist", "-n", "2")),
    "spaces": Surroundings(
        "interpreter, package, home, temporary files and project in directories with spaces",
        directory="a directory with spaces",
        launch=_all_in_directories_with_spaces,
    ),
    "odd-name": Surroundings("in a directory named `$(ü) 'x' \\`", directory="$(ü) 'x' \\"),
    "umask-000": Surroundings("under `umask 000`", umask=0o000),
    "umask-077": Surroundings("under `umask 077`", umask=0o077),
    "another-user": Surroundings("as another user, when root runs it", user=NOBODY, launch=_as_another_user),
    "namespace-root": Surroundings("as the root of a user namespace", launch=_as_root_of_a_namespace),
    "east": Surroundings("14 hours east of Greenwich (`TZ=Pacific/Kiritimati`)", env={"TZ": "Pacific/Kiritimati"}),
    "west": Surroundings("12:45 hours west of Greenwich, by a bare rule of `TZ`", env={"TZ": "<-1245>12:45"}),
    "summer-time": Surroundings("where clocks change (`TZ=America/New_York`)", env={"TZ": "America/New_York"}),
    "locale-c": Surroundings("with `LC_ALL=C`", env={"LC_ALL": "C"}),
    "locale-ascii": Surroundings(
        "with `LC_ALL=POSIX`, and Python kept from UTF-8",
        env={"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ),
    "locale-turkish": Surroundings("with `LC_ALL=tr_TR.UTF-8`", env={"LC_ALL": "tr_TR.UTF-8"}),
    "no-bytecode": Surroundings("with `PYTHONDONTWRITEBYTECODE=1`", env={"PYTHONDONTWRITEBYTECODE": "1"}),
    "hash-seed": Surroundings("with another `PYTHONHASHSEED`", env={"PYTHONHASHSEED": "4711"}),
    "dev-mode": Surroundings(
        "in Python's development mode, warnings as errors", ("-W", "error"), {"PYTHONDEVMODE": "1"}
    ),
    "optimized": Surroundings("with `PYTHONOPTIMIZE=2`", env={"PYTHONOPTIMIZE": "2"}),
    "warnings": Surroundings("with `-W error`", ("-W", "error")),
    "python-warnings": Surroundings("with `PYTHONWARNINGS=error`", env={"PYTHONWARNINGS": "error"}),
    "strict-markers": Surroundings("with `--strict-markers`", ("--strict-markers",)),
    "strict-config": Surroundings("with `--strict-config`", ("--strict-config",)),
    "importlib": Surroundings("with `--import-mode=importlib`", ("--import-mode=importlib",)),
    "cache": Surroundings("with pytest's cache", ("-p", "cacheprovider")),
    "no-capture": Surroundings("with `-s`", ("-s",)),
    "pytest-randomly": _plugin("pytest-randomly", "-p", "randomly", "-p", "no:random_order", plugin="pytest_randomly"),
    "pytest-random-order": _plugin(
        "pytest-random-order", *_RANDOMLY_OFF, "--random-order-bucket=global", plugin="random_order"
    ),
    "pytest-asyncio": _plugin(
        "pytest-asyncio, automatic", *_RANDOMLY_OFF, "--asyncio-mode=auto", plugin="pytest_asyncio"
    ),
    "anyio": _plugin("anyio, automatic", *_RANDOMLY_OFF, "-o", "anyio_mode=auto", plugin="anyio"),
    "timeout-signal": _plugin(
        "pytest-timeout by a signal",
        *_RANDOMLY_OFF,
        "--timeout=300",
        "--timeout-method=signal",
        plugin="pytest_timeout",
    ),
    "timeout-thread": _plugin(
        "pytest-timeout by a thread",
        *_RANDOMLY_OFF,
        "--timeout=300",
        "--timeout-method=thread",
        plugin="pytest_timeout",
    ),
    "pytest-cov": _plugin(
        "pytest-cov", *_RANDOMLY_OFF, "--cov=pytest_claude_sessions", "--cov-branch", plugin="pytest_cov"
    ),
    "pytest-xdist": _plugin("pytest-xdist", *_RANDOMLY_OFF, "-n", "2", "--dist=worksteal", plugin="xdist"),
    "all-plugins": Surroundings(
        "all of these at once, with `-n 2`, `-W error` and every strictness",
        _ALL_PLUGINS,
        plugins=PLUGINS,
    ),
    "everything": Surroundings(
        "all plug-ins, and all that goes together: order, `-n 2`, spaces, umask, zone, locale, Python's options",
        _ALL_PLUGINS,
        {"TZ": "<-1245>12:45", "LC_ALL": "POSIX", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "4711"},
        umask=0o077,
        directory="a directory with spaces",
        plugins=PLUGINS,
        launch=_all_in_directories_with_spaces,
    ),
}
