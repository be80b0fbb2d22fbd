from __future__ import annotations

import _socket
import asyncio
import contextlib
import http.client
import os
import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import getaddrinfo as early_bound
from typing import Any

import pytest

from pytest_claude_sessions.api import InvalidInput, LeftTheMachine, MessagesApi, NetworkGuard

# TEST-NET-1 and reserved names (RFC 5737, RFC 2606): nobody's, should a broken guard let one out.
ADDRESS = "192.0.2.1"
NAME = "outside.invalid"


def with_socket(kind: int, act: Callable[[socket.socket], Any]) -> Any:
    with closing(socket.socket(socket.AF_INET, kind)) as made:
        made.settimeout(0.01)
        return act(made)


def by_the_socket_of_c() -> None:
    made = _socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.connect((ADDRESS, 1))
    finally:
        made.close()


def by_asyncio(host: str) -> None:
    async def connect() -> None:
        await asyncio.open_connection(host, 443)

    asyncio.run(connect())


ATTEMPTS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "connect": (
        lambda: with_socket(socket.SOCK_STREAM, lambda s: s.connect((ADDRESS, 443))),
        f"{ADDRESS}:443",
        "connect",
    ),
    "connect to a name": (
        lambda: with_socket(socket.SOCK_STREAM, lambda s: s.connect((NAME, 443))),
        f"{NAME}:443",
        "connect",
    ),
    "connect_ex": (
        lambda: with_socket(socket.SOCK_STREAM, lambda s: s.connect_ex((ADDRESS, 80))),
        f"{ADDRESS}:80",
        "connect",
    ),
    "sendto": (
        lambda: with_socket(socket.SOCK_DGRAM, lambda s: s.sendto(b"x", (ADDRESS, 53))),
        f"{ADDRESS}:53",
        "send",
    ),
    "sendto a name": (
        lambda: with_socket(socket.SOCK_DGRAM, lambda s: s.sendto(b"x", 0, (NAME, 53))),
        f"{NAME}:53",
        "send",
    ),
    "sendmsg": (
        lambda: with_socket(socket.SOCK_DGRAM, lambda s: s.sendmsg([b"x"], [], 0, (ADDRESS, 53))),
        f"{ADDRESS}:53",
        "send",
    ),
    "the socket of C": (
        by_the_socket_of_c,
        f"{ADDRESS}:1",
        "connect",
    ),
    "create_connection": (lambda: socket.create_connection((NAME, 22)), f"{NAME}:22", "lookup"),
    "getaddrinfo": (lambda: socket.getaddrinfo(NAME, "https"), f"{NAME}:https", "lookup"),
    "getaddrinfo in bytes": (lambda: socket.getaddrinfo(NAME.encode(), b"443"), f"{NAME}:443", "lookup"),
    "getaddrinfo imported early": (lambda: early_bound(NAME, 443), f"{NAME}:443", "lookup"),
    "gethostbyname": (lambda: socket.gethostbyname(NAME), NAME, "lookup"),
    "gethostbyname_ex": (lambda: socket.gethostbyname_ex(NAME), NAME, "lookup"),
    "gethostbyaddr": (lambda: socket.gethostbyaddr(ADDRESS), ADDRESS, "lookup"),
    "getnameinfo": (lambda: socket.getnameinfo((ADDRESS, 80), 0), f"{ADDRESS}:80", "lookup"),
    "http.client": (lambda: http.client.HTTPSConnection(NAME).connect(), f"{NAME}:443", "lookup"),
    "urllib": (
        lambda: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{NAME}:8080/"),
        f"{NAME}:8080",
        "lookup",
    ),
    "asyncio by name": (lambda: by_asyncio(NAME), f"{NAME}:443", "lookup"),
    "asyncio by address": (lambda: by_asyncio(ADDRESS), f"{ADDRESS}:443", "connect"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_every_way_out_is_refused_by_name_and_recorded(attempt: str) -> None:
    act, address, how = ATTEMPTS[attempt]
    with NetworkGuard() as guard:
        with pytest.raises(LeftTheMachine) as caught:
            act()
        (escape,) = guard.escapes
    assert (escape.address, escape.how, escape.process) == (address, how, "test")
    assert f"would have left the machine: {address}, {how} by the test process" in str(caught.value)


def test_a_swallowed_error_still_fails_at_the_end() -> None:
    with NetworkGuard() as guard:
        for _ in range(3):
            with contextlib.suppress(Exception):
                socket.getaddrinfo(NAME, 443)
    with pytest.raises(LeftTheMachine) as caught:
        guard.assert_nothing_left()
    assert f"{NAME}:443, lookup by the test process" in str(caught.value)
    assert "3 times" in str(caught.value)
    assert len(caught.value.escapes) == 3


def test_the_line_that_did_it_is_named() -> None:
    with NetworkGuard() as guard, pytest.raises(LeftTheMachine):
        http.client.HTTPConnection(NAME).connect()
    assert guard.escapes[0].where is not None
    assert guard.escapes[0].where.rpartition(":")[0] == __file__


def test_a_pools_thread_names_no_line_rather_than_one_of_the_standard_library() -> None:
    with NetworkGuard() as guard, pytest.raises(LeftTheMachine):
        by_asyncio(NAME)
    assert guard.escapes[0].where is None


def test_every_thread_is_guarded() -> None:
    errors: list[BaseException] = []

    def go() -> None:
        try:
            socket.getaddrinfo(NAME, 443)
        except BaseException as error:
            errors.append(error)

    with NetworkGuard():
        thread = threading.Thread(target=go)
        thread.start()
        thread.join(30)
    assert [type(error) for error in errors] == [LeftTheMachine]


def test_this_machine_stays_free(tmp_path: Path) -> None:
    with NetworkGuard() as guard:
        with socket.create_server(("127.0.0.1", 0)) as server:
            for host in ("127.0.0.1", "localhost"):
                socket.create_connection((host, server.getsockname()[1])).close()
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as datagram:
            datagram.bind(("127.0.0.1", 0))
            datagram.sendto(b"x", datagram.getsockname())
            assert datagram.recv(1) == b"x"
        assert socket.getaddrinfo(None, 0)
        left, right = socket.socketpair()
        left.close()
        right.close()
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a Unix socket must be short
        try:
            with closing(socket.socket(socket.AF_UNIX)) as listening, closing(socket.socket(socket.AF_UNIX)) as asking:
                listening.bind("s")
                listening.listen()
                asking.connect("s")
        finally:
            os.chdir(here)
        guard.assert_nothing_left()


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_the_loopback_of_ipv6_stays_free() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"no ::1 here: {error}")
    with NetworkGuard() as guard, server:
        socket.create_connection(server.getsockname()[:2]).close()
        guard.assert_nothing_left()


