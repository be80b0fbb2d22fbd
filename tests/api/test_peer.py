from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_claude_sessions.api import MessagesApi
from pytest_claude_sessions.api.peer import process_of

ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    connection.sendall(b"CONNECT example.com:443 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    assert connection.recv(99).startswith(b"HTTP/1.1 403")
"""

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="needs /proc to find a peer")


@needs_proc
def test_a_child_is_named() -> None:
    with MessagesApi() as api:
        child = subprocess.Popen([sys.executable, "-c", ASK, api.url.rpartition(":")[2]])
        assert child.wait(60) == 0
        (escape,) = api.escapes
    assert escape.process == "child"
    assert escape.where is not None
    assert escape.where.startswith(f"pid {child.pid} ")


@needs_proc
def test_a_childs_tolerated_host_does_not_fail() -> None:
    with MessagesApi(tolerate=["example.com"]) as api:
        subprocess.run([sys.executable, "-c", ASK, api.url.rpartition(":")[2]], check=True, timeout=60)
        api.assert_nothing_left()
        assert [escape.address for escape in api.tolerated] == ["example.com:443"]


@needs_proc
def test_this_process_is_the_test() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            ports = client.getsockname()[1], server.getsockname()[1]
            assert process_of(*ports) == ("test", None)


def test_a_peer_that_is_gone_is_a_nameless_child() -> None:
    assert process_of(0, 0) == ("child", None)
