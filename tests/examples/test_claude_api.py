"""`claude_api`: the Messages API on a loopback port; nothing else leaves the machine."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request

import pytest

from pytest_claude_sessions import MessagesApi


def ask(prompt: str) -> str:
    """Code under test: one message."""
    body = {"model": "claude-opus-4-1", "max_tokens": 100, "messages": [{"role": "user", "content": prompt}]}
    request = urllib.request.Request(
        os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
        json.dumps(body).encode(),
        {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["content"][0]["text"])


def test_answer_and_limit(claude_api: MessagesApi) -> None:
    assert ask("hello") == "reply to 1 messages"
    claude_api.rate_limited(resets_at=None)
    with pytest.raises(urllib.error.HTTPError, match="429"):
        ask("hello again")
    assert len(claude_api.requests) == 2


def test_what_leaves_the_machine_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import socket

        def test_it(claude_api):
            try:
                socket.create_connection(("api.example.org", 443))
            except Exception:
                pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    assert "api.example.org:443" in result.stdout.str()