def is_guarded() -> bool:
    try:
        # Nothing is asked of anyone for an address in digits.
        socket.getaddrinfo(ADDRESS, 80, flags=socket.AI_NUMERICHOST)
    except LeftTheMachine:
        return True
    return False


def test_it_ends_with_its_block_and_leaves_nothing_behind() -> None:
    before = dict(socket.socket.__dict__)
    assert not is_guarded()
    with NetworkGuard():
        assert is_guarded()
    assert not is_guarded()
    assert dict(socket.socket.__dict__) == before


def test_guards_nest_and_each_is_told() -> None:
    with NetworkGuard() as outer:
        with NetworkGuard() as inner:
            assert is_guarded()
        assert is_guarded()
    assert (len(outer.escapes), len(inner.escapes)) == (2, 1)
    assert not is_guarded()


def test_stopping_twice_is_fine_and_stops_no_other() -> None:
    with NetworkGuard():
        spare = NetworkGuard()
        spare.start()
        spare.stop()
        spare.stop()
        assert is_guarded()


def test_a_method_that_someone_put_on_top_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(self: socket.socket, address: Any) -> None:
        raise NotImplementedError

    with NetworkGuard():
        monkeypatch.setattr(socket.socket, "connect", theirs)
    assert socket.socket.connect is theirs
    monkeypatch.delattr(socket.socket, "connect")


def test_allowed_addresses_are_let_through() -> None:
    with NetworkGuard(allow=[ADDRESS]) as guard:
        assert not is_guarded()
        guard.assert_nothing_left()


def test_an_allowed_port_allows_no_other() -> None:
    with (
        NetworkGuard(allow=[f"{ADDRESS}:81"]),
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made,
        pytest.raises(LeftTheMachine),
    ):
        made.connect((ADDRESS, 82))


def test_the_addresses_of_an_allowed_name_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]
    with NetworkGuard(allow=["db.invalid:5432"]) as guard:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
            assert guard._permits("DB.invalid", 5432, lookup=True)
        assert guard._permits("192.0.2.7", 5432, lookup=False)
        assert not guard._permits("192.0.2.7", 1, lookup=False)
        assert not guard._permits("192.0.2.8", 5432, lookup=False)


def test_bad_hosts_are_refused() -> None:
    with pytest.raises(InvalidInput, match="allow has hosts as"):
        NetworkGuard(allow=["http://db"])


def test_the_api_turns_it_on_and_off() -> None:
    with MessagesApi() as api:
        assert is_guarded()
        assert [escape.host for escape in api.escapes] == [ADDRESS]
    assert not is_guarded()
    with MessagesApi(guard=False):
        assert not is_guarded()
