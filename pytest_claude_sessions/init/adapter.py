"""The adapter that is written: a class with every method of the capabilities, none of which does anything yet."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from ..manager import CAPABILITIES
from ..suite.handle import ManagerHandle

LONGEST = 50

_OPENING = '''"""Our session manager, as the conformance suite calls it.

Write one method after the other: `pytest --claude-conformance` says what each of them has to do. A capability that
the manager does not have is taken out of `capabilities`, with its methods.
"""

from __future__ import annotations

{imports}


class Adapter:
    """Translates the suite's calls into those of our own program.

    Making one more for the same environment is a restart: what has to last is in `environment.state_dir`.
    """

    name = "{name}"
    version = "0"
    capabilities = frozenset({capabilities})

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
'''
_METHOD = '''
    {signature}
        """{told}"""
        raise NotImplementedError("{name} is not written yet")
'''
_CLOSING = '''

def factory(environment: Environment) -> Adapter:
    """What `manager` in claude-conformance.toml names."""
    return Adapter(environment)
'''
# Where the suite's own call is not the manager's method, or takes anything to try what is refused.
_SIGNATURES = {
    "dispatch": "def dispatch(self, request: DispatchRequest) -> DispatchResult:",
    "set_session": "def set_session(self, key: str, session_id: str) -> None:",
    "install_lifecycle_settings": "def install_lifecycle_settings(self, retention_days: int | None) -> Installed:",
}
_TOLD = {
    "dispatch": "Start `environment.claude` for a prompt, resuming the conversation when there is one.",
}
_VALUES = ("DispatchRequest", "DispatchResult", "Installed", "Mount", "RateLimited", "SessionEntry", "TmuxSession")


def adapter(name: str, capabilities: Iterable[str]) -> str:
    """The module's text.

    :param name: of the manager
    :param capabilities: that it is to have
    """
    wanted = list(capabilities)
    methods = dict.fromkeys(method for capability in wanted for method in CAPABILITIES[capability])
    body = "".join(_METHOD.format(signature=_signature(m), told=_told(m), name=m) for m in methods)
    return (
        _OPENING.format(
            imports=_imports(body), name=name, capabilities=_listed([f'"{word}"' for word in wanted], "{", "}", 4)
        )
        + body
        + _CLOSING
    )


def _listed(words: Sequence[str], begin: str, end: str, indent: int) -> str:
    """Words in brackets, a line each when one line would be long."""
    line = begin + ", ".join(words) + end
    if len(line) < LONGEST:
        return line
    space = " " * indent
    return begin + "".join(f"\n{space}    {word}," for word in words) + f"\n{space}{end}"


def _imports(body: str) -> str:
    values = [value for value in _VALUES if value in body]
    standard = [
        line
        for word, line in (("Mapping", "from collections.abc import Mapping"), ("Path", "from pathlib import Path"))
        if word in body
    ]
    ours = ["from pytest_claude_sessions.environment import Environment"]
    if values:
        listed = _listed(values, "(", ")", 0)
        named = listed if listed.endswith("\n)") else listed[1:-1]
        ours.append(f"from pytest_claude_sessions.manager import {named}")
    return "\n".join([*standard, *([""] if standard else []), *ours])


def _signature(method: str) -> str:
    if method in _SIGNATURES:
        return _SIGNATURES[method]
    signature = inspect.signature(getattr(ManagerHandle, method))
    shown = [_parameter(parameter) for parameter in signature.parameters.values()]
    return f"def {method}({', '.join(shown)}) -> {signature.return_annotation}:"


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.annotation is parameter.empty:
        return parameter.name
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {parameter.annotation}{default}"


def _told(method: str) -> str:
    return _TOLD.get(method) or (inspect.getdoc(getattr(ManagerHandle, method)) or "").splitlines()[0]
