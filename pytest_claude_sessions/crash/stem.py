"""Forks managers of a Python factory, for one interruption each; its arguments are those of `door.host`.

A request is a line on stdin: what is watched, and the requests of SPEC 5 that a manager is sent. It is forked off with
everything imported, so that a point costs milliseconds. The answer is a line on stdout: the changes in order, the
answers that were given, and the signal that ended it.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sys
from typing import Any

from .intercept import Interception
from .point import Change, Watched


def main(arguments: list[str]) -> None:
    """Serve until the end of the input."""
    watch = Interception()
    watch.install()
    sys.path[:] = [*json.loads(os.environ.pop("CLAUDE_SESSIONS_PATH", "[]")), *sys.path]
    answers = os.dup(1)
    os.dup2(2, 1)
    from ..door.host import Host, load_factory, was_moved

    factory = load_factory(arguments[0], arguments[1] if len(arguments) > 1 else None)
    for line in sys.stdin.buffer:
        task = json.loads(line)
        if was_moved(task["requests"][0]["params"]["now"]):
            from ..clock import Clock  # noqa: F401  # once, and not in each fork
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(0)
            _serve(Host(factory, io.BytesIO()), watch, task, writing)
            os._exit(0)
        os.close(writing)
        told = _read(reading, task["timeout_s"], pid)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said = [json.loads(part) for part in told.splitlines()]
        os.write(answers, json.dumps({"said": said, "status": status}).encode() + b"\n")


def _serve(host: Any, watch: Interception, task: dict[str, Any], writing: int) -> None:
    def tell(kind: str, what: Any) -> None:
        os.write(writing, json.dumps([kind, what]).encode() + b"\n")

    def told(change: Change) -> None:
        tell("change", [change.name, change.path])

    watch.arm(Watched.from_json(task["watched"]), told)
    for request in task["requests"]:
        host.set_clock(request["params"].get("now"))
        answer = host.answer(request)
        tell("answer", answer)
        if request["method"] == "initialize" and "error" in answer:
            return


def _read(descriptor: int, timeout_s: float, pid: int) -> bytes:
    """What a manager says until its end; one that hangs is ended."""
    parts = []
    while True:
        if not select.select([descriptor], [], [], timeout_s)[0]:
            os.kill(pid, signal.SIGKILL)
            parts.append(json.dumps(["hung", timeout_s]).encode() + b"\n")
        part = os.read(descriptor, 1 << 16)
        if not part:
            os.close(descriptor)
            return b"".join(parts)
        parts.append(part)


if __name__ == "__main__":
    main(sys.argv[1:])
