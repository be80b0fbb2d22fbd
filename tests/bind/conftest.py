"""Children with fewer powers than the run: another user, or root without some capabilities."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
NOBODY = 65534
# Another user could not write where coverage leaves its data.
_MEASURED = ("COVERAGE_PROCESS_CONFIG",)

RunAs = Callable[..., dict[str, Any]]

_PRELUDE = """
import json, os, subprocess, sys
from pathlib import Path
from pytest_claude_sessions.bind import *

def attempt(path, data=""):
    try:
        with open(path, "a") as file:
            file.write(data)
    except OSError as error:
        import errno
        return errno.errorcode[error.errno]
    return "written"

TOUCH = "import sys; open(sys.argv[1], 'a').close()"

def child_attempt(path, prefix=()):
    argv = [*prefix, sys.executable, "-I", "-S", "-c", TOUCH, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1:]
    return "written" if done.returncode == 0 else last[0].split(":")[0]

def attempts(*names):
    return [attempt(directory / name) for name in names]

def child_attempts(*names, prefix=()):
    return [child_attempt(directory / name, prefix) for name in names]

directory = Path(sys.argv[1])
seen = {}
"""


@pytest.fixture
def mounts() -> None:
    """Skip where this process may not mount."""
    if not sys.platform.startswith("linux"):
        pytest.skip(f"mounts are a thing of Linux, and this is {sys.platform}")
    probe = "from pytest_claude_sessions.bind import mount as m; m.call('unshare', m.CLONE_NEWNS)"
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine allows no mounts: {done.stderr.strip().splitlines()[-1]}")


@pytest.fixture
def root() -> None:
    """Skip where the run is not root's, with the powers that root has in a container."""
    from pytest_claude_sessions.bind import capability

    if os.geteuid() != 0 or not capability.overrules_permissions() or not capability._get()[0] >> 8 & 1:
        pytest.skip("takes root with CAP_DAC_OVERRIDE and CAP_SETPCAP")


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that every user can reach, which a tmp_path is not."""
    path = Path(tempfile.mkdtemp(prefix="bind-test-")).resolve()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def run_as(root: None, shared_directory: Path) -> RunAs:
    """Run a program as nobody (the default), or as root without the capabilities named; returns its `seen`.

    The program finds `directory`, which belongs to its user and holds settings.json and backups/old.json.
    """
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not on this machine")

    def run(program: str, *, root_without: str | None = None, modules: bool = False) -> dict[str, Any]:
        directory = shared_directory / "config"
        (directory / "backups").mkdir(parents=True)
        (directory / "settings.json").write_text("{}")
        (directory / "backups" / "old.json").write_text("{}")
        if root_without is None:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            limits = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        else:
            dropped = ",".join(f"-{name}" for name in root_without.split(","))
            limits = [f"--bounding-set={dropped}", f"--inh-caps={dropped}"]
        python = _python_for(limits)
        paths = [str(CHECKOUT)] + ([str(Path(_site_packages()))] if modules else [])
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            **({name: os.environ[name] for name in _MEASURED if name in os.environ} if root_without else {}),
        }
        source = textwrap.dedent(_PRELUDE) + textwrap.dedent(program) + "\nprint(json.dumps(seen))\n"
        done = subprocess.run(
            ["setpriv", *limits, python, "-c", source, str(directory)],
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return run


def _python_for(limits: list[str]) -> str:
    """An interpreter that this user can reach: root's own may lie in a home that is closed to others."""
    version = f"python3.{sys.version_info[1]}"
    test = "import subprocess, sys, pytest_claude_sessions.bind.disk; subprocess.run([sys.executable, '-V'])"
    for python in (sys.executable, *filter(None, map(shutil.which, (version, f"/usr/bin/{version}")))):
        done = subprocess.run(
            ["setpriv", *limits, python, "-c", test],
            env={"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            capture_output=True,
        )
        if done.returncode == 0:
            return python
    pytest.skip("no Python 3.11 on this machine that an unprivileged user can run with this checkout")


def _site_packages() -> str:
    pyfakefs = pytest.importorskip("pyfakefs")
    return str(Path(pyfakefs.__file__).parent.parent)
