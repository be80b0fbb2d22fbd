"""One start of the fake `claude`, from the command line to the exit status."""

from __future__ import annotations

import os
import sys

from . import arguments, frames, layout, script, settings, side_files
from .ending import Signalled, end_after_signal, end_with_error, listen, refuse, stop_listening
from .events import tell
from .finder import Finder
from .forms import new_uuid
from .journal import Journal
from .misbehaviour import Crash, Misbehaviour
from .now import Clock
from .opening import leave_refused, open_conversation, register, write_state
from .output import STREAM, TEXT, Output
from .release import NEWEST, Release, UnknownRelease
from .session import Refused, Session
from .turns import Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .api_errors import ApiError
    from .playing import Player
    from .sdk_servers import SdkServers
    from .streaming import Host

RELEASE = "CLAUDE_FAKE_RELEASE"
DIRECTORY = "CLAUDE_FAKE_DIR"


# Words that are commands of their own when they come first; the fake plays none of them.
_COMMANDS = frozenset(
    {"agents", "auth", "config", "doctor", "install", "mcp", "plugin", "plugins", "setup-token", "update", "upgrade"}
)


class Program:
    """What a start knows and does.

    :ivar release: whom it plays.
    :ivar behaviour: whom it plays.
    :ivar arguments: how it was started.
    :ivar cwd: how it was started.
    :ivar config_dir: how it was started.
    :ivar clock: time, journal, output, registry of running processes.
    :ivar journal: time, journal, output, registry of running processes.
    :ivar out: time, journal, output, registry of running processes.
    :ivar running: time, journal, output, registry of running processes.
    :ivar steps: what the script wants of it.
    :ivar finder: conversations; the one that it is in.
    :ivar session: conversations; the one that it is in.
    :ivar started: the id that a new conversation of this start has.
    :ivar able: whether what the release needs for a transcript could be written.
    :ivar hook_trouble: whether a Stop hook has failed or blocked, where the release says so.
    :ivar model: as asked for.
    :ivar permission_mode: as asked for.
    """

    finder: Finder
    session: Session
    running: side_files.Running

    def __init__(self) -> None:
        environment = os.environ
        self.directory = environment.get(DIRECTORY) or None
        if self.directory is not None:
            os.makedirs(self.directory, exist_ok=True)
        self.release = Release.of(environment.get(RELEASE) or NEWEST)
        self.behaviour: Mapping[str, Any] = self.release.behaviour
        self.clock = Clock(self.directory)
        self.journal = Journal(self.directory, release=self.release.version, now=self.clock.now())
        self.arguments = arguments.Arguments()
        self.out = Output(TEXT, False)
        self.steps = Misbehaviour({}, self.directory)
        self.home = environment.get("HOME") or os.path.expanduser("~")
        self.cwd = ""
        self.model: str | None = None
        self.permission_mode = "default"
        self.settings = settings.Settings([])
        self.started = ""
        self.able = True
        self.hook_trouble = False
        self.origin: dict[str, str] = {}
        self.host: Host | None = None
        self.servers: SdkServers | None = None
        self.player: Player | None = None

    def run(self) -> int:
        """Play the start; returns the exit status."""
        outcome, status = "crashed", 1
        try:
            self._understand()
            outcome, status = self._run()
        except arguments.UsageError as error:
            self.out.error(error.text)
            outcome = "usage"
            self._refused()
        except settings.SettingsNotFound as error:
            self.out.error(error.text)
            outcome = "usage"
        except Refused as refused:
            outcome, status = refuse(self, refused)
            self._unregister()
        except side_files.Unwritable as error:
            self.out.error(error.text)
            outcome, status = "io_error", error.status
        except Crash as crash:
            self.out.error(crash.stderr)
            outcome, status = crash.outcome, crash.status
            if outcome == "usage":
                self._unregister()
        except Signalled as signalled:
            outcome, status = "interrupted", end_after_signal(self, signalled.number)
        except OSError as error:
            rules = self.behaviour["unwritable"]
            unwritable = side_files.Unwritable(str(error.filename), error, rules)
            self.out.error(unwritable.text or f"Error: {error}\n")
            outcome, status = "io_error", unwritable.status if unwritable.text else 1
        finally:
            stop_listening(self)
            self.journal.end(outcome, status)
        return status

    def _understand(self) -> None:
        """Read the command line and begin the journal's object, whatever the command line is worth."""
        try:
            self.arguments = given = arguments.parse(sys.argv[1:], self.release)
            self.journal.entry["requested"] = {
                "resume": given.text("resume"),
                "session_id": given.text("session-id"),
                "continue": given.has("continue"),
                "fork": given.has("fork-session"),
            }
            if given.operands:
                self.journal.entry["prompt"] = given.operands[0]
        except arguments.UsageError:
            self._write_state_at_once()
            raise
        finally:
            self.journal.begin()
        self.model = given.text("model")
        if given.has("dangerously-skip-permissions"):
            self.permission_mode = "bypassPermissions"
        else:
            self.permission_mode = given.text("permission-mode") or "default"

    def _write_state_at_once(self) -> None:
        """Leave what some releases write before they look at the command line."""
        if not self.behaviour["start"].get("state_at_once"):
            return
        try:
            self.cwd = os.getcwd()
        except OSError:
            return
        self.config_dir = self._config_dir()
        self.started = new_uuid()
        write_state(self, second=False)

    def _run(self) -> tuple[str, int]:
        given = self.arguments
        if given.has("version") or given.has("help"):
            self._write_state_at_once()
        if given.has("version"):
            self.out.line(f"{self.release.version} (Claude Code)")
            return "version", 0
        if given.has("help"):
            self.out.line("Usage: claude [options] [command] [prompt]")
            return "version", 0
        if sys.argv[1:] and sys.argv[1] in _COMMANDS:
            self.out.line(f"Usage: claude {sys.argv[1]} [options]")
            return "usage", 0
        try:
            self.cwd = os.getcwd()
        except OSError:
            self.out.error(self.behaviour["texts"]["no_cwd"])
            return "io_error", 1
        if "CLAUDECODE" in os.environ and "nested" in self.behaviour["texts"]:
            self.out.error(self.behaviour["texts"]["nested"])
            return "usage", 1
        interactive = not given.has("print") and os.isatty(1)
        self._tell_origin(interactive)
        self.out = Output(given.text("output-format") or TEXT, given.has("verbose"))
        self.config_dir = self._config_dir()
        streamed = given.text("input-format") == STREAM
        self.steps = Misbehaviour(script.take(self.directory, self._situation(streamed or interactive)), self.directory)
        listen(self)
        self.steps.at("start")
        self._make_noise()
        self._check()
        self.settings = settings.read(
            given, self.behaviour, config_dir=self.config_dir, cwd=self.cwd, environment=os.environ
        )
        self.journal.entry["settings"] = {"cleanupPeriodDays": self.settings.cleanup_days}
        if interactive:
            from .interactive import converse

            self.open()
            return converse(self)
        if streamed:
            from .streaming import converse as converse_over_stdin

            return converse_over_stdin(self)
        prompt = self.prompt()
        if prompt is None:
            raise arguments.UsageError(self.behaviour["texts"]["no_prompt"] + "\n")
        blank = self.behaviour["blank_prompt"]
        if not prompt.strip() and blank != "answered":
            if blank == "refused":
                raise arguments.UsageError(self.behaviour["texts"]["blank_prompt"] + "\n")
            self._refused()
            return "usage", 0
        self.open()
        return self.answer(prompt, prompt)

    def _tell_origin(self, interactive: bool) -> None:
        """What records and the registry say of who started the program: a person, an SDK, or `-p` by itself."""
        if interactive:
            self.origin = {"entrypoint": "cli", "promptSource": "typed", "turnOrigin": "human"}
        elif os.environ.get("CLAUDE_CODE_ENTRYPOINT"):
            self.origin = {"entrypoint": os.environ["CLAUDE_CODE_ENTRYPOINT"]}
        form = self.behaviour["running_file"]
        if form is not None and self.origin:
            form = {key: self.origin.get(key, value) for key, value in form.items()}
            if interactive:
                from .interactive import registered

                form.update(registered(self))
            self.behaviour = {**self.behaviour, "running_file": form}

    def answer(self, prompt: str | list[Any], text: str) -> tuple[str, int]:
        """Run one turn and say how the program ends if nothing more comes."""
        ok = self.turns.run(prompt, text)
        self.out.finish()
        return self.ending(ok)

    def ending(self, ok: bool) -> tuple[str, int]:
        """Outcome and exit status after the last turn."""
        self.session.tell_loss(self.out)
        tell(self, "SessionEnd", reason="other", prompt_id=self.turns.prompt_id)
        self.running.gone()
        if ok:
            return ("io_error", 1) if self.out.dead else ("answered", 0)
        return ("limited" if "usage_limit" in self.steps else "api_error"), 1

    def _config_dir(self) -> str:
        # Measured: any value counts when the variable is set, an empty one as the working directory.
        given = os.environ.get("CLAUDE_CONFIG_DIR")
        return os.path.join(self.home, ".claude") if given is None else os.path.normpath(os.path.join(self.cwd, given))

    def _situation(self, later: bool) -> script.Situation:
        given = self.arguments
        return script.Situation(
            resume=given.text("resume"),
            session_id=given.text("session-id"),
            goes_on=given.has("continue"),
            cwd=self.cwd,
            prompt=(lambda: None) if later else self.prompt,
        )

    def _make_noise(self) -> None:
        if "noise" in self.steps:
            for line in self.steps.option("noise", "stdout", []):
                self.out.line(line)
            for line in self.steps.option("noise", "stderr", []):
                self.out.error(line + "\n")

    def _check(self) -> None:
        """Refuse what no conversation is needed for."""
        given, texts, order = self.arguments, self.behaviour["texts"], self.behaviour["start"]
        name = os.environ.get("CLAUDE_CODE_PROJECT_DIR_NAME") if self.behaviour["project_dir_name"] else None
        project = layout.project_dir(self.config_dir, self.cwd, self.release)
        if name:
            project = os.path.join(self.config_dir, layout.PROJECTS, name)
        self.finder = Finder(self.release, self.clock, config_dir=self.config_dir, project=project, cwd=self.cwd)
        self.started = given.text("session-id") or new_uuid()
        if order["state"] == "first":
            write_state(self, second=False)
        self.finder.check_id(given)
        if order["state"] == "first":
            write_state(self, second=True)
        if order["registry"] == "first":
            register(self)
        wanted = given.text("output-format") or TEXT
        if given.text("input-format") == STREAM and wanted != STREAM:
            raise arguments.UsageError(texts["input_needs_stream"] + "\n")
        if wanted == STREAM and not given.has("verbose"):
            raise arguments.UsageError(texts["stream_needs_verbose"] + "\n")
        if "error" in self.steps and self.steps.option("error", "at", "start") == "start":
            end_with_error(self)

    def _refused(self) -> None:
        if hasattr(self, "finder") and self.behaviour["start"]["state"] == "first":
            leave_refused(self, begun=False)
        self._unregister()

    def _unregister(self) -> None:
        if hasattr(self, "running") and not self.behaviour["start"]["registry_left"]:
            self.running.gone()

    def open(self) -> None:
        """Find the conversation and write what a start leaves behind."""
        if "play" in self.steps:
            from .playing import Player

            self.player = Player(self, self.steps.option("play", "path"))
            self.player.refuse()
        open_conversation(self)
        self.turns = Turns(self)

    def prompt(self) -> str | None:
        """The prompt of the command line and of stdin, read once; None when there is none."""
        if not hasattr(self, "_prompt"):
            from .stdin import whole

            words = self.arguments.operands
            given = words[0] if words and words[0] else None
            piped = whole(self.behaviour["stdin_wait_s"], self.behaviour["texts"], self.out)
            parts = [part for part in (given, piped) if part]
            self._prompt = "\n".join(parts) if parts else None
        return self._prompt

    def connect_servers(self, host: Host) -> None:
        """Greet the MCP servers that the host runs itself."""
        if self.arguments.has("mcp-config") or host.servers:
            from .sdk_servers import SdkServers

            self.servers = SdkServers.greeted(self, host)

    def init(self, session_id: str) -> None:
        """Print the init frame."""
        source = "ANTHROPIC_API_KEY" if os.environ.get("ANTHROPIC_API_KEY") else "none"
        frame = frames.init(
            self.release,
            session_id=session_id,
            cwd=self.cwd,
            model=self.model,
            permission_mode=self.permission_mode,
            config_dir=self.config_dir,
            project_dir=os.path.dirname(self.session.path),
            key_source=source,
            pid=os.getpid(),
        )
        if self.servers is not None:
            self.servers.show(frame)
        self.out.frame(frame)

    def api_error(self) -> ApiError | None:
        """The failure that the script wants for this turn's request."""
        if not self.steps.steps:
            return None
        if "error" in self.steps:
            end_with_error(self)
        from . import api_errors

        for name in api_errors.NAMES:
            if name in self.steps:
                return api_errors.ApiError(name, self.steps.steps[name], self.release, self.clock.now())
        return None


def main() -> None:
    """Run the program and end the process."""
    try:
        program = Program()
    except UnknownRelease as error:
        os.write(2, f"fake claude: {error}\n".encode())
        sys.exit(2)
    status = program.run()
    os._exit(status)
