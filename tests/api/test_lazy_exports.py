from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_claude_sessions import api


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(api, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        api.Nonsense  # noqa: B018  # the look-up is what is tried


def test_importing_and_making_costs_no_server_and_no_client_library() -> None:
    code = (
        "import sys, pytest_claude_sessions.api as api\n"
        "assert not [m for m in sys.modules if m.startswith('pytest_claude_sessions.api.')], 'eager'\n"
        "api.MessagesApi()\n"
        "print([m for m in ('http.server', 'http.client', 'responses', 'requests', 'asyncio', 'subprocess')"
        " if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
