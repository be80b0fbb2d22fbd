from __future__ import annotations

import pytest

from pytest_claude_sessions.api import HOME_CALLS, InvalidInput, MessagesApi, NotStarted


def test_a_child_gets_the_server_and_nothing_else(api: MessagesApi) -> None:
    assert api.env == {
        "ANTHROPIC_BASE_URL": api.url,
        "ANTHROPIC_API_KEY": "sk-ant-api03-made-up",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "HTTP_PROXY": api.url,
        "HTTPS_PROXY": api.url,
        "ALL_PROXY": api.url,
        "http_proxy": api.url,
        "https_proxy": api.url,
        "all_proxy": api.url,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_token_takes_the_place_of_the_key(api: MessagesApi) -> None:
    signed_in = api.environment(auth="oauth", max_retries=0)
    assert signed_in["CLAUDE_CODE_OAUTH_TOKEN"].startswith("sk-ant-oat01-")
    assert "ANTHROPIC_API_KEY" not in signed_in
    assert signed_in["CLAUDE_CODE_MAX_RETRIES"] == "0"


def test_allowed_hosts_are_reached_directly() -> None:
    with MessagesApi(allow=["db"]) as api:
        assert api.env["NO_PROXY"] == "127.0.0.1,localhost,db"


def test_what_is_handed_out_is_the_callers(api: MessagesApi) -> None:
    api.env["ANTHROPIC_API_KEY"] = "changed"
    assert api.env["ANTHROPIC_API_KEY"] != "changed"


def test_bad_input_is_refused(api: MessagesApi) -> None:
    with pytest.raises(InvalidInput, match="auth is 'api_key' or 'oauth', not 'none'"):
        api.environment(auth="none")  # type: ignore[arg-type]  # what is given is wrong on purpose
    with pytest.raises(InvalidInput, match="max_retries is a whole number of 0 or more, not -1"):
        api.environment(max_retries=-1)


def test_it_takes_a_started_server() -> None:
    with pytest.raises(NotStarted, match="with MessagesApi"):
        _ = MessagesApi().env


def test_the_hosts_that_real_releases_ask_for_can_be_tolerated() -> None:
    MessagesApi(tolerate=HOME_CALLS)
