"""Starts a program in a tmux window: `python tmux_window.py FILE`, run as a file of its own.

FILE holds the command, the directory and the environment, and is removed once it is read: a tmux server hands its own,
older environment to its windows (failure mode 142), and a command line would show secrets to everybody's `ps`.
"""

from __future__ import annotations

import json
import os
import sys

FROM_TMUX = ("TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM")
"""What a program learns from tmux about its window."""


def main(path: str) -> None:
    """Become the program that the file names."""
    with open(path, encoding="utf-8") as file:
        launch = json.load(file)
    os.unlink(path)
    env = {**launch["env"], **{name: os.environ[name] for name in FROM_TMUX if name in os.environ}}
    try:
        os.chdir(launch["cwd"])
        os.execvpe(launch["argv"][0], launch["argv"], env)
    except OSError as error:
        sys.exit(f"cannot start {launch['argv'][0]} in {launch['cwd']}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1])
