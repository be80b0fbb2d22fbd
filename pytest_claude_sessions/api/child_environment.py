"""The variables that point a child at the fake Messages API, and at nothing else."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .answer import checked_count
from .errors import InvalidInput

Auth: TypeAlias = Literal["api_key", "oauth"]

API_KEY = "sk-ant-api03-made-up"
OAUTH_TOKEN = "sk-ant-oat01-made-up"
HOME_CALLS = ("api.anthropic.com:443", "raw.githubusercontent.com:443")
"""What real releases up to 2.1.112 ask for even with CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1, and do without."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def child_environment(
    url: str, *, auth: Auth = "api_key", max_retries: int | None = None, allow: tuple[str, ...] = ()
) -> dict[str, str]:
    """The variables for a child; PATH, HOME and the config dir are the caller's.

    The proxies are the server itself, which refuses and records every other host.

    :param url: the server's address.
    :param auth: sign in with a made-up key (`api_key`) or token (`oauth`).
    :param max_retries: how often Claude Code retries a failed request; None leaves it to the release.
    :param allow: hosts that may be reached directly.
    :raises InvalidInput: on another auth or a negative number.
    """
    environment = {"ANTHROPIC_BASE_URL": url}
    if auth == "api_key":
        environment["ANTHROPIC_API_KEY"] = API_KEY
    elif auth == "oauth":
        environment["CLAUDE_CODE_OAUTH_TOKEN"] = OAUTH_TOKEN
    else:
        raise InvalidInput(f"auth is 'api_key' or 'oauth', not {auth!r}")
    if max_retries is not None:
        environment["CLAUDE_CODE_MAX_RETRIES"] = str(checked_count("max_retries", max_retries))
    environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"
    environment["DISABLE_AUTOUPDATER"] = "1"
    environment["DISABLE_TELEMETRY"] = "1"
    direct = ",".join(("127.0.0.1", "localhost", *allow))
    for name in _PROXIES:
        environment[name] = environment[name.lower()] = url
    environment["NO_PROXY"] = environment["no_proxy"] = direct
    return environment
