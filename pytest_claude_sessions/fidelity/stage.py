"""Where a scenario plays: directories, a program to start, an API that answers, and the record of what was seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..api import MessagesApi
from ..claude.settings import MANAGED
from .frames_seen import cut_down, kinds, read_output, sent_counts
from .hooks_seen import hook_settings, hooks_seen
from .namespace import managed_settings
from .normal import Normal
from .run import Ran, Running
from .subject import Failure, Held, Subject
from .traces import Traces

STREAM = ("--output-format", "stream-json", "--verbose")
STREAM_IN = ("--input-format", "stream-json")
# Where a JavaScript error came from, and the fields of it.
_STACK = re.compile(r"^\s+at |^\s*\^+\s*$|^\d+ \||^\s+(errno|code|syscall|path|dest): |^}$|^Node\.js v")
_LONGEST = 300
_LOOKS, _BETWEEN_S = 20, 0.3


class Stage:
    """The world of one play of one scenario.

    :param subject: who plays
    :param api: the loopback API
    :param root: directory of the play, the same for both subjects
    :param kept: where conversations are kept from one scenario to the next
    :ivar config_dir, home, cwd: directories of the program
    :ivar all_types: keep the types of all records that are written, not of those alone that matter
    :ivar seen: step -> what was seen; raw until :meth:`told`
    """

    def __init__(self, subject: Subject, api: MessagesApi, root: Path, kept: Path) -> None:
        self.subject = subject
        self.root = root
        self._api = api
        self._kept = kept
        self.disk = root / "disk"
        self.config_dir = self.disk / "config"
        self.home = self.disk / "home"
        self.cwd = self.disk / "repo"
        self.hook_dir = root / "hooks"
        self.managed_dir = root / "managed"
        self.all_types = False
        self.seen: dict[str, Any] = {}
        self._ids: list[str] = []
        self._env: dict[str, str] = {}
        self._unset: set[str] = set()
        self._wrap: list[str] = []
        self._begun: list[Running] = []
        shutil.rmtree(root, ignore_errors=True)
        for directory in (self.config_dir, self.home, self.cwd, self.hook_dir):
            directory.mkdir(parents=True)
        subject.clear()
        self._before = Traces.of(self.disk)

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of a start."""
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.config_dir),
            "IS_SANDBOX": "1",
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            **self._api.environment(max_retries=0),
            **self.subject.env,
            **self._env,
        }
        return {name: value for name, value in environment.items() if name not in self._unset}

    def set_env(self, **values: str | None) -> None:
        """Give later starts these variables; None takes one back."""
        for name, value in values.items():
            if value is None:
                self._env.pop(name, None)
            else:
                self._env[name] = value

    def unset(self, *names: str) -> None:
        """Start without variables that are otherwise set."""
        self._unset.update(names)

    def sign_in_by_token(self) -> None:
        """Let later starts sign in by OAuth, which reads usage limits."""
        self._env.update(self._api.environment(auth="oauth", max_retries=0))
        self._unset.add("ANTHROPIC_API_KEY")

    # -- starting

    def claude(self, *words: str, step: str, prompt: str | None = "hello", **options: Any) -> Ran:
        """Run `claude -p` with frames to its end and keep what was seen as a step.

        :param words: further arguments
        :param step: how the step is called
        :param prompt: the prompt; None gives none
        :param options: as :meth:`begin` takes them
        """
        given = () if prompt is None else (prompt,)
        return self.start("-p", *given, *STREAM, *words, step=step, **options)

    def start(self, *words: str, step: str, **options: Any) -> Ran:
        """Run the program with these arguments to its end and keep what was seen as a step."""
        return self.ended(step, self.begin(*words, **options))

    def begin(
        self,
        *words: str,
        stdin: bytes | None = None,
        talk: bool = False,
        cwd: Path | None = None,
        wrap: Sequence[str] = (),
        inside: str | None = None,
    ) -> Running:
        """Start the program.

        :param stdin: what it reads; None for nothing
        :param talk: keep its stdin open for :meth:`Running.send`
        :param cwd: its working directory
        :param wrap: a command to put before it
        :param inside: a shell command to run in its place, which finds the program's words as "$@"
        """
        argv = [*self.subject.argv, *words]
        if inside is not None:
            argv = ["sh", "-c", inside, "sh", *argv]
        for word in words:
            if re.fullmatch("[0-9a-fA-F-]{36}", word):
                self._ids.append(word)
        process = subprocess.Popen(
            [*self._wrap, *wrap, *argv],
            cwd=cwd or self.cwd,
            env=self.env,
            stdin=subprocess.PIPE if talk or stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        running = Running(process)
        self._begun.append(running)
        if stdin is not None and process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended without reading
                process.stdin.write(stdin)
                process.stdin.close()
        return running

    def close(self) -> None:
        """End what a scenario that came to no end of its own left running."""
        while self._begun:
            self._begun.pop().end()

    def ended(self, step: str, running: Running) -> Ran:
        """Wait for a start's end and keep what was seen as a step."""
        ran = running.wait()
        frames, rest = read_output(ran.out)
        frames = [frame for frame in frames if not _chatter(frame)]
        self._ids += ran.ids
        told: dict[str, Any] = {
            "exit": "hung" if ran.status is None else ran.status,
            "kinds": kinds(frames),
            "frames": [cut_down(frame) for frame in frames],
            "sent": sent_counts(frames),
        }
        if rest:
            told["stdout"] = rest
        stderr = [line.rstrip()[:_LONGEST] for line in ran.err.splitlines() if line.strip() and not _STACK.match(line)]
        if stderr:
            told["stderr"] = stderr
        hooks = hooks_seen(self.hook_dir)
        if hooks:
            told["hooks"] = hooks
        self._keep(step, told)
        return ran

    def quiet(self) -> None:
        """Wait until the program has written what it is going to write: the newer releases do so a little later."""
        before = Traces.of(self.disk)
        for _ in range(_LOOKS):
            time.sleep(_BETWEEN_S)
            now = Traces.of(self.disk)
            if now == before:
                return
            before = now

    # -- noting

    def note(self, step: str, **seen: Any) -> None:
        """Keep something else that was seen as a step."""
        self.seen.setdefault(step, {}).update(seen)

    def look(self, step: str) -> None:
        """Keep what has changed on the disk since the last step as a step."""
        self._keep(step, {})

    def settle(self) -> None:
        """Take the disk as it is for the state before the next step: what the scenario itself wrote is no trace."""
        self._before = Traces.of(self.disk)

    def _keep(self, step: str, told: dict[str, Any]) -> None:
        now = Traces.of(self.disk)
        files, records = self._before.files_to(now), self._before.records_to(now)
        if self.all_types:
            told["types"] = self._before.types_to(now)
        self._before = now
        if files:
            told["files"] = files
        if records:
            told["records"] = records
        if step in self.seen:
            raise ValueError(f"two steps are called {step!r}")
        self.seen[step] = told

    def told(self) -> dict[str, Any]:
        """Everything that was seen, made comparable."""
        encoded = re.sub("[^A-Za-z0-9]", "-", str(self.disk))
        paths = {str(self.disk): "<root>", str(self.root): "<stage>", encoded: "<root>", self.subject.release: "<v>"}
        paths[self.subject.argv[-1]] = "<program>"
        normal = Normal(paths, self._ids)
        return {step: normal(value) for step, value in self.seen.items()}

    # -- setting up

    def conversation(self, turns: int = 1) -> str:
        """A conversation of so many turns, made by the program itself once and put back each time; its id."""
        kept = self._kept / f"{self.subject.kind}-{turns}"
        if not kept.exists():
            session_id = ""
            for turn in range(turns):
                resume = ("--resume", session_id) if turn else ()
                running = self.begin("-p", f"prompt {turn + 1}", *STREAM, *resume)
                ran = running.wait()
                session_id = ran.session_id
                if ran.status != 0 or not session_id:
                    raise RuntimeError(f"no conversation could be made: exit {ran.status}: {ran.err or ran.out}")
            kept.mkdir()
            shutil.copytree(self.disk, kept / "disk", symlinks=True)
            (kept / "id").write_text(session_id)
        else:
            shutil.rmtree(self.disk)
            shutil.copytree(kept / "disk", self.disk, symlinks=True)
        session_id = (kept / "id").read_text()
        self._ids.append(session_id)
        self.settle()
        return session_id

    def transcript(self, session_id: str) -> Path:
        """Where the transcript of a conversation is, or would be beside the others of the working directory."""
        found = sorted(self.config_dir.glob(f"projects/*/{session_id}.jsonl"))
        return found[0] if found else self.project() / f"{session_id}.jsonl"

    def project(self, cwd: Path | None = None) -> Path:
        """The project directory of a working directory of plain characters."""
        return self.config_dir / "projects" / re.sub("[^A-Za-z0-9]", "-", str(cwd or self.cwd))

    def named(self, session_id: str) -> str:
        """Let an id that only the disk or the scenario knows be told as a session's."""
        self._ids.append(session_id)
        return session_id

    def settings(self, values: Mapping[str, Any], managed: bool = False) -> None:
        """Write user settings, or managed ones.

        :raises CannotPlay: for managed ones where the machine makes no mount namespace
        """
        if not managed:
            (self.config_dir / "settings.json").write_text(json.dumps(values))
        else:
            self.managed_dir.mkdir(exist_ok=True)
            (self.managed_dir / "30-coder-lifecycle.json").write_text(json.dumps(values))
            self._env[MANAGED] = str(self.managed_dir)
            scratch = self.root / "scratch"
            scratch.mkdir(exist_ok=True)
            self._wrap = managed_settings(self.managed_dir, scratch)
        self.settle()

    def hooks(self, *events: str, command: str = "") -> dict[str, Any]:
        """Settings whose hooks write down what they are given.

        :param command: a shell command that each runs afterwards
        """
        return hook_settings(self.hook_dir, events, command)

    # -- the API

    def fail(self, failure: Failure, **options: Any) -> None:
        """Let every request for a turn fail from now on."""
        self.subject.fail(failure, **options)

    @contextmanager
    def held(self, prompt: str = "hello", streamed: bool = False) -> Iterator[Held]:
        """Hold the answers to a prompt; they are let through at the end.

        :param streamed: the prompt comes over stdin as a stream
        """
        hold = self.subject.hold(prompt, streamed)
        try:
            yield hold
        finally:
            hold.open()


def _chatter(frame: Mapping[str, Any]) -> bool:
    # Progress of a request, which comes or not with the machine's speed.
    return frame.get("type") == "system" and frame.get("subtype") in ("status", "api_retry")
