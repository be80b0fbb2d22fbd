"""One run of the real program over stream-json, written down."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from ..claude.recording import CONFIG_DIR, CWD, FORM, HOME
from ..claude.release import NEWEST
from ..claude.transcript import dump
from ..real_program import bundled_program, told_version, version_in
from .masking import Masker
from .typed import type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..claude.recording import Event

WORDS = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
_PERMISSION = ("--permission-prompt-tool", "stdio")


class NoProgram(RuntimeError):
    """There is no real program to record."""

    def __init__(self) -> None:
        super().__init__(
            "there is no claude to record: pip install pytest-claude-sessions[sdk] brings one, or name it with program="
        )


def allow(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plainest host: every tool is allowed, hooks say nothing."""
    if request.get("subtype") == "can_use_tool":
        return {"behavior": "allow", "updatedInput": request.get("input")}
    return {}


def record(
    path: str | os.PathLike[str],
    prompts: Sequence[str],
    *,
    options: Sequence[str],
    program: str | os.PathLike[str] | None,
    env: Mapping[str, str],
    home: Path | None,
    answer: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None,
    timeout_s: float,
) -> None:
    """See `Stream.record`."""
    with ExitStack() as places:
        if home is None:
            home = Path(places.enter_context(tempfile.TemporaryDirectory(prefix="claude-recording-")))
        run = _Run(_program(program), home.resolve(), env, answer or allow)
        run.play([*WORDS, *_PERMISSION, *options], prompts, timeout_s)
        Path(path).write_text("".join(dump(event) + "\n" for event in run.told()), encoding="utf-8")


class _Run:
    """One start of the program.

    :param home: its home directory; the config directory and the working directory are in it.
    """

    def __init__(
        self,
        program: Path,
        home: Path,
        env: Mapping[str, str],
        answer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    ) -> None:
        self._program = program
        self._home = home
        self._cwd = home / "repo"
        self._cwd.mkdir(parents=True, exist_ok=True)
        given = {"PATH": os.environ.get("PATH", os.defpath), "IS_SANDBOX": "1", "TZ": "UTC", **env}
        self._env = {**given, "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
        self._answer = answer
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._ended = False

    def play(self, words: Sequence[str], prompts: Sequence[str], timeout_s: float) -> None:
        """Start the program, ask every prompt, and wait for its end."""
        process = subprocess.Popen(
            [self._program, *words],
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._stdin = process, process.stdin
        limit = threading.Timer(timeout_s, self._kill)
        readers = [
            threading.Thread(target=self._read, args=(process.stdout,)),
            threading.Thread(target=self._read_stderr, args=(process.stderr,)),
        ]
        for thread in (limit, *readers):
            thread.daemon = True
            thread.start()
        try:
            self._say({"type": "control_request", "request_id": "recorder_0", "request": {"subtype": "initialize"}})
            alive = self._until("control_response")
            for prompt in prompts:
                if not alive:
                    break
                self._say({"type": "user", "message": {"role": "user", "content": prompt}})
                alive = self._until("result")
            with suppress(OSError):
                process.stdin.close()
            while self._until("result"):
                pass
            status = process.wait()
        finally:
            limit.cancel()
            self._kill()
            process.wait()
            for thread in readers:
                thread.join()
            for stream in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):
                    stream.close()
        self._events.append({"exit": status})

    def told(self) -> list[Event]:
        """The recording: its first line and the events, masked."""
        masker = Masker(
            {str(self._cwd): CWD, str(self._home / ".claude"): CONFIG_DIR, str(self._home): HOME}, self._env
        )
        events = [masker.value(event) for event in self._events]
        inits = [event["out"] for event in events if event.get("out", {}).get("subtype") == "init"]
        for event in events:
            if "out" in event and "control" not in event["out"].get("type", ""):
                event["as"] = type_of(event["out"])
        about = {
            "recording": FORM,
            "release": inits[0].get("claude_code_version") if inits else self._version(),
            "session_id": inits[0].get("session_id") if inits else None,
            "sdk": _sdk_version(),
            "made": datetime.now(UTC).date().isoformat(),
        }
        return [about, *events]

    def _version(self) -> str:
        return version_in(told_version([self._program])) or NEWEST

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _say(self, message: Mapping[str, Any]) -> None:
        self._keep({"in": dict(message)})
        with suppress(OSError, ValueError):  # it has gone: what it left to read says why
            self._stdin.write(json.dumps(message) + "\n")
            self._stdin.flush()

    def _until(self, kind: str) -> bool:
        """Read up to a frame of that type; False when the program ended before."""
        while not self._ended:
            line = self._lines.get()
            if line is None:
                self._ended = True
                break
            frame = _frame(line)
            if frame is None:
                self._keep({"noise": line})
                continue
            self._keep({"out": frame})
            if frame["type"] == "control_request":
                said = {"subtype": "success", "request_id": frame["request_id"]}
                response = {**said, "response": dict(self._answer(frame["request"]))}
                self._say({"type": "control_response", "response": response})
            if frame["type"] == kind:
                return True
        return False

    def _keep(self, event: Event) -> None:
        with self._lock:
            self._events.append(event)

    def _read(self, stdout: IO[str]) -> None:
        for line in stdout:
            if line.strip():
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_stderr(self, stderr: IO[str]) -> None:
        for line in stderr:
            if line.strip():
                self._keep({"err": line.rstrip("\n")})


def _frame(line: str) -> dict[str, Any] | None:
    try:
        frame = json.loads(line)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) and "type" in frame else None


def _program(named: str | os.PathLike[str] | None) -> Path:
    if named is not None:
        return Path(named)
    on_path = shutil.which("claude")
    found = bundled_program() or (Path(on_path) if on_path else None)
    if found is None:
        raise NoProgram
    return found


def _sdk_version() -> str | None:
    from .typed import installed

    sdk = installed()
    return None if sdk is None else sdk.version
