"""`python -m pytest_claude_sessions.reference`: the reference manager at a prompt of the shell."""

import sys

from .command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
