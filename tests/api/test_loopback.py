from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.api import InvalidInput
from pytest_claude_sessions.api.loopback import checked_hosts, split_authority, stays_here


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "127.1", "::1", "[::1]"),
        *("0.0.0.0", "::", "::ffff:127.0.0.1", "", "::1%lo", socket.gethostname()),
    ],
)
def test_this_machine(host: str) -> None:
    assert stays_here(host)


@pytest.mark.parametrize(
    "host",
    [
        *("example.com", "localhost.example.com", "notlocalhost", "10.0.0.1", "192.168.0.1", "8.8.8.8", "128.0.0.1"),
        *("2001:db8::1", "fe80::1%eth0", "::ffff:8.8.8.8", "224.0.0.251", "255.255.255.255", "<broadcast>"),
        *("127.0.0.1.example.com", "api.anthropic.com"),
    ],
)
def test_elsewhere(host: str) -> None:
    assert not stays_here(host)


@given(st.ip_addresses(v=4))
def test_only_the_loopback_block_and_the_unspecified_address_are_here(address: object) -> None:
    expected = str(address).startswith("127.") or str(address) == "0.0.0.0"
    assert stays_here(str(address)) == expected
    assert stays_here(f"::ffff:{address}") == expected


@given(st.text())
def test_no_name_is_too_odd(host: str) -> None:
    assert stays_here(host) in (True, False)
    assert isinstance(split_authority(host)[0], str)


@pytest.mark.parametrize(
    ("authority", "place"),
    [
        ("h:1", ("h", 1)),
        ("H", ("h", 7)),
        ("u:p@h:1", ("h", 1)),
        ("[::1]:2", ("::1", 2)),
        ("[::1]", ("::1", 7)),
        ("h:x", ("h", 7)),
    ],
)
def test_authorities(authority: str, place: tuple[str, int]) -> None:
    assert split_authority(authority, 7) == place


@pytest.mark.parametrize("hosts", [["https://x"], [""], [7]])
def test_what_is_no_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(InvalidInput, match=r"^allow has hosts as 'host' or 'host:port', not .*$"):
        checked_hosts("allow", hosts)


def test_one_host_may_be_given_bare() -> None:
    assert checked_hosts("allow", "db") == ("db",)
