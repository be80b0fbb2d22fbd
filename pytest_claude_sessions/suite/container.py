"""Claude as it runs in a container: under mounts that its own processes alone see."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..manager import Mount
from .handle import ManagerHandle
from .judgement import Breach, CouldNotRun
from .trial import Trial


def in_container(trial: Trial, plan: Iterable[Mount], config_dir: Path) -> ManagerHandle:
    """Start the manager anew, with a Claude that runs under these mounts from now on.

    As with a container engine, a source that is missing is made for root, the target itself has to be there, and the
    outermost target is mounted first.

    :param plan: the mounts
    :param config_dir: what Claude is given as its config dir, whatever the manager says
    :raises CouldNotRun: when the machine allows no mount namespace
    """
    return _wrapped(trial, "container", container_prefix(plan), {"CLAUDE_CONFIG_DIR": str(config_dir)})


def container_prefix(plan: Iterable[Mount]) -> list[str]:
    """What to put before a command's words so that it runs under these mounts.

    :raises Breach: when such a container does not start
    :raises CouldNotRun: when the machine allows no mount namespace
    """
    need_namespaces()
    mounts = list(plan)
    for mount in mounts:
        if not mount.source.exists():
            mount.source.mkdir(parents=True)
    listed = [{"source": str(m.source), "target": str(m.target), "read_only": bool(m.read_only)} for m in mounts]
    prefix = _prefix({"mounts": listed})
    refusal = _refusal_of(prefix)
    if refusal:
        shown = ", ".join(f"{m.source} at {m.target} ({'ro' if m.read_only else 'rw'})" for m in mounts)
        raise Breach(f"a container with the mounts {shown}", "that it starts", refusal)
    return prefix


def with_managed_settings(trial: Trial) -> None:
    """See to it that Claude reads the trial's managed settings.

    The fake is told where they are. The real program knows one place alone: the directory is put there, in a mount
    namespace of the program's own.

    :raises CouldNotRun: when the machine allows no mount namespace
    :raises NotApplicable: for a release that reads no such directory
    """
    if not trial.behaviour["settings"]["managed"]:
        trial.not_applicable(f"claude {trial.claude.release.version} reads no managed-settings.d")
    if not trial.real:
        return
    need_namespaces()
    scratch = trial.root / "claude" / "etc"
    scratch.mkdir()
    spec = {"managed": {"directory": str(trial.environment.managed_settings_dir), "scratch": str(scratch)}}
    refusal = _refusal_of(_prefix(spec))
    if refusal:
        raise CouldNotRun(f"nothing can be put in the place of /etc/claude-code: {refusal}")
    _wrapped(trial, "managed", _prefix(spec), {})


def _wrapped(trial: Trial, name: str, prefix: Sequence[str], variables: Mapping[str, str]) -> ManagerHandle:
    """Give the manager a program that is Claude with these words before it."""
    place = trial.root / "claude" / name
    place.mkdir(exist_ok=True)
    program = place / "claude"
    settings = "".join(f"export {variable}={shlex.quote(value)}\n" for variable, value in variables.items())
    words = shlex.join([*prefix, str(trial.environment.claude)])
    program.write_text(f'#!/bin/sh\n{settings}exec {words} "$@"\n')
    program.chmod(0o755)
    return trial.restart(replace(trial.environment, claude=program))


def _prefix(spec: Mapping[str, Any]) -> list[str]:
    from ..bind.launcher import launch_prefix

    return launch_prefix(spec)


def _refusal_of(prefix: Sequence[str]) -> str:
    """What a child says that cannot be started so; empty when it can."""
    done = subprocess.run([*prefix, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}")


@cache
def _namespace_refusal() -> str:
    return _refusal_of(_prefix({"mounts": []}))


def need_namespaces() -> None:
    """Go on where the machine allows mount namespaces.

    :raises CouldNotRun: where it does not
    """
    if _namespace_refusal():
        raise CouldNotRun(f"a mount namespace is needed, as root or in a user namespace: {_namespace_refusal()}")
