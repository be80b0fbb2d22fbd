"""From what `--claude-manager` names to a door that opens it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..door import Door, Identity, Misconduct, Refusal
from ..door.host import load_factory
from ..door.inprocess import InProcessDoor
from ..door.stdio import StdioDoor
from ..environment import Environment
from ..manager import CAPABILITIES
from ..nearest import nearest
from ..options import WrongOption

REFERENCE = "pytest_claude_sessions.reference:reference"


def make_door(named: str | Callable[[Any], Any], directory: Path) -> Door:
    """The door to a manager.

    :param named: what the option or the hook gave
    :param directory: where pytest was started; modules are found there too
    :raises WrongOption: when it names nothing that can be opened
    """
    if isinstance(named, str) and named.startswith("cmd:"):
        argv = tuple(shlex.split(named.removeprefix("cmd:")))
        if not argv:
            raise WrongOption("--claude-manager: 'cmd:' names no command, such as 'cmd:node driver.js'")
        return StdioDoor(argv)
    if isinstance(named, str):
        if str(directory) not in sys.path:
            sys.path.insert(0, str(directory))
        spec = REFERENCE if named == "reference" else named
        factory = _import(spec)
    else:
        factory = named
        spec = f"{getattr(factory, '__module__', '')}:{getattr(factory, '__qualname__', '')}"
    if not callable(factory):
        raise WrongOption(f"--claude-manager: {spec} is {factory!r:.80}, not a factory: a callable is expected")
    _check_signature(factory, spec)
    if "<" in spec or not spec.split(":")[0]:
        why = f"the factory {spec} cannot be imported by another process: make it a function of a module"
        return InProcessDoor(factory, (), why)
    module = sys.modules.get(spec.split(":")[0])
    file = getattr(module, "__file__", None)
    return InProcessDoor(factory, (spec, file) if file else (spec,))


def _import(spec: str) -> Callable[[Environment], Any]:
    module, colon, name = spec.partition(":")
    if not colon or not module or not name:
        raise WrongOption(
            f"--claude-manager: {spec!r} is neither 'package.module:factory', 'cmd:COMMAND' nor 'reference'"
            + (nearest(spec, ["reference"]) if nearest(spec, ["reference"]).startswith("; did") else "")
        )
    try:
        return load_factory(spec)
    except AttributeError as error:
        names = [n for n in vars(sys.modules.get(module, sys)) if not n.startswith("_")]
        raise WrongOption(f"--claude-manager: {module} has no {name!r}{nearest(name, names)}") from error
    except Exception as error:
        raise WrongOption(
            f"--claude-manager: {spec} does not import: {type(error).__name__}: {_first_line(error)}"
        ) from error


def _check_signature(factory: Callable[..., Any], spec: str) -> None:
    import inspect

    try:
        inspect.signature(factory).bind(object())
    except ValueError:
        return
    except TypeError as error:
        raise WrongOption(f"--claude-manager: {spec} must take one argument, the Environment: {error}") from error


def identify(door: Door, environment: Environment) -> Identity:
    """Start the manager once, to learn what it declares.

    :raises WrongOption: when it does not start, or does not end in order
    """
    try:
        session = door.open(environment)
    except (Misconduct, Refusal) as error:
        raise WrongOption(f"--claude-manager: the manager does not start: {_first_line(error)}") from error
    identity = session.identity
    try:
        session.close()
    except (Misconduct, Refusal) as error:
        raise WrongOption(f"--claude-manager: the manager does not end in order: {_first_line(error)}") from error
    return identity


def check_capabilities(identity: Identity) -> None:
    """Hold a manager to the names of SPEC 4.

    :raises WrongOption: when it declares a capability that does not exist, naming the nearest
    """
    for capability in sorted(identity.capabilities):
        if capability not in CAPABILITIES:
            raise WrongOption(
                f"--claude-manager: {identity.name} declares the unknown capability {capability!r}"
                f"{nearest(capability, CAPABILITIES)}"
            )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def as_json(identity: Identity) -> Mapping[str, Any]:
    """The subject as the report holds it."""
    return {
        "name": identity.name,
        "version": identity.version,
        "language": identity.language,
        "capabilities": sorted(identity.capabilities),
        "options": dict(identity.options),
    }
