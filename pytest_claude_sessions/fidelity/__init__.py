"""The fidelity suite: every scenario played by the fake `claude` and by the real program, and what both did compared.

`python -m pytest_claude_sessions.fidelity RELEASE` plays them for one release.
"""
