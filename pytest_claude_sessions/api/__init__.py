"""The Messages API as a real server on a loopback port, its `responses` form, and the guard of the network.

Every name is imported when it is first asked for (PEP 562), so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answer import Answer
    from .child_environment import HOME_CALLS
    from .errors import AnswerFailed, GateNotReached, InvalidInput, MissingPackage, NotStarted
    from .escape import Escape, LeftTheMachine
    from .gate import AnswerGate
    from .messages_api import MessagesApi
    from .network import NetworkGuard
    from .request import ApiRequest, mask

__all__ = [
    "HOME_CALLS",
    "Answer",
    "AnswerFailed",
    "AnswerGate",
    "ApiRequest",
    "Escape",
    "GateNotReached",
    "InvalidInput",
    "LeftTheMachine",
    "MessagesApi",
    "MissingPackage",
    "NetworkGuard",
    "NotStarted",
    "mask",
]

_MODULE_OF = {
    "HOME_CALLS": "child_environment",
    "Answer": "answer",
    "AnswerFailed": "errors",
    "AnswerGate": "gate",
    "ApiRequest": "request",
    "Escape": "escape",
    "GateNotReached": "errors",
    "InvalidInput": "errors",
    "LeftTheMachine": "escape",
    "MessagesApi": "messages_api",
    "MissingPackage": "errors",
    "NetworkGuard": "network",
    "NotStarted": "errors",
    "mask": "request",
}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{module}", __name__), name)
