"""Serves a Python factory as a driver: `python -m pytest_claude_sessions.door.host module:factory`.

So a Python manager can be put into a process of its own, to be killed, or to run beside another.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..environment import Environment, from_json
from ..manager import KINDS
from . import Misconduct
from .identify import identify
from .protocol import METHODS, PROTOCOL, REFUSED, instant, to_wire

CLOCK_SLACK_S = 1.0
"""A request's `now` nearer to the machine's time than this, in seconds, leaves the clock alone."""


class Host:
    """One manager behind stdin and stdout."""

    def __init__(self, factory: Callable[[Environment], Any], answers: Any) -> None:
        self._factory = factory
        self._answers = answers
        self._writing = threading.Lock()
        self._manager: Any = None
        self._clock: Any = None

    def serve(self, requests: Any) -> None:
        """Answer requests until `shutdown` or the end of the input; those of several callers overlap."""
        for line in requests:
            message = json.loads(line)
            self.set_clock(message["params"].get("now"))
            if message["method"] in ("initialize", "shutdown"):
                self._answer(message)
                if message["method"] == "shutdown":
                    return
            else:
                threading.Thread(target=self._answer, args=(message,), daemon=True).start()

    def _answer(self, message: Mapping[str, Any]) -> None:
        reply = self.answer(message)
        with self._writing:
            self._answers.write(json.dumps(reply).encode() + b"\n")
            self._answers.flush()

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What is answered to a request."""
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            reply["result"] = self._call(message["method"], message["params"])
        except BaseException as error:
            kind = getattr(error, "kind", None)
            if kind in KINDS:
                reply["error"] = {"code": REFUSED, "message": str(error), "data": {"kind": kind}}
            else:
                import traceback

                reply["error"] = {"code": -32603, "message": "".join(traceback.format_exception(error))}
        return reply

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        if method == "initialize":
            self._manager = self._factory(from_json(params["environment"]))
            identity = identify(self._manager)
            return {
                "protocol": PROTOCOL,
                "name": identity.name,
                "version": identity.version,
                "language": identity.language,
                "capabilities": sorted(identity.capabilities),
                "options": to_wire({**identity.options, "clock": "injected"}),
            }
        if method == "shutdown":
            return None
        function = getattr(self._manager, method, None)
        if method not in METHODS or not callable(function):
            raise Misconduct(f"the manager has no method {method}()")
        decoders = METHODS[method].parameters
        answer = function(*(decode(params[name]) for name, decode in decoders.items() if name in params))
        from inspect import isawaitable

        if isawaitable(answer):
            import asyncio

            async def wait() -> Any:
                return await answer

            answer = asyncio.run(wait())
        # As the other door reads it: a result of the manager's own type counts by its attributes.
        return to_wire(METHODS[method].answer(answer))

    def set_clock(self, now: str | None) -> None:
        """Follow a moved clock; freezegun is loaded only when the time was moved."""
        if now is None or (self._clock is None and not was_moved(now)):
            return
        at = instant(now)
        if self._clock is None:
            from ..clock import Clock

            self._clock = Clock()
            self._clock.freeze(at)
        self._clock.move_to(at)


def was_moved(now: str) -> bool:
    """Whether a request's `now` is another time than the machine's."""
    import time

    return abs(instant(now).timestamp() - time.time()) >= CLOCK_SLACK_S


def load_factory(spec: str, file: str | None = None) -> Callable[[Environment], Any]:
    """The factory that `module:name` names.

    :param file: the module's file, for one that no import finds (a conftest)
    """
    from importlib import import_module, util

    module_name, _, name = spec.partition(":")
    try:
        module = import_module(module_name)
    except ImportError:
        found = util.spec_from_file_location(module_name, file) if file else None
        if found is None or found.loader is None:
            raise
        module = util.module_from_spec(found)
        sys.modules[module_name] = module
        found.loader.exec_module(module)
    target: Any = module
    for part in name.split("."):
        target = getattr(target, part)
    factory: Callable[[Environment], Any] = target
    return factory


def main(arguments: list[str]) -> None:
    """Serve `module:factory [file]`; what the manager prints goes to stderr."""
    sys.path[:] = [*json.loads(os.environ.pop("CLAUDE_SESSIONS_PATH", "[]")), *sys.path]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    factory = load_factory(arguments[0], arguments[1] if len(arguments) > 1 else None)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        Host(factory, answers).serve(sys.stdin.buffer)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
