"""`python -m pytest_claude_sessions.claude`."""

from .program import main

main()
