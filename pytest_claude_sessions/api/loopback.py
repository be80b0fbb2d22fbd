"""Which host names and addresses stay on this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from .errors import InvalidInput

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


def plain_host(host: str) -> str:
    """The host without brackets, zone, trailing dot and case, as two spellings of one host compare equal."""
    return host.strip("[]").partition("%")[0].rstrip(".").lower()


def stays_here(host: str) -> bool:
    """Whether a connection or a lookup for the host stays on this machine.

    Loopback addresses (also mapped into IPv6), the unspecified address, `localhost` with its variants
    (RFC 6761) and this machine's own name do.
    """
    name = plain_host(host)
    if name in _LOCAL_NAMES or name.endswith(".localhost") or name == plain_host(socket.gethostname()):
        return True
    address = _address(name)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return address.is_loopback or address.is_unspecified


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        # The resolver reads short forms such as 127.1 as addresses too.
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None


def split_authority(authority: str, default_port: int | None = None) -> tuple[str, int | None]:
    """`host:port`, `[v6]:port` or `host` as (host, port); user names and passwords are dropped."""
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.lstrip(":")
    else:
        host, _, port = place.partition(":")
    return host.lower(), int(port) if port.isascii() and port.isdigit() else default_port


def checked_hosts(name: str, hosts: Iterable[str]) -> tuple[str, ...]:
    """Hosts or `host:port`s that a test names.

    :param name: the argument that they come from.
    :raises InvalidInput: when one is empty or a URL.
    """
    named = tuple([hosts] if isinstance(hosts, str) else hosts)
    for host in named:
        if not isinstance(host, str) or not host or "/" in host:
            raise InvalidInput(f"{name} has hosts as 'host' or 'host:port', not {host!r}")
    return named
