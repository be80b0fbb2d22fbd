"""The in-process door: the factory is called here, each method in a thread that cannot hold up the run."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any

from ..environment import Environment
from ..manager import KINDS
from . import Door, Misconduct, NoProcess, Refusal, Session
from .child import Child
from .identify import identify
from .protocol import METHODS
from .stdio import StdioSession

START_TIMEOUT_S = 30.0


def _in_thread(work: Callable[[], Any], what: str, timeout_s: float) -> Any:
    """Run in a thread of its own and wait.

    :raises Misconduct: it hung; the thread is left behind, and asked to end
    """
    box: list[tuple[bool, Any]] = []

    def body() -> None:
        try:
            box.append((True, work()))
        except BaseException as error:
            box.append((False, error))

    thread = threading.Thread(target=body, daemon=True, name=f"claude-manager {what}")
    thread.start()
    thread.join(timeout_s)
    if not box:
        _interrupt(thread)
        raise Misconduct(f"{what} hung: no answer after {timeout_s:g} s")
    good, value = box[0]
    if good:
        return value
    raise value


def _interrupt(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread that hangs in Python code; one that hangs in C code stays."""
    import ctypes

    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def _charged(error: BaseException, what: str) -> Exception:
    """A refusal where the exception bears a kind of the closed list, else misconduct with its traceback."""
    kind = getattr(error, "kind", None)
    if kind in KINDS:
        return Refusal(str(kind), str(error))
    if isinstance(error, Misconduct):
        return error
    trace = "".join(traceback.format_exception(error)).strip()
    return Misconduct(f"{what} raised {type(error).__name__}: {error}\n{trace}")


class InProcessSession:
    """A manager object of this process."""

    def __init__(self, factory: Callable[[Environment], Any], environment: Environment) -> None:
        try:
            self._manager = _in_thread(lambda: factory(environment), "the factory", START_TIMEOUT_S)
        except BaseException as error:
            raise _charged(error, "the factory") from error
        self.identity = identify(self._manager)

    def call(self, method: str, arguments: Mapping[str, Any], timeout_s: float) -> Any:
        """Call a method of the manager; an awaitable is awaited on a loop of its own."""
        function = getattr(self._manager, method, None)
        if not callable(function):
            raise Misconduct(f"the manager has no method {method}(), which a capability that it declares needs")

        def work() -> Any:
            answer = function(*arguments.values())
            if isawaitable(answer):
                import asyncio

                async def wait() -> Any:
                    return await answer

                answer = asyncio.run(wait())
            return answer

        try:
            answer = _in_thread(work, f"{method}()", timeout_s)
        except BaseException as error:
            raise _charged(error, f"{method}()") from error
        try:
            return METHODS[method].answer(answer)
        except Exception as error:
            raise Misconduct(f"{method}() gave {answer!r:.200}: {error}") from error

    def close(self) -> None:
        """Forget the object; a `close` method of its own is called."""
        close = getattr(self._manager, "close", None)
        if callable(close):
            try:
                _in_thread(close, "close()", START_TIMEOUT_S)
            except BaseException as error:
                raise _charged(error, "close()") from error

    def kill(self) -> None:
        """An object of this process cannot be killed; checks that kill open a process."""
        raise NoProcess("an in-process manager cannot be killed")


@dataclass(frozen=True, slots=True)
class InProcessDoor(Door):
    """Opens managers of a Python factory.

    :param factory: takes an Environment and gives a manager
    :param named: as another process imports it, `module:factory` and the module's file where it has one; empty when it
        cannot be imported elsewhere
    :param why_no_process: the reason then
    """

    factory: Callable[[Environment], Any]
    named: tuple[str, ...] = ()
    why_no_process: str = ""

    @property
    def why_the_clock_stands(self) -> str:
        """A frozen clock is this process's own."""
        return ""

    def open(self, environment: Environment) -> Session:
        """Call the factory."""
        return InProcessSession(self.factory, environment)

    def open_process(
        self,
        environment: Environment,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        *,
        prefix: Sequence[str] = (),
    ) -> Session:
        """Serve the factory from a child."""
        return StdioSession(self.child("pytest_claude_sessions.door.host", variables, cwd, prefix), environment)

    def child(
        self,
        module: str,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> Child:
        """A child that runs a module which serves the factory.

        :param module: takes :attr:`named` as its arguments
        :raises NoProcess: when the factory cannot be imported there
        """
        if not self.named:
            raise NoProcess(self.why_no_process)
        path = [os.path.abspath(entry) for entry in sys.path]
        env = {**os.environ, **(variables or {}), "CLAUDE_SESSIONS_PATH": json.dumps(path)}
        return Child([*prefix, sys.executable, "-m", module, *self.named], env, cwd)

    @property
    def own_processes(self) -> frozenset[int]:
        """None."""
        return frozenset()

    def close(self) -> None:
        """It holds nothing."""
