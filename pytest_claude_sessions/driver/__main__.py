"""`python -m pytest_claude_sessions.driver python|node|bash DIRECTORY`, and `check COMMAND` to try a driver."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from .kit import FILES, DriverExists, write_driver

CALL_TIMEOUT_S = 60.0


def main(arguments: list[str] | None = None) -> int:
    """Write a driver, or put one through the smoke step.

    :returns: the exit status
    """
    parser = argparse.ArgumentParser(
        prog="python -m pytest_claude_sessions.driver",
        description="write a driver for --claude-manager 'cmd:...', or put one through the smoke step",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="python|node|bash|check")
    for language, file in FILES.items():
        kit = commands.add_parser(language, help=f"write {file}, a commented driver that works as it stands")
        kit.add_argument("directory", type=Path, metavar="DIRECTORY", help="where to write it")
    check = commands.add_parser("check", help="initialise a driver, call what it declares, restart it, shut it down")
    check.add_argument("driver", metavar="COMMAND", help="the driver's command, in quotes: 'node driver.mjs'")
    options = parser.parse_args(arguments)
    if options.command == "check":
        return _check(options.driver)
    try:
        written = write_driver(options.command, options.directory)
    except (DriverExists, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{written.path} is written; try it:")
    print(f"  python -m pytest_claude_sessions.driver check {shlex.quote(written.command)}")
    print(f"  pytest --claude-conformance --claude-manager {shlex.quote(f'cmd:{written.command}')}")
    return 0


def _check(command: str) -> int:
    from ..door.stdio import StdioDoor
    from ..options import WrongOption
    from ..suite.smoke import smoke

    door = StdioDoor(tuple(shlex.split(command)))
    if not door.argv:
        print("error: check: the command is empty; give one such as 'node driver.mjs'", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="claude-driver-", ignore_cleanup_errors=True) as world:
        try:
            smoke(door, Path(world), CALL_TIMEOUT_S, say=print)
        except WrongOption as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        finally:
            door.close()
    print("the driver passes the smoke step")
    return 0


if __name__ == "__main__":
    sys.exit(main())
