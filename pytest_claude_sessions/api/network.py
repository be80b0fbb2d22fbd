"""The guard of the network: while it is on, nothing in this process gets beyond the loopback interface.

An audit hook sees every lookup, connect and datagram of CPython's sockets, however the function was imported,
asyncio's included. A name that is handed to connect() itself is looked up before the hook runs, so those methods
are checked first. Not seen: sockets of extension modules that do not use Python's (uvloop's, grpc's).
"""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable
from types import FrameType, TracebackType
from typing import Any, Self

from .escape import Escape, EscapeLog, LeftTheMachine
from .loopback import checked_hosts, plain_host, split_authority, stays_here

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_METHODS = {"connect": "connect", "connect_ex": "connect", "sendto": "send", "sendmsg": "send"}
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INSTALLED = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("purelib", "platlib"))
_STANDARD = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))

_lock = threading.RLock()
_active: list[NetworkGuard] = []
_originals: dict[str, tuple[Any, Any]] = {}
_hooked = False
_resolving = threading.local()


class NetworkGuard:
    """Refuses and records whatever would leave the machine, from start() to stop(), in every thread.

    Loopback addresses, this machine's own name and Unix sockets stay free. Guards nest: a host is let through
    when one of those that are on allows it; an escape is recorded in all.

    :param allow: hosts (`db`, `10.1.2.3`) or `host:port`s that may be reached all the same.
    :param log: where escapes are recorded; None makes a log.
    :raises InvalidInput: when an allowed host is empty or a URL.
    """

    def __init__(self, *, allow: Iterable[str] = (), log: EscapeLog | None = None) -> None:
        self.allow = checked_hosts("allow", allow)
        self._log = EscapeLog() if log is None else log
        self._allowed = {split_authority(entry) for entry in self.allow}
        self._allowed_names = {host for host, _ in self._allowed}

    @property
    def escapes(self) -> list[Escape]:
        """What was refused so far, in order."""
        return self._log.escapes

    def assert_nothing_left(self) -> None:
        """:raises LeftTheMachine: naming every attempt, those whose error was swallowed too."""
        self._log.assert_empty()

    def start(self) -> None:
        """Turn the guard on."""
        global _hooked
        with _lock:
            if not _hooked:
                sys.addaudithook(_audit)
                _hooked = True
            if not _active:
                _replace_methods()
            _active.append(self)

    def stop(self) -> None:
        """Turn the guard off; off already is fine."""
        with _lock:
            if self in _active:
                _active.remove(self)
                if not _active:
                    _restore_methods()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _permits(self, host: str, port: object, *, lookup: bool) -> bool:
        name = plain_host(host)
        if lookup and name in self._allowed_names:
            # A connect to the name comes with an address, which has to be known as the name's own by then.
            ports = [allowed for known, allowed in tuple(self._allowed) if known == name]
            self._allowed.update((address, allowed) for address in _addresses(name) for allowed in ports)
            return True
        return (name, None) in self._allowed or (name, port) in self._allowed

    def _record(self, escape: Escape) -> None:
        self._log.add(escape)


def _addresses(name: str) -> set[str]:
    _resolving.now = True
    try:
        return {plain_host(str(found[4][0])) for found in socket.getaddrinfo(name, None)}
    except OSError:
        return set()
    finally:
        _resolving.now = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # Every audited event of the interpreter comes by here, so the common case leaves first.
    if not _active or not event.startswith("socket."):
        return
    if event == "socket.connect":
        _check_address(args[0], args[1], "connect")
    elif event in ("socket.sendto", "socket.sendmsg"):
        _check_address(args[0], args[1], "send")
    elif event == "socket.getaddrinfo":
        _check(args[0], args[1], "lookup")
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        _check(args[0], None, "lookup")
    elif event == "socket.getnameinfo" and isinstance(args[0], tuple):
        _check(args[0][0], args[0][1], "lookup")


def _check_address(sock: Any, address: object, how: str) -> None:
    if isinstance(address, tuple) and len(address) >= 2 and sock.family in _INTERNET:
        _check(address[0], address[1], how)


def _check(host: object, port: object, how: str) -> None:
    if host is None or getattr(_resolving, "now", False):
        return
    name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    number = port.decode("ascii", "replace") if isinstance(port, (bytes, bytearray)) else port
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number)
    if stays_here(name):
        return
    guards = tuple(_active)
    if not guards or any(guard._permits(name, number, lookup=how == "lookup") for guard in guards):
        return
    told = number if isinstance(number, (int, str)) and number not in (0, "") else None
    escape = Escape(name, told, "test", how, _caller())
    for guard in guards:
        guard._record(escape)
    raise LeftTheMachine([escape])


def _caller() -> str | None:
    """The innermost line outside all libraries, else inside an installed one; a pool's thread has neither."""
    nearest: str | None = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        line = f"{name}:{frame.f_lineno}"
        if name.startswith(_INSTALLED):
            nearest = nearest or line
        elif not name.startswith((_HERE, "<", *_STANDARD)):
            return line
        frame = frame.f_back
    return nearest


def _replace_methods() -> None:
    for name, how in _METHODS.items():
        guarded = _guarded(getattr(socket.socket, name), name, how)
        _originals[name] = (guarded, socket.socket.__dict__.get(name))
        setattr(socket.socket, name, guarded)


def _restore_methods() -> None:
    for name, (guarded, original) in _originals.items():
        # Someone else may have put a method of theirs on top, which is theirs to take away.
        if socket.socket.__dict__.get(name) is not guarded:
            continue
        if original is None:
            delattr(socket.socket, name)
        else:
            setattr(socket.socket, name, original)
    _originals.clear()


def _guarded(original: Callable[..., Any], name: str, how: str) -> Callable[..., Any]:
    def method(self: socket.socket, *args: Any) -> Any:
        if _active and args:
            _check_address(self, args[-1], how)
        return original(self, *args)

    method.__name__ = name
    return method
