"""Conformance runs one after another, each in a fork of a process that has pytest and the suite in memory.

`python -m tests.strength.runs COPY SCRATCH MODULE...` reads one JSON request a line and writes one JSON answer a line.
As root on Linux each run has its own process ids and sees all but SCRATCH as read-only: what a mutant kills or
overwrites is then its own, and what it leaves behind ends with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

CALL_TIMEOUT_S = 10
_MEMORY = 4 << 30
_FILE = 1 << 30
_CLONE_NEWNS, _CLONE_NEWPID = 0x00020000, 0x20000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
# The suite, so that a fork need not import it; the manager is imported by each run itself.
_SUITE = ("collection", "run", "summary", "trial", "failure", "background", "leftovers")


@dataclass(frozen=True, slots=True)
class Request:
    """One run.

    :param manager: as `--claude-manager` takes it
    :param items: node ids in the order in which they run, None for all of `requirements`
    :param requirements: those to plan; empty for all that the manager declares
    :param stop: whether the first item that does not pass ends the run
    :param timeout_s: seconds until the whole run is ended
    :param options: more options of the command line
    :param call_timeout_s: seconds that one call of the manager may take
    :param reach: where to leave what the items touch of the manager; empty for not measuring it
    """

    manager: str
    items: list[str] | None = None
    requirements: list[str] = field(default_factory=list)
    stop: bool = True
    timeout_s: float = 600.0
    options: list[str] = field(default_factory=list)
    call_timeout_s: float = CALL_TIMEOUT_S
    reach: str = ""

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run.

    :param results: by node id: verdict, message, seconds; of those that ran, in order
    :param end: `exit N`, `signal N` or `time-out`
    :param seconds: wall time
    :param output: what pytest printed, where no item ran at all
    """

    results: dict[str, tuple[str, str, float]]
    end: str
    seconds: float
    output: str = ""

    @classmethod
    def from_json(cls, text: str) -> Ran:
        """Back from one line."""
        data = json.loads(text)
        return cls({k: tuple(v) for k, v in data["results"].items()}, data["end"], data["seconds"], data["output"])


def asked(worker: subprocess.Popen[str], request: Request) -> Ran:
    """Have a worker make a run."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(request.as_json() + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"a worker ended: {worker.wait()}")
    return Ran.from_json(answer)


def requirement_of(item: str) -> str:
    """The id in a node id."""
    return item.split("::")[2].partition("[")[0]


class Recorder:
    """A plug-in of the run: picks and orders the items, writes each result down at once."""

    def __init__(self, items: list[str] | None, path: str, *, stop: bool) -> None:
        self._order = None if items is None else {name: number for number, name in enumerate(items)}
        self._told = open(path, "w", encoding="utf-8")  # noqa: SIM115  # until the process ends
        self._stop = stop
        self._session: Any = None

    def pytest_sessionstart(self, session: Any) -> None:
        self._session = session

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._order is not None:
            order = self._order
            items[:] = sorted((i for i in items if i.nodeid in order), key=lambda item: order[item.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            result = getattr(report, "claude_result", None)
            name, text, seconds = ("harness-error", str(report.longrepr), 0.0)
            if result is not None:
                name, text, seconds = result["verdict"], result["message"], result["seconds"]
        elif report.failed:
            name, text, seconds = "harness-error", str(report.longrepr), 0.0
        else:
            return
        self._told.write(json.dumps([report.nodeid, name, text[:4000], seconds]) + "\n")
        self._told.flush()
        if self._stop and name in ("failed", "warned", "harness-error"):
            self._session.shouldstop = name


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), None):
        raise OSError(ctypes.get_errno(), "mount", target)


def _isolate(scratch: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS | _CLONE_NEWPID):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE)
    _mount(scratch.encode(), scratch.encode(), None, _MS_BIND)
    _mount(b"none", b"/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    os.chdir(os.getcwd())


def _be_init(run: int) -> int:
    """What process 1 of a process id space does: reap, until the run has ended."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == run:
            return os.waitstatus_to_exitcode(status)


def _forked(work: Any) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(work())
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(99)
    return pid


def _suite(request: Request, told: str) -> int:
    import pytest

    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    arguments = ["--claude-conformance", "--claude-manager", request.manager, "-p", "pytest_claude_sessions.plugin"]
    arguments += ["-p", "no:cacheprovider", "-q", "--tb=short", "-W", "ignore", *request.options]
    for name in request.requirements:
        arguments += ["--claude-requirement", name]
    plugins: list[Any] = [Recorder(request.items, told, stop=request.stop)]
    if request.reach:
        from .reach import Touching

        plugins.append(Touching(sys.argv[1], request.reach))
    status = int(pytest.main(arguments, plugins=plugins))
    sys.stdout.flush()
    return status


def _contained(request: Request, scratch: str, told: str) -> int:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, descriptor in enumerate((null, output, output)):
        os.dup2(descriptor, number)
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return _suite(request, told)
    _isolate(scratch)

    def init() -> int:
        _mount(b"proc", b"/proc", b"proc", 0)
        return _be_init(_forked(lambda: _suite(request, told)))

    status = os.waitstatus_to_exitcode(os.waitpid(_forked(init), 0)[1])
    return status if status >= 0 else 128 - status


def make_run(request: Request, scratch: Path) -> Ran:
    """Make one run in a fork of this process."""
    place = scratch / "r"
    place.mkdir()
    place.joinpath("claude-conformance.toml").write_text(f"call-timeout-s = {request.call_timeout_s}\n")
    told = place / "told"
    started = time.monotonic()

    def work() -> int:
        os.chdir(place)
        os.environ["TMPDIR"] = str(place)
        import tempfile

        tempfile.tempdir = None
        return _contained(request, str(scratch), str(told))

    pid = _forked(work)
    waiting = select.poll()
    descriptor = os.pidfd_open(pid)
    waiting.register(descriptor, select.POLLIN)
    in_time = waiting.poll(request.timeout_s * 1000)
    if not in_time:
        _end_tree(pid)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(descriptor)
    seconds = time.monotonic() - started
    end = "time-out" if not in_time else f"exit {status}" if status < 128 else f"signal {status - 128}"
    results = {}
    with contextlib.suppress(FileNotFoundError):
        for line in told.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the last one may be cut off
                name, verdict, text, took = json.loads(line)
                results[name] = (verdict, text, took)
    output = "" if results else place.joinpath("output.txt").read_text("utf-8", "replace")[-4000:]
    shutil.rmtree(place, ignore_errors=True)
    return Ran(results, end, seconds, output)


def _end_tree(pid: int) -> None:
    """End a run with all of its processes: of the process that waits for process 1, that one is the only child."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Serve."""
    copy, scratch, *preloaded = sys.argv[1:]
    import pytest_claude_sessions
    from pytest_claude_sessions import plugin  # noqa: F401  # for the forks
    from pytest_claude_sessions.suite.check import checks_of
    from pytest_claude_sessions.suite.registry import load_registry

    assert Path(pytest_claude_sessions.__file__).is_relative_to(copy), pytest_claude_sessions.__file__
    for name in _SUITE:
        import_module(f"pytest_claude_sessions.suite.{name}")
    for requirement in load_registry().requirements.values():
        checks_of(requirement.id, requirement.capability)
    for name in preloaded:
        import_module(name)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        ran = make_run(Request(**json.loads(line)), Path(scratch))
        try:
            answers.write(json.dumps(asdict(ran)) + "\n")
            answers.flush()
        except BrokenPipeError:
            os._exit(1)  # who asked was ended; what it knew stays


if __name__ == "__main__":
    main()
