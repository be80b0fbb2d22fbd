"""Several reports side by side: `python -m pytest_claude_sessions.matrix a.json b.json -o matrix.html`."""
