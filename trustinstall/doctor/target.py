"""The server that a caller names: `host`, `host:port`, or a URL.

Sources: RFC 3986 for the form of a URL; IANA's registry of service names for the ports.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from trustinstall.doctor.starttls import PROTOCOLS
from trustinstall.errors import UsageProblem, printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

_HTTPS = 443
_MOST_PORT = 65535
_LONGEST = 253  # RFC 1035 2.3.4, without the dot at the end
_LABEL = regex(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_TYPED = 4096


#: The port of each scheme whose servers begin with TLS.
_WITH_TLS = {"https": _HTTPS, "wss": _HTTPS, "smtps": 465, "imaps": 993, "pop3s": 995, "ftps": 990, "ldaps": 636}
_WEB = frozenset({"", "https", "wss"})
_ALIASES = {"postgresql": "postgres", "mariadb": "mysql"}


class Target(NamedTuple):
    """One server.

    Attributes:
        host: its name in lower case and ASCII, or its address without brackets.
        port: its port.
        starttls: the protocol that is spoken before TLS, a key of `starttls.PROTOCOLS`, or "".
        is_web: whether it is a server of the web: HTTPS_PROXY is for these.
    """

    host: str
    port: int = _HTTPS
    starttls: str = ""
    is_web: bool = True

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address."""
        return address_of(self.host) is not None

    @property
    def url(self) -> str:
        """The server in the form that `parse` reads, without the protocol before TLS."""
        return f"https://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as a URL writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(typed: str, starttls: str = "") -> Target:
    """Return the server that a caller has typed. Raises UsageProblem if it is not a server, or one without TLS.

    `starttls` names the protocol before TLS; a scheme such as `smtp` names it, too. User name, password and path of a
    URL are not kept.
    """
    if len(typed) > _LONGEST_TYPED or not typed.strip():
        raise UsageProblem("name a server as host:port or as a URL")
    scheme, found, rest = typed.strip().partition("://")
    kind, rest = (_ALIASES.get(scheme.lower(), scheme.lower()), rest) if found else ("", typed.strip())
    before = _before_tls(kind, starttls)
    usual = PROTOCOLS[before].port if before else _WITH_TLS.get(kind, _HTTPS)
    host, port = _authority(rest, typed)
    return Target(host, port or usual, before, kind in _WEB and not before)


def _before_tls(kind: str, starttls: str) -> str:
    """Return the protocol that is spoken before TLS, or "". Raises UsageProblem."""
    wanted = _ALIASES.get(starttls.lower(), starttls.lower())
    if wanted and wanted not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise UsageProblem(f"{printable(starttls, 40)} is no protocol with STARTTLS that is known here: {known}")
    if kind and kind not in PROTOCOLS and kind not in _WITH_TLS:
        raise UsageProblem(
            f"{printable(kind, 40)}:// names no protocol with TLS that is known here; name the server as host:port"
        )
    if wanted and kind not in {"", wanted}:
        raise UsageProblem(f"{printable(kind, 40)}:// and --starttls {wanted} name two protocols; leave one out")
    return wanted or (kind if kind in PROTOCOLS else "")


def _authority(rest: str, typed: str) -> tuple[str, int | None]:
    """Return the host and the port in the part of a URL after the scheme."""
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
    return UsageProblem(f"{printable(typed.rpartition('@')[2])} names no server; write host:port or a URL")


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address in a text, or None if it is not one. A zone (fe80::1%eth0) is kept."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
