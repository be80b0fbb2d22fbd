"""Put the TypeScript SDK into a directory, without the program that it would bring: `typescript_sdk.py DIRECTORY`."""

from __future__ import annotations

import shutil
import subprocess
import sys

PACKAGE = "@anthropic-ai/claude-agent-sdk"


def main(directory: str) -> int:
    """Install it with npm; a machine without npm is told so, and its tests are skipped.

    :param directory: gets a `node_modules`.
    :return: npm's exit status.
    """
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: the tests of the TypeScript SDK are skipped")
        return 0
    words = ["install", "--prefix", directory, "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
    return subprocess.run([npm, *words, PACKAGE], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
