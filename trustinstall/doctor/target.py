"""The server that a caller names: `host`, `host:port`, or a URL.

Sources: RFC 3986 for the form of a URL; IANA's registry of service names for the ports.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from trustinstall.errors import UsageProblem, printable

_HTTPS = 443
_MOST_PORT = 65535
_LONGEST = 253  # RFC 1035 2.3.4, without the dot at the end
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_TYPED = 4096


#: The port of each scheme whose servers begin with TLS.
SCHEMES = {"https": _HTTPS, "wss": _HTTPS, "smtps": 465, "imaps": 993, "pop3s": 995, "ftps": 990, "ldaps": 636}


class Target(NamedTuple):
    """One server.

    Attributes:
        host: its name in lower case and ASCII, or its address without brackets.
        port: its port.
    """

    host: str
    port: int = _HTTPS

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address."""
        return address_of(self.host) is not None

    @property
    def authority(self) -> str:
        """Host and port as a URL writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(typed: str) -> Target:
    """Return the server that a caller has typed. Raises UsageProblem where it is none, or one without TLS.

    User name, password and path of a URL are not kept.
    """
    if len(typed) > _LONGEST_TYPED or not typed.strip():
        raise UsageProblem("name a server as host:port or as a URL")
    scheme, found, rest = typed.strip().partition("://")
    if not found:
        scheme, rest = "", typed.strip()
    kind = scheme.lower()
    if found and kind not in SCHEMES:
        raise UsageProblem(
            f"{printable(kind, 40)}:// names no protocol that begins with TLS; name the server as host:port"
        )
    host, port = _authority(rest, typed)
    return Target(host, port or SCHEMES.get(kind, _HTTPS))


def _authority(rest: str, typed: str) -> tuple[str, int | None]:
    """The host and the port in the part of a URL after the scheme."""
    try:
        is_bare = ":" in rest and address_of(rest) is not None  # an address of IPv6 without the brackets of a URL
        parts = urlsplit(f"//[{rest}]" if is_bare else f"//{rest}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(typed) from None
    if port is not None and not 0 < port <= _MOST_PORT:
        raise _wrong(typed)
    address = address_of(name)
    return (str(address) if address is not None else _name(name, typed)), port


def _name(name: str, typed: str) -> str:
    try:
        ascii_name = name.lower().encode("idna").decode().removesuffix(".")
    except UnicodeError:
        ascii_name = ""
    if not ascii_name or len(ascii_name) > _LONGEST or not all(map(_LABEL.fullmatch, ascii_name.split("."))):
        raise _wrong(typed)
    return ascii_name


def _wrong(typed: str) -> UsageProblem:
    without_secret = re.sub(r"//[^/@]*@", "//", typed)
    return UsageProblem(f"{printable(without_secret)} names no server; write host:port or a URL")


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an IP address, or None where the text is none. A zone (fe80::1%eth0) is kept."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
