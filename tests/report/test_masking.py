"""No secret in what is kept of a failure, and nothing else lost."""

from __future__ import annotations

import json

import pytest

from pytest_claude_sessions.report.masking import Masking

NOTHING_KNOWN = Masking({})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key sk-ant-api03-abcdefgh_1 end", "key *** end"),
        ('{"apiKey": "abc", "n": 1}', '{"apiKey": "***", "n": 1}'),
        ('{"claudeAiOauth": {"accessToken": "x y\\"z"}}', '{"claudeAiOauth": {"accessToken": "***"}}'),
        ('"{\\"refresh_token\\":\\"abc\\"}"', '"{\\"refresh_token\\":\\"***\\"}"'),
        ("Authorization: Bearer abcdefgh.123", "Authorization: Bearer ***"),
        ("ANTHROPIC_AUTH_TOKEN=abc next", "ANTHROPIC_AUTH_TOKEN=*** next"),
        ("http://user:pass@proxy:80/", "http://user:***@proxy:80/"),
        ("ghp_0123456789abcdefghij", "***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n", "***\n"),
    ],
)
def test_what_has_the_form_of_a_secret_is_masked(text: str, masked: str) -> None:
    assert NOTHING_KNOWN.of_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        '{"key": "chat", "session_id": "7e0b1f5e-3f2a-4a1e-9b1a-0c8a5d3e2f10"}',
        '{"usage": {"input_tokens": 12, "output_tokens": 3}}',
        "the token was refused; a secret is kept",
        "claude -p --resume 7e0b1f5e-3f2a-4a1e-9b1a-0c8a5d3e2f10",
        "half \udc80 a character",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert NOTHING_KNOWN.of_text(text) == text


def test_values_of_the_own_environment_are_secrets_wherever_they_stand() -> None:
    masking = Masking({"DEPLOY_TOKEN": "correct-horse", "PATH": "/usr/bin:/bin", "SHORT_KEY": "abc"})
    assert masking.of_text("was correct-horse here, /usr/bin:/bin, abc") == "was *** here, /usr/bin:/bin, abc"
    assert json.loads(masking.of_text(json.dumps({"a": "correct-horse"}))) == {"a": "***"}
