"""One trial: a fresh world, the manager in it, and the words in which checks judge."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..cli import ClaudeCli, Gate, GateNotReached
from ..config_dir import ConfigDir, Tree, snapshot
from ..door import Door, Misconduct, NoProcess, Refusal, Session
from ..environment import Environment, make_environment
from . import background
from .background import Background, at_once
from .handle import ManagerHandle
from .judgement import Breach, CouldNotRun, NotApplicable
from .leftovers import running_with

if TYPE_CHECKING:
    from ..bind import Bound, ReadOnlyBind
    from ..cli import Start
    from ..clock import Clock
    from ..config_dir import Transcript
    from ..crash.form import Form

LEGACY_ID = "cd32e253-ca16-4fd3-9825-d837e74ae3c2"
GATE_S = 60.0
"""How long a Claude may take to come to a gate, in seconds."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What all trials of a run share.

    :param door: opens the manager under test
    :param release: that the fake behaves as, None for the newest
    :param real: the real program to run instead of the fake
    :param claude_env: variables that this program needs
    :param call_timeout_s: seconds that one call of the manager may take
    """

    door: Door
    release: str | None = None
    real: Path | None = None
    claude_env: Mapping[str, str] = field(default_factory=dict)
    call_timeout_s: float = 60.0


class Trial:
    """A world for one check, thrown away afterwards."""

    def __init__(self, arrangement: Arrangement, root: Path) -> None:
        self._arrangement = arrangement
        self.root = root
        self.claude = ClaudeCli.make(root / "claude", release=arrangement.release, real=arrangement.real)
        self.environment: Environment = make_environment(
            root, self.claude.path, {**arrangement.claude_env, **self.claude.env}
        )
        self.config = ConfigDir(self.environment.config_dir, self.claude.release)
        self._handles: list[ManagerHandle] = []
        self._manager: ManagerHandle | None = None
        self._clean_up = contextlib.ExitStack()
        self._clock: Clock | None = None
        self._bind: ReadOnlyBind | None = None
        self.orphans_expected = False
        self.calls: list[dict[str, Any]] = []
        self.situation = ""  # what the manager was put into, for whatever fails from now on
        self.crash_points: dict[str, Any] | None = None
        self._form: Form | None = None

    # ------------------------------------------------------------------ the manager
    @property
    def manager(self) -> ManagerHandle:
        """The manager, started when it is first used."""
        return self._manager or self.restart()

    @property
    def options(self) -> Mapping[str, Any]:
        """What the manager declares where the field does not agree."""
        return self.manager.options

    @property
    def capabilities(self) -> frozenset[str]:
        """What the manager declares."""
        return self.manager.capabilities

    def restart(self, environment: Environment | None = None, **settings: Any) -> ManagerHandle:
        """End the manager, when one runs, and start it again.

        :param environment: another world than the trial's own
        :param settings: what the operator configures from now on
        """
        self.stop()
        if environment is not None:
            self.environment = environment
        if settings:
            self.environment = self.environment.with_settings(**settings)
        self._manager = self.another()
        return self._manager

    def stop(self) -> None:
        """End the manager, when one runs; its next use starts it again."""
        manager, self._manager = self._manager, None
        if manager is not None:
            self._handles.remove(manager)
            manager.close()

    def another(self, environment: Environment | None = None) -> ManagerHandle:
        """One more manager in the same world, next to the first."""
        try:
            session = self._arrangement.door.open(environment or self.environment)
        except Misconduct as misconduct:
            raise Breach("the start of the manager", "a manager", str(misconduct)) from misconduct
        return self._kept(session)

    def process(
        self,
        environment: Environment | None = None,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> ManagerHandle:
        """A manager in a process of its own: it shares nothing with the others but the disk.

        :param variables: what the process's own environment holds besides
        :param cwd: where it is started; a driver that starts in its own directory alone is not held to it
        """
        world = environment or self.environment
        try:
            session = self._arrangement.door.open_process(world, variables, cwd)
        except NoProcess as reason:
            raise CouldNotRun(f"a second process is needed: {reason}") from reason
        except Misconduct as misconduct:
            if cwd is not None:
                self.process(environment, variables)
                raise NotApplicable(f"the driver starts in its own directory alone: {misconduct}") from misconduct
            raise Breach("the start of the manager in a process", "a manager", str(misconduct)) from misconduct
        return self._kept(session)

    def refusal_at_start(self, **settings: Any) -> str | None:
        """The refusal that a start with these settings meets, `kind: message`; None when it starts."""
        try:
            self.another(self.environment.with_settings(**settings))
        except Refusal as refusal:
            return f"{refusal.kind}: {refusal.args[0]}"
        return None

    def end(self, manager: ManagerHandle) -> None:
        """End a manager of :meth:`another` or :meth:`process`, in order."""
        self._handles.remove(manager)
        manager.close()

    def killed(self, manager: ManagerHandle) -> None:
        """SIGKILL to a manager of :meth:`process`."""
        manager.kill()
        self._handles.remove(manager)
        self.orphans_expected = True

    @property
    def interruption(self) -> Form:
        """What stops managers at their changes of files.

        :raises CouldNotRun: where the machine does not allow it
        """
        if self._form is None:
            from ..crash.form import form_for
            from ..crash.ptrace import NoTracing

            try:
                self._form = form_for(self._arrangement.door, self.call_timeout_s)
            except NoTracing as reason:
                raise CouldNotRun(str(reason)) from reason
            self._clean_up.callback(self._form.close)
        return self._form

    def _kept(self, session: Session) -> ManagerHandle:
        manager = ManagerHandle(session, self._arrangement.call_timeout_s, self.environment.workdir, self.calls)
        self._handles.append(manager)
        return manager

    # ------------------------------------------------------------------ the world
    @property
    def real(self) -> bool:
        """Whether the real program runs."""
        return self._arrangement.real is not None

    @property
    def program(self) -> Path:
        """The file that is run: the real program, or the fake."""
        return self._arrangement.real or self.claude.path

    @property
    def behaviour(self) -> Mapping[str, Any]:
        """What the release at hand does (the table of releases)."""
        behaviour: Mapping[str, Any] = self.claude.release.behaviour
        return behaviour

    @property
    def chooses_ids(self) -> bool:
        """Whether the release can be told the id of a new conversation (--session-id)."""
        return self.behaviour["option:session-id"] is not None

    @property
    def starts(self) -> list[Start]:
        """The starts of Claude so far that were given a conversation's work, from the journal."""
        return [start for start in self.claude.starts if start.outcome != "version"]

    @property
    def clock(self) -> Clock:
        """The clock, frozen at its first use; Claude's fake follows it."""
        if self._clock is None:
            obstacle = self._arrangement.door.why_the_clock_stands
            if obstacle:
                raise CouldNotRun(f"the subject's clock cannot be moved: {obstacle}")
            from ..clock import Clock

            clock = Clock()
            self._clean_up.callback(clock.release)
            clock.on_change(self.claude.set_now)
            # An hour ahead: a driver takes a time that is near the machine's for a clock that nobody moved. Half a
            # millisecond past: a manager that truncates and one that rounds see the same instant.
            clock.freeze(datetime.now(UTC).replace(microsecond=500) + timedelta(hours=1))
            self._clock = clock
        return self._clock

    def read_only(self, path: Path, writable: Iterable[str] = ()) -> Bound:
        """Bind a directory read-only, really, also for root; until `release`, or the trial's end.

        :param writable: its subdirectories that stay writable
        """
        from ..bind import BindUnavailable, ReadOnlyBind

        if self._bind is None:
            self._bind = self._clean_up.enter_context(ReadOnlyBind())
        try:
            return self._bind(path, writable=writable)
        except BindUnavailable as reason:
            raise CouldNotRun(str(reason)) from reason

    @contextlib.contextmanager
    def read_only_for_now(self, path: Path, writable: Iterable[str] = ()) -> Iterator[None]:
        """Bind a directory read-only, and make it writable again."""
        with self.read_only(path, writable):
            yield

    def as_release(self, version: str) -> None:
        """Let Claude be of this release from now on.

        :raises NotApplicable: when the real program runs, and it is of another one
        """
        if self.claude.release.version == version:
            return
        if self.real:
            self.not_applicable(f"the program is claude {self.claude.release.version}, not {version}")
        self.claude = ClaudeCli.make(self.root / "claude" / version, release=version)
        self.config = ConfigDir(self.environment.config_dir, self.claude.release)
        env = {**self.environment.env, **self.claude.env}
        self.restart(replace(self.environment, claude=self.claude.path, env=env))

    def directory(self, name: str) -> Path:
        """A working directory of that name."""
        path = self.root / "work" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def tree(self, path: Path | None = None) -> Tree:
        """What is on the disk now: the config dir, or the tree under `path`."""
        return snapshot(path or self.environment.config_dir)

    def new_id(self) -> str:
        """A session id that no transcript bears."""
        return str(uuid.uuid4())

    def transcript(self, session_id: str | None) -> Transcript | None:
        """The transcript of that name, None when there is none."""
        return next((t for t in self.config.transcripts() if t.session_id == session_id), None)

    def prompts(self, session_id: str | None) -> list[str]:
        """The prompts that the conversation holds on the disk."""
        transcript = self.transcript(session_id)
        return list(transcript.prompts) if transcript else []

    def claude_processes(self) -> list[str]:
        """What still runs with this trial's Claude in its environment, once what was killed has had time to go."""
        return running_with(f"CLAUDE_FAKE_DIR={self.claude.directory}")

    def together(self, *works: Callable[[], Any]) -> list[Any]:
        """Do several things at once, released by a barrier; their results in order.

        :raises Breach: when one of them does not end
        :raises Exception: that of the first of them that raised one, when all have ended
        """
        return at_once(works, self._patience_s)

    def background(self, work: Callable[[], Any]) -> Background:
        """Begin something that goes on while the check does; ask for its result later."""
        return Background(work, self._patience_s)

    def reached(self, gate: Gate) -> None:
        """Wait until Claude has come to a gate of the script.

        :raises Breach: when the manager does not start one that comes there
        """
        try:
            gate.wait_reached(min(GATE_S, self.call_timeout_s))
        except GateNotReached as end:
            raise Breach("work that starts Claude", "a Claude that comes to its turn", str(end)) from None

    @property
    def call_timeout_s(self) -> float:
        """Seconds that one call of the manager may take, and so whatever a call sets going."""
        return self._arrangement.call_timeout_s

    @property
    def _patience_s(self) -> float:
        """Until when work in a thread has ended: a call of the manager may take its own time in it."""
        return max(background.PATIENCE_S, 1.5 * self.call_timeout_s)

    # ------------------------------------------------------------------ judging
    def judge(self, holds: bool, *, given: str, expected: str, seen: object) -> None:
        """Go on when it holds; else the requirement is breached."""
        if not holds:
            raise Breach(given, expected, seen if isinstance(seen, str) else repr(seen))

    def equal(self, seen: object, expected: object, *, given: str) -> None:
        """Judge that two values are equal."""
        self.judge(seen == expected, given=given, expected=repr(expected), seen=repr(seen))

    def succeeded(self, result: Any, *, given: str) -> None:
        """Judge that a dispatch was answered."""
        self.judge(result.ok, given=given, expected="a dispatch that succeeds", seen=f"{result}")

    def unchanged(self, before: Tree, after: Tree, *, given: str) -> None:
        """Judge that a tree is as it was."""
        change = before.diff(after)
        self.judge(not change, given=given, expected="no change on the disk", seen="; ".join(change))

    def not_applicable(self, reason: str) -> NoReturn:
        """The requirement does not hold for this manager or release."""
        raise NotApplicable(reason)

    # ------------------------------------------------------------------ the end
    def close(self) -> None:
        """End what is still running and undo what was bound.

        :raises Breach: when the manager does not end in order
        """
        first: BaseException | None = None
        self._manager = None
        try:
            while self._handles:
                try:
                    self._handles.pop().close()
                except BaseException as error:
                    first = first or error
        finally:
            self._clean_up.close()
        if first is not None:
            raise first
