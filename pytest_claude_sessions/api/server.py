"""The HTTP server on a loopback port; as the children's proxy it refuses what is meant for elsewhere.

Imported when a server is made: `http.server` costs a pytest start tens of milliseconds otherwise.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from .escape import Escape, EscapeLog
from .exchange import Exchange, Outgoing
from .loopback import split_authority, stays_here
from .peer import process_of
from .request import ApiRequest

_JOIN_S = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Cut(Exception):
    """The connection ends here."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves an exchange on 127.0.0.1; stops at once, with connections that are still open.

    :param exchange: answers the requests.
    :param log: takes what was meant for other hosts.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, exchange: Exchange, log: EscapeLog) -> None:
        self.exchange = exchange
        self.log = log
        self._lock = threading.Lock()
        self._sockets: set[Any] = set()
        self._workers: set[threading.Thread] = set()
        self._resets: set[int] = set()
        # A pair of sockets wakes the loop to stop: without it the loop would have to poll.
        self._wake, self._woken = socket.socketpair()
        try:
            super().__init__(("127.0.0.1", 0), _Handler)
        except BaseException:
            self._wake.close()
            self._woken.close()
            raise
        self.port: int = self.server_address[1]
        self._loop = threading.Thread(target=self._accept, name=f"claude-api-{self.port}", daemon=True)
        self._loop.start()

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for the host's full name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self._woken for key, _ in selector.select()):
                    return
                with contextlib.suppress(OSError):
                    request, address = self.get_request()
                    self.process_request(request, address)

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = threading.Thread(
            target=self._work,
            args=(request, client_address),
            name=f"claude-api-{self.port}-request",
            daemon=True,
        )
        with self._lock:
            self._sockets.add(request)
            self._workers.add(worker)
        worker.start()

    def _work(self, request: Any, client_address: Any) -> None:
        self.process_request_thread(request, client_address)
        with self._lock:
            self._workers.discard(threading.current_thread())

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._sockets.discard(request)
            reset = id(request) in self._resets
            self._resets.discard(id(request))
        if reset:
            request.close()
        else:
            super().shutdown_request(request)

    def reset(self, request: Any) -> None:
        """Have the connection reset rather than closed, once its handler is done."""
        with self._lock:
            self._resets.add(id(request))
        request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        # A client that goes away in the middle is its own affair.
        if error is not None and not isinstance(error, OSError):
            self.exchange.failed(f"connection from port {client_address[1]}", error)

    def stop(self) -> None:
        """Close the port and every connection, and wait for the threads, two seconds at most."""
        self._wake.send(b"x")
        self._loop.join(_JOIN_S)
        self.server_close()
        with self._lock:
            sockets, workers = list(self._sockets), list(self._workers)
        for open_socket in sockets:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
        for worker in workers:
            worker.join(_JOIN_S / len(workers))
        self._wake.close()
        self._woken.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "claude-api"
    sys_version = ""
    # Nagle's algorithm would hold every small answer back for the client's delayed acknowledgement: 40 ms.
    disable_nagle_algorithm = True
    server: LoopbackServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.command == "CONNECT":
            self._connect(*split_authority(self.path, 443))
            return False
        if self.path.startswith(("http://", "https://")):
            return self._parse_absolute()
        # Whatever the method is, there is one way to answer it.
        setattr(self, f"do_{self.command}", self._serve)
        return True

    def _parse_absolute(self) -> bool:
        parts = urlsplit(self.path)
        host, port = split_authority(parts.netloc, 443 if parts.scheme == "https" else 80)
        if not self._is_this_server(host, port):
            self._refuse(host, port)
            return False
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        setattr(self, f"do_{self.command}", self._serve)
        return True

    def _is_this_server(self, host: str, port: int | None) -> bool:
        return port == self.server.port and stays_here(host)

    def _connect(self, host: str, port: int | None) -> None:
        if not self._is_this_server(host, port):
            self._refuse(host, port)
            return
        # Releases that do not know NO_PROXY (1.0.0) ask for a tunnel to this very server: they are in it already.
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.close_connection = False

    def _refuse(self, host: str, port: int | None) -> None:
        text = f"{host}:{port} is this machine: connect to it directly (NO_PROXY)\n"
        if not stays_here(host):
            process, program = process_of(self.client_address[1], self.server.port)
            escape = Escape(host, port, process, f"proxy {self.command}", program)
            self.server.log.add(escape)
            text = f"refused, it would leave the machine: {escape}\n"
        body = text.encode()
        self.send_response(403, "Forbidden")
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.send_error(400, explain="the length of the body cannot be read")
            self.close_connection = True
            return
        request = ApiRequest.parse(self.command, self.path, self.headers.items(), body)
        outgoing = self.server.exchange.answer(request)
        try:
            self._send(outgoing)
        except _Cut:
            self.close_connection = True
            if outgoing.reset:
                self.server.reset(self.connection)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self.rfile.read(max(0, int(self.headers.get("content-length") or 0)))
        body = b""
        while True:
            size = int(self.rfile.readline().partition(b";")[0] or b"0", 16)
            if size == 0:
                while self.rfile.readline().strip():
                    pass
                return body
            body += self.rfile.read(max(0, size))
            self.rfile.readline()

    def _send(self, outgoing: Outgoing) -> None:
        def hold(sent: int) -> None:
            if outgoing.gate is not None and outgoing.hold_after == sent and not outgoing.gate.hold():
                raise _Cut

        write: Callable[[bytes], object] = self.wfile.write
        hold(0)
        if outgoing.cut and not outgoing.chunks:
            raise _Cut
        self.send_response(outgoing.status, outgoing.reason)
        for name, value in outgoing.headers:
            self.send_header(name, value)
        if outgoing.stream:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(outgoing.length))
        self.end_headers()
        for sent, chunk in enumerate(outgoing.chunks, start=1):
            if outgoing.stream:
                write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            elif chunk:
                write(chunk)
            if sent < len(outgoing.chunks) or outgoing.stream:
                hold(sent)
        if outgoing.cut:
            raise _Cut
        if outgoing.stream:
            write(b"0\r\n\r\n")
