"""The reference manager's command line: what the helpers of source 003 do (`ccr`, `cct`, `ccra`), by subcommands."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from ..manager import KINDS, DispatchResult, ManagerError
from . import command_show as show
from .command_progress import Progress
from .command_world import world_of
from .completion import bash_script
from .manager import ReferenceManager

PROGRAM = "claude-sessions"
PROBLEMS = 1
"""The exit status of a check that found something."""
USAGE = 2
STATUS = {kind: number for number, kind in enumerate(KINDS, 3)}
"""Each kind of refusal with its exit status."""
_STATUSES = ", ".join(f"{number} {kind}" for kind, number in STATUS.items())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to.

    :param value: for a program, as JSON
    :param text: for a person
    :param status: the exit status
    :param warnings: told on stderr
    """

    value: Any
    text: str
    status: int = 0
    warnings: tuple[str, ...] = ()


Command = Callable[[ReferenceManager, argparse.Namespace], Outcome]


class UsageError(Exception):
    """The command line makes no sense."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


# ---------------------------------------------------------------------- the commands
def _list(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    found = manager.list_sessions(given.limit)
    return Outcome(found, show.entries(found))


def _find(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    with Progress(f"looking for {given.text!r:.40}"):
        found = manager.find_sessions(given.text, given.limit)
    return Outcome(found, show.entries(found))


def _current(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    found = manager.current_session(given.directory)
    if found is None:
        raise ManagerError("not_found", f"no conversation was begun in {given.directory}")
    return Outcome(found, show.entries([found]))


def _resume(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    prompt = sys.stdin.read() if given.prompt == "-" else given.prompt
    with Progress(f"Claude is at work in {given.id}"):
        result = manager.resume_session(given.id, prompt)
    if not result.ok:
        raise ManagerError(str(result.error), f"{given.id} was not carried on{_because(result)}")
    return Outcome(result, result.text, warnings=result.warnings)


def _tmux_start(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    session_id = manager.resolve_session(given.session) if given.session is not None else None
    session = manager.tmux_start(given.directory, session_id)
    return Outcome(session, f"{session.name}: attach with `tmux attach -t ={session.name}`")


def _tmux_list(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    found = manager.tmux_list()
    return Outcome(found, show.windows(found))


def _tmux_kill(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    manager.tmux_kill(given.name)
    return Outcome({"killed": given.name}, f"{given.name} has ended")


def _recover(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    if given.dry_run:
        limited = manager.rate_limited_sessions()
        rows = [f"{cut.session_id}  {cut.cwd}  {_ends(cut.resets_at)}" for cut in limited]
        return Outcome(limited, "\n".join(rows) or "no conversation is limited")
    with Progress("looking for conversations that a usage limit cut off") as progress:
        done = manager.recovery.recover(
            lambda number, count, cut: progress.say(f"[{number + 1}/{count}] resuming {cut.session_id} in {cut.cwd}")
        )
    failed = next((result.error for result in done if not result.ok), None)
    return Outcome(done, show.results(done), STATUS.get(str(failed), PROBLEMS) if failed else 0)


def _export(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    session_id = manager.resolve_session(given.id)
    destination = given.destination or Path(f"{session_id}.tar.gz")
    with Progress(f"exporting {session_id}"):
        path = manager.export_session(session_id, destination.absolute())
    return Outcome({"path": path}, str(path))


def _check(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    with Progress("trying whether conversations last"):
        problems = manager.check_persistence()
    return Outcome(problems, "\n".join(problems) or "conversations last", PROBLEMS if problems else 0)


def _ids(manager: ReferenceManager, given: argparse.Namespace) -> Outcome:
    if given.tmux:
        names = [session.name for session in manager.tmux_list()]
    else:
        ids = [entry.session_id for entry in manager.list_sessions(1000) if entry.resumable]
        names = [name for name in ids if name is not None and name.startswith(given.prefix)]
    return Outcome(names, "\n".join(names))


def _because(result: DispatchResult) -> str:
    return f": {result.text}" if result.text else ""


def _ends(resets_at: datetime | None) -> str:
    return f"until {resets_at.astimezone():%Y-%m-%d %H:%M}" if resets_at is not None else "until nobody knows when"


# ---------------------------------------------------------------------- the command line
def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    common = _common()
    top = _Parser(
        prog=PROGRAM,
        description="Find, resume, recover and export Claude Code's conversations.",
        epilog=f"Exit status: 0 done, {PROBLEMS} a check found problems, {USAGE} wrong usage, {_STATUSES}.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def add(name: str, run: Command, told: str, under: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(
            name, help=told, description=told, parents=[common], allow_abbrev=False
        )
        made.set_defaults(run=run)
        return made

    for name, run, told in (("list", _list, "the newest conversations"), ("find", _find, "conversations with a text")):
        made = add(name, run, told)
        if name == "find":
            made.add_argument("text", metavar="TEXT", help="taken literally, ignoring case, in prompts and projects")
        made.add_argument("--limit", type=_count, default=20, metavar="N", help="how many at most (20)")
    made = add("current", _current, "the newest conversation of a directory")
    made.add_argument("directory", nargs="?", type=Path, default=Path.cwd(), metavar="DIR", help="this one by default")
    made = add("resume", _resume, "carry a conversation on, and print the answer")
    made.add_argument("id", metavar="ID", help="the id, or as much of it as tells it from the others")
    made.add_argument("prompt", nargs="?", default="continue", metavar="PROMPT", help="'continue'; - reads stdin")
    _add_tmux(commands, add)
    made = add("recover", _recover, "resume what a usage limit cut off, once the limit has ended")
    made.add_argument("--dry-run", action="store_true", help="only tell which conversations are limited")
    made = add("export", _export, "write a conversation with all its parts to a file or a directory")
    made.add_argument("id", metavar="ID", help="the id, or as much of it as tells it from the others")
    told = "a new .jsonl, .tar.gz or .zip file or a new directory (ID.tar.gz)"
    made.add_argument("destination", nargs="?", type=Path, metavar="FILE", help=told)
    add("check", _check, "try by writing whether conversations last here")
    made = commands.add_parser("completion", help="print the completion for a shell", description="Print a script.")
    made.add_argument("shell", choices=["bash"])
    made = commands.add_parser("ids", parents=[common])  # for the completion
    made.add_argument("prefix", nargs="?", default="")
    made.add_argument("--tmux", action="store_true")
    made.set_defaults(run=_ids)
    return top


def _add_tmux(commands: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    told = "Claude in tmux: start, list, kill"
    tmux = commands.add_parser("tmux", help=told, description=told, allow_abbrev=False)
    under = tmux.add_subparsers(dest="tmux_command", required=True, metavar="COMMAND", parser_class=_Parser)
    made = add("start", _tmux_start, "open Claude, a shell and the log in a directory", under)
    made.add_argument("directory", nargs="?", type=Path, default=Path.cwd(), metavar="DIR", help="this one by default")
    made.add_argument("--session", metavar="ID", help="the conversation to resume")
    add("list", _tmux_list, "the tmux sessions that were started so", under)
    add("kill", _tmux_kill, "end one of them", under).add_argument("name", metavar="NAME")


def _common() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document, and errors as JSON on stderr")
    common.add_argument("--config-dir", type=Path, metavar="DIR", help="Claude's (CLAUDE_CONFIG_DIR, or ~/.claude)")
    common.add_argument("--state-dir", type=Path, metavar="DIR", help="this program's own files")
    common.add_argument("--claude", metavar="PROGRAM", help="the program to run (claude)")
    return common


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= sys.maxsize:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status.

    :param arguments: the command line without the program's name
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    as_json = "--json" in arguments
    try:
        given = parser().parse_args(arguments)
        if given.command == "completion":
            told = bash_script(_words(parser()), ["--help", "--json", "--config-dir", "--state-dir", "--claude"])
            print(told, end="", flush=True)
            return 0
        world = world_of(os.environ, given.config_dir, given.state_dir, given.claude)
        outcome: Outcome = given.run(ReferenceManager(world), given)
        for warning in outcome.warnings:
            print(f"{PROGRAM}: {show.one_line(warning)}", file=sys.stderr)
        text = show.as_json(outcome.value) if given.json else outcome.text
        if text:
            print(text, flush=True)
        return outcome.status
    except UsageError as error:
        return _failed("usage", error, USAGE, as_json)
    except ManagerError as error:
        return _failed(error.kind, error, STATUS[error.kind], as_json)
    except BrokenPipeError:
        # Whoever read the output has enough; what is left of it has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _failed("unwritable", error, STATUS["unwritable"], as_json)
    except KeyboardInterrupt:
        return 130


def _failed(kind: str, error: Exception, status: int, as_json: bool) -> int:
    message = show.one_line(error)
    told = json.dumps({"error": kind, "message": message}) if as_json else f"{PROGRAM}: {kind}: {message}"
    print(told, file=sys.stderr)
    return status


def _words(top: argparse.ArgumentParser) -> list[str]:
    choices = next(action.choices for action in top._actions if isinstance(action.choices, dict))
    return [name for name in choices if name != "ids"]
