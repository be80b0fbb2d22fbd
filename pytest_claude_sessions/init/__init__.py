"""A project's first steps: `python -m pytest_claude_sessions.init` writes a configuration, an adapter and a CI job."""
